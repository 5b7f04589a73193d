/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of a run. */
#include "loadtest/traffic.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/xalloc.h"
#include "loadtest/clock.h"

#define PUBLISH_BATCH 1000 /* messages sent before reading goes on, when the generator is behind */

void traffic_init(struct traffic *traffic, struct crowd *crowd, size_t size, struct stats *stats)
{
    *traffic = (struct traffic){.crowd = crowd, .stats = stats, .size = size};
    judge_init(&traffic->judge, crowd->plan);
    traffic->publisher = xcalloc(crowd->plan->publishers + 1, sizeof *traffic->publisher);
    traffic->payload = xcalloc(1, size);
}

void traffic_free(struct traffic *traffic)
{
    for (uint32_t i = 0; i < traffic->crowd->plan->publishers; i++)
        seqset_free(&traffic->publisher[i].answered);
    free(traffic->publisher);
    free(traffic->payload);
    judge_free(&traffic->judge);
}

void traffic_begin(struct traffic *traffic, const struct schedule *schedule)
{
    traffic->schedule = *schedule;
    traffic->last_delivery = schedule->measured;
}

static struct actor *actor_of(struct traffic *traffic, uint64_t message)
{
    uint32_t publisher = schedule_publisher(&traffic->schedule, message);
    return &traffic->crowd->actors[plan_connection_of_publisher(publisher)];
}

static void not_sent(struct traffic *traffic, uint32_t publisher, uint32_t sequence)
{
    traffic->stats->count[STAT_UNSENT]++;
    seqset_insert(&traffic->publisher[publisher].answered, sequence);
    judge_void(&traffic->judge, publisher, sequence);
}

static void publish_one(struct traffic *traffic, uint64_t message, uint64_t now)
{
    const struct schedule *schedule = &traffic->schedule;
    struct actor *actor = actor_of(traffic, message);
    struct payload payload = {.publisher = schedule_publisher(schedule, message),
                              .sequence = schedule_sequence(schedule, message),
                              .due = schedule_due(schedule, message)};
    judge_publish(&traffic->judge, payload.publisher);
    traffic->stats->count[STAT_PUBLISHED]++;
    payload_write(&payload, traffic->payload, traffic->size);
    struct slice text = {traffic->payload, traffic->size};
    if (actor->state != ACTOR_JOINED || actor_publish(actor, (uint64_t)payload.sequence + 1, text) != 0) {
        not_sent(traffic, payload.publisher, payload.sequence);
        return;
    }
    traffic->publisher[payload.publisher].pending++;
    traffic->pending++;
    if (payload.due >= schedule->measured)
        histogram_record(&traffic->stats->lag, now - payload.due);
}

uint64_t traffic_publish(struct traffic *traffic, uint64_t now)
{
    const struct schedule *schedule = &traffic->schedule;
    uint64_t first = traffic->next;
    while (traffic->next < schedule->total && traffic->next - first < PUBLISH_BATCH &&
           schedule_due(schedule, traffic->next) <= now)
        publish_one(traffic, traffic->next++, now);
    for (uint64_t message = first; message < traffic->next && message - first < schedule->publishers;
         message++)
        actor_flush(actor_of(traffic, message));
    return traffic->next < schedule->total ? schedule_due(schedule, traffic->next) : UINT64_MAX;
}

void traffic_stop(struct traffic *traffic)
{
    traffic->schedule.total = traffic->next;
}

static void delivered(struct traffic *traffic, uint64_t due, uint64_t now)
{
    traffic->stats->count[STAT_DELIVERED]++;
    if (due < traffic->schedule.measured)
        return;
    traffic->stats->count[STAT_MEASURED]++;
    traffic->last_delivery = now;
    histogram_record(&traffic->recent, now > due ? now - due : 0);
}

/* A message of this run says when it was due, and that is known: one of another run in the same room does not
 * pass. */
static bool is_of_this_run(const struct traffic *traffic, const struct payload *payload)
{
    const struct schedule *schedule = &traffic->schedule;
    return payload->publisher < schedule->publishers &&
           payload->due ==
               schedule_due(schedule, schedule_message(schedule, payload->publisher, payload->sequence));
}

void traffic_message(struct traffic *traffic, const struct actor *actor, const struct heard *heard,
                     uint64_t now)
{
    uint64_t *count = traffic->stats->count;
    const struct payload *payload = &heard->payload;
    if (heard->bad_payload || !is_of_this_run(traffic, payload)) {
        count[STAT_UNEXPECTED]++;
        return;
    }
    if (heard->other_room) {
        count[STAT_WRONG_ROOM]++;
        return;
    }
    switch (judge_receive(&traffic->judge, actor->index, payload->publisher, payload->sequence)) {
    case VERDICT_LATE:
        count[STAT_OUT_OF_ORDER]++;
        delivered(traffic, payload->due, now);
        break;
    case VERDICT_FINE:
        delivered(traffic, payload->due, now);
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
    if (stats->count[STAT_REFUSED]++ == 0)
        snprintf(stats->first_refusal, sizeof stats->first_refusal, "%.*s",
                 error.n < sizeof stats->first_refusal ? (int)error.n : (int)sizeof stats->first_refusal,
                 error.p);
    judge_void(&traffic->judge, publisher, sequence);
}

void traffic_answer(struct traffic *traffic, const struct actor *actor, const struct heard *heard,
                    uint64_t now)
{
    struct stats *stats = traffic->stats;
    uint32_t publisher = plan_publisher_of_connection(actor->index);
    uint64_t sequence = heard->id - 1; /* ids begin at 1 */
    if (!plan_publishes(traffic->crowd->plan, actor->index) ||
        sequence >= traffic->judge.publisher[publisher].published ||
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
    uint32_t published = traffic->judge.publisher[publisher].published, sequence = 0;
    for (uint32_t i = 0; i <= answered->count; i++) {
        uint32_t end = i < answered->count ? answered->range[i].from : published;
        for (; sequence < end; sequence++)
            judge_void(&traffic->judge, publisher, sequence);
        if (i < answered->count)
            sequence = answered->range[i].to;
    }
    traffic->stats->count[STAT_UNANSWERED] += traffic->publisher[publisher].pending;
    traffic->pending -= traffic->publisher[publisher].pending;
    traffic->publisher[publisher].pending = 0;
}

void traffic_leave(struct traffic *traffic, const struct actor *actor)
{
    traffic->stats->count[STAT_DISCONNECTED]++;
    judge_leave(&traffic->judge, actor->index);
    if (plan_publishes(traffic->crowd->plan, actor->index))
        void_unanswered(traffic, plan_publisher_of_connection(actor->index));
}

uint64_t traffic_merge_recent(struct traffic *traffic)
{
    uint64_t p99 = histogram_quantile(&traffic->recent, 0.99);
    histogram_merge(&traffic->stats->latency, &traffic->recent);
    histogram_clear(&traffic->recent);
    return p99;
}

bool traffic_is_settled(const struct traffic *traffic)
{
    return traffic->pending == 0 && judge_audit(&traffic->judge).outstanding == 0;
}

void traffic_conclude(struct traffic *traffic)
{
    struct stats *stats = traffic->stats;
    for (uint32_t i = 0; i < traffic->crowd->plan->publishers; i++)
        void_unanswered(traffic, i);
    struct audit audit = judge_audit(&traffic->judge);
    traffic_merge_recent(traffic);
    stats->count[STAT_LOST] = audit.lost + audit.outstanding;
    stats->count[STAT_MISSED] = audit.missed;
    uint64_t start = traffic->schedule.measured;
    uint64_t last = traffic->last_delivery;
    double until = stats->measured_seconds;
    if (last > start && (double)(last - start) / 1e6 > until)
        stats->measured_seconds = (double)(last - start) / 1e6;
}
