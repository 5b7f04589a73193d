/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of a run. */
#include "loadtest/message/traffic.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/xalloc.h"
#include "loadtest/clock.h"
#include "loadtest/format.h"

static const struct payload NOTHING = {.due = UINT64_MAX}; /* has more digits than are read */

#define PUBLISH_BATCH 1000 /* messages sent before reading goes on, when the generator is behind */

static void forget_known(struct traffic *traffic)
{
    for (size_t i = 0; i < TRAFFIC_KNOWN; i++)
        traffic->known[i] = NOTHING;
}

void traffic_init(struct traffic *traffic, struct crowd *crowd, struct ledger *ledger,
                  const struct options *options, struct stats *stats)
{
    *traffic = (struct traffic){.crowd = crowd,
                                .ledger = ledger,
                                .stats = stats,
                                .size = options->size,
                                .late_after = options_late_us(options),
                                .acks = crowd->speech.publish_acks,
                                .concluded = true};
    forget_known(traffic);
    judge_init(&traffic->judge, crowd->plan, ledger, crowd->range);
    traffic->publisher = xcalloc(crowd->plan->publishers + 1, sizeof *traffic->publisher);
    traffic->late = xcalloc(crowd->range.count + 1, sizeof *traffic->late);
    traffic->payload = xcalloc(1, options->size);
}

static void forget_answers(struct traffic *traffic)
{
    for (uint32_t i = 0; i < traffic->crowd->plan->publishers; i++)
        seqset_free(&traffic->publisher[i].answered);
}

void traffic_free(struct traffic *traffic)
{
    forget_answers(traffic);
    free(traffic->publisher);
    free(traffic->late);
    free(traffic->payload);
    judge_free(&traffic->judge);
}

void traffic_begin(struct traffic *traffic, const struct schedule *schedule)
{
    assert(traffic->pending == 0);
    traffic->schedule = *schedule;
    traffic->next = 0;
    forget_known(traffic);
    traffic->concluded = false;
    traffic->last_delivery = traffic->last_sent = 0;
    forget_answers(traffic);
    memset(traffic->late, 0, traffic->crowd->range.count * sizeof *traffic->late);
    judge_begin(&traffic->judge, schedule->first);
}

/* NULL: another load process has it. */
static struct actor *actor_of(struct traffic *traffic, uint64_t message)
{
    uint32_t publisher = schedule_publisher(&traffic->schedule, message);
    return crowd_actor(traffic->crowd, plan_connection_of_publisher(publisher));
}

static void not_sent(struct traffic *traffic, uint32_t publisher, uint32_t sequence)
{
    traffic->stats->count[STAT_UNSENT]++;
    seqset_insert(&traffic->publisher[publisher].answered, sequence);
    ledger_void(traffic->ledger, publisher, sequence);
}

/* What waits may be no more than this batch: then the server has not had its chance to take it. */
static bool send_one(struct traffic *traffic, struct actor *actor, uint32_t sequence)
{
    uint64_t id = (uint64_t)sequence + 1;
    struct slice text = {traffic->payload, traffic->size};
    if (actor_publish(actor, id, text) == 0)
        return true;
    actor_flush(actor);
    return actor->state == ACTOR_JOINED && actor_publish(actor, id, text) == 0;
}

static void publish_one(struct traffic *traffic, struct actor *actor, uint64_t message, uint64_t now)
{
    const struct schedule *schedule = &traffic->schedule;
    struct payload payload = {.publisher = schedule_publisher(schedule, message),
                              .sequence = schedule_sequence(schedule, message),
                              .due = schedule_due(schedule, message)};
    ledger_publish(traffic->ledger, payload.publisher);
    payload_write(&payload, traffic->payload, traffic->size);
    if (actor->state != ACTOR_JOINED || !send_one(traffic, actor, payload.sequence)) {
        not_sent(traffic, payload.publisher, payload.sequence);
        return;
    }
    traffic->stats->count[STAT_PUBLISHED]++;
    if (traffic->acks) {
        traffic->publisher[payload.publisher].pending++;
        traffic->pending++;
    }
    traffic->last_sent = now;
    if (payload.due >= schedule->measured)
        histogram_record(&traffic->stats->lag, now - payload.due);
}

/* Bursts stay whole: they go out in one write. */
static bool may_publish(const struct traffic *traffic, uint64_t first, uint64_t now)
{
    const struct schedule *schedule = &traffic->schedule;
    uint64_t next = traffic->next;
    return next < schedule->total && schedule_due(schedule, next) <= now &&
           (next - first < PUBLISH_BATCH || next % schedule->burst != 0);
}

static bool has_publishers(const struct traffic *traffic)
{
    return traffic->crowd->range.first < traffic->schedule.publishers;
}

uint64_t traffic_publish(struct traffic *traffic, uint64_t now)
{
    const struct schedule *schedule = &traffic->schedule;
    uint64_t first = traffic->next;
    if (!has_publishers(traffic))
        return UINT64_MAX;
    for (; may_publish(traffic, first, now); traffic->next++) {
        struct actor *actor = actor_of(traffic, traffic->next);
        if (actor)
            publish_one(traffic, actor, traffic->next, now);
    }
    for (uint64_t message = first; message < traffic->next; message += schedule->burst) {
        struct actor *actor = actor_of(traffic, message);
        if (actor)
            actor_flush(actor);
    }
    return traffic->next < schedule->total ? schedule_due(schedule, traffic->next) : UINT64_MAX;
}

static void delivered(struct traffic *traffic, const struct actor *actor, uint64_t due, uint64_t now)
{
    uint64_t latency = now > due ? now - due : 0;
    traffic->stats->count[STAT_DELIVERED]++;
    if (due < traffic->schedule.measured) {
        histogram_record(&traffic->stats->early, latency);
        return;
    }
    traffic->stats->count[STAT_MEASURED]++;
    traffic->last_delivery = now;
    histogram_record(&traffic->stats->latency, latency);
    if (latency > traffic->late_after) {
        traffic->stats->count[STAT_LATE]++;
        traffic->late[actor->index - traffic->crowd->range.first]++;
    }
}

/* A message of this run says when it was due, and that is known: one of another run in the same room does not
 * pass. Mostly it has come to another member before. */
static bool is_of_this_run(struct traffic *traffic, const struct payload *payload)
{
    const struct schedule *schedule = &traffic->schedule;
    struct payload *known = &traffic->known[payload_hash(payload) & (TRAFFIC_KNOWN - 1)];
    if (payload->due == known->due && payload->sequence == known->sequence &&
        payload->publisher == known->publisher)
        return true;
    if (payload->publisher >= schedule->publishers || payload->sequence < schedule->first ||
        payload->due !=
            schedule_due(schedule, schedule_message(schedule, payload->publisher, payload->sequence)))
        return false;
    *known = *payload;
    return true;
}

static bool is_of_an_earlier_step(const struct traffic *traffic, const struct payload *payload)
{
    const struct schedule *schedule = &traffic->schedule;
    return payload->publisher < schedule->publishers && payload->sequence < schedule->first &&
           payload->due < schedule->start;
}

void traffic_message(struct traffic *traffic, const struct actor *actor, const struct heard *heard,
                     uint64_t now)
{
    uint64_t *count = traffic->stats->count;
    const struct payload *payload = &heard->payload;
    bool readable = !heard->bad_payload, known = readable && is_of_this_run(traffic, payload);
    if (readable && (is_of_an_earlier_step(traffic, payload) || (known && traffic->concluded))) {
        count[STAT_STALE]++;
        return;
    }
    if (!known) {
        count[STAT_UNEXPECTED]++;
        return;
    }
    if (heard->other_room) {
        count[STAT_WRONG_ROOM]++;
        return;
    }
    switch (judge_receive(&traffic->judge, actor->index, payload->publisher, payload->sequence)) {
    case VERDICT_OUT_OF_ORDER:
        count[STAT_OUT_OF_ORDER]++;
        delivered(traffic, actor, payload->due, now);
        break;
    case VERDICT_FINE:
        delivered(traffic, actor, payload->due, now);
        break;
    case VERDICT_DUPLICATE:
        count[STAT_DUPLICATED]++;
        break;
    case VERDICT_WRONG_ROOM:
        count[STAT_WRONG_ROOM]++;
        break;
    case VERDICT_UNKNOWN:
        count[STAT_UNEXPECTED]++;
        break;
    }
}

static void refused(struct traffic *traffic, uint32_t publisher, uint32_t sequence, struct slice error)
{
    struct stats *stats = traffic->stats;
    if (stats->count[STAT_REFUSED]++ == 0) {
        snprintf(stats->first_refusal, sizeof stats->first_refusal, "%.*s",
                 error.n < sizeof stats->first_refusal ? (int)error.n : (int)sizeof stats->first_refusal,
                 error.p);
        format_line(stats->first_refusal);
    }
    ledger_void(traffic->ledger, publisher, sequence);
}

static bool is_stale_answer(const struct traffic *traffic, uint32_t publisher, uint64_t sequence)
{
    return sequence < traffic->schedule.first ||
           (traffic->concluded && sequence < ledger_published(traffic->ledger, publisher));
}

void traffic_answer(struct traffic *traffic, const struct actor *actor, const struct heard *heard,
                    uint64_t now)
{
    struct stats *stats = traffic->stats;
    uint32_t publisher = plan_publisher_of_connection(actor->index);
    uint64_t sequence = heard->id - 1; /* ids begin at 1 */
    bool awaited = traffic->acks && plan_publishes(traffic->crowd->plan, actor->index);
    if (awaited && is_stale_answer(traffic, publisher, sequence)) {
        stats->count[STAT_STALE]++;
        return;
    }
    if (!awaited || sequence >= ledger_published(traffic->ledger, publisher) ||
        !seqset_insert(&traffic->publisher[publisher].answered, (uint32_t)sequence)) {
        stats->count[STAT_UNEXPECTED]++;
        return;
    }
    traffic->publisher[publisher].pending--;
    traffic->pending--;
    if (heard->refused)
        refused(traffic, publisher, (uint32_t)sequence, heard->text);
    else
        stats->count[STAT_ACKNOWLEDGED]++;
    uint64_t due =
        schedule_due(&traffic->schedule, schedule_message(&traffic->schedule, publisher, (uint32_t)sequence));
    if (due >= traffic->schedule.measured)
        histogram_record(&stats->answer, now > due ? now - due : 0);
}

/* What was published and not answered may have been accepted or not: it is a fault of its own, but nobody is
 * owed it. */
static void void_unanswered(struct traffic *traffic, uint32_t publisher)
{
    const struct seqset *answered = &traffic->publisher[publisher].answered;
    uint32_t published = ledger_published(traffic->ledger, publisher);
    uint32_t sequence = traffic->schedule.first;
    if (traffic->publisher[publisher].pending == 0)
        return;
    for (uint32_t i = 0; i <= answered->count; i++) {
        uint32_t end = i < answered->count ? answered->range[i].from : published;
        for (; sequence < end; sequence++)
            ledger_void(traffic->ledger, publisher, sequence);
        if (i < answered->count)
            sequence = answered->range[i].to;
    }
    traffic->stats->count[STAT_UNANSWERED] += traffic->publisher[publisher].pending;
    traffic->pending -= traffic->publisher[publisher].pending;
    traffic->publisher[publisher].pending = 0;
    seqset_free(&traffic->publisher[publisher].answered);
    seqset_append(&traffic->publisher[publisher].answered, traffic->schedule.first, published);
}

void traffic_cut(struct traffic *traffic, const struct actor *actor)
{
    if (plan_publishes(traffic->crowd->plan, actor->index))
        void_unanswered(traffic, plan_publisher_of_connection(actor->index));
}

void traffic_void_unanswered(struct traffic *traffic)
{
    for (uint32_t i = 0; i < traffic->crowd->plan->publishers; i++)
        if (plan_range_has(traffic->crowd->range, plan_connection_of_publisher(i)))
            void_unanswered(traffic, i);
}

struct audit traffic_audit(struct traffic *traffic)
{
    judge_read_voids(&traffic->judge);
    return judge_audit(&traffic->judge);
}

/* What this one, the i-th subscriber, did not get or got late. */
static void count_client(struct traffic *traffic, uint32_t i)
{
    struct stats *stats = traffic->stats;
    const struct judge *judge = &traffic->judge;
    uint32_t subscriber = traffic->crowd->range.first + i;
    uint64_t absent = judge_missed(judge, subscriber) + judge_lost(judge, subscriber);
    bool cut = judge_was_cut(judge, subscriber);
    stats->count[STAT_CLIENTS_CUT] += cut;
    if (absent > 0)
        histogram_record(cut ? &stats->missed_by : &stats->lost_by, absent);
    if (traffic->late[i] > 0)
        histogram_record(&stats->late_by, traffic->late[i]);
}

void traffic_conclude(struct traffic *traffic)
{
    struct stats *stats = traffic->stats;
    struct audit audit = traffic_audit(traffic);
    traffic->concluded = true;
    stats->count[STAT_LOST] += audit.lost + audit.outstanding;
    stats->count[STAT_MISSED] += audit.missed;
    for (uint32_t i = 0; i < traffic->crowd->range.count; i++)
        count_client(traffic, i);
}
