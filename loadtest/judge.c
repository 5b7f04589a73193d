/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies, per subscriber, that every message arrives once and in order. */
#include "loadtest/judge.h"

#include <assert.h>
#include <stdlib.h>

#include "core/base/hash.h"
#include "core/base/xalloc.h"

struct judge_gap {
    size_t pair;
    uint32_t publisher;
    struct seqset missing;
    UT_hash_handle hh;
};

void judge_init(struct judge *judge, const struct plan *plan, const struct ledger *ledger,
                struct plan_range range)
{
    *judge = (struct judge){.plan = plan, .ledger = ledger, .range = range};
    judge->voids = xcalloc(plan->publishers + 1, sizeof *judge->voids);
    judge->next = xcalloc(plan->pairs + 1, sizeof *judge->next);
    judge->subscriber = xcalloc(range.count + 1, sizeof *judge->subscriber);
    judge->base = xcalloc(plan->rooms, sizeof *judge->base);
    size_t base = 0;
    for (uint32_t room = 0; room < plan->rooms; room++) {
        judge->base[room] = base;
        base += (size_t)plan_members_of_room(plan, room) * plan_publishers_in_room(plan, room);
    }
    assert(base == plan->pairs);
}

static void forget_gaps(struct judge *judge)
{
    struct judge_gap *gap, *next;
    HASH_ITER(hh, judge->gaps, gap, next)
    {
        HASH_DEL(judge->gaps, gap);
        seqset_free(&gap->missing);
        free(gap);
    }
    for (uint32_t p = 0; p < judge->plan->publishers; p++)
        seqset_free(&judge->voids[p]);
}

void judge_free(struct judge *judge)
{
    forget_gaps(judge);
    free(judge->voids);
    free(judge->next);
    free(judge->owed_from);
    free(judge->subscriber);
    free(judge->base);
}

static struct judge_subscriber *subscriber_of(const struct judge *judge, uint32_t subscriber)
{
    assert(plan_range_has(judge->range, subscriber));
    return &judge->subscriber[subscriber - judge->range.first];
}

/* The first pair of a subscriber; its pairs with the publishers of its room follow in the order of slots. */
static size_t first_pair(const struct judge *judge, uint32_t subscriber)
{
    uint32_t room = plan_room(judge->plan, subscriber);
    size_t member = subscriber / judge->plan->rooms;
    return judge->base[room] + member * plan_publishers_in_room(judge->plan, room);
}

static uint32_t slots_of(const struct judge *judge, uint32_t subscriber)
{
    return plan_publishers_in_room(judge->plan, plan_room(judge->plan, subscriber));
}

void judge_begin(struct judge *judge, uint32_t first)
{
    forget_gaps(judge);
    judge->first = first;
    judge->voids_read = 0;
    judge->given_up = 0;
    for (uint32_t i = 0; i < judge->range.count; i++) {
        uint32_t subscriber = judge->range.first + i;
        size_t pair = first_pair(judge, subscriber);
        for (uint32_t slot = 0; slot < slots_of(judge, subscriber); slot++) {
            judge->next[pair + slot] = first;
            if (judge->owed_from)
                judge->owed_from[pair + slot] = first;
        }
        judge->subscriber[i].was_away = false;
        judge->subscriber[i].missed = 0;
    }
}

void judge_read_voids(struct judge *judge)
{
    uint32_t publisher, sequence;
    while (ledger_read_void(judge->ledger, judge->voids_read, &publisher, &sequence)) {
        seqset_insert(&judge->voids[publisher], sequence);
        judge->voids_read++;
    }
}

/* How many of from..to-1 of this publisher somebody has to get. */
static uint64_t owed(const struct judge *judge, uint32_t publisher, uint32_t from, uint32_t to)
{
    const struct seqset *voids = &judge->voids[publisher];
    if (from >= to)
        return 0;
    return to - from - (voids->count ? seqset_count(voids, from, to) : 0);
}

static uint32_t owed_from(const struct judge *judge, size_t pair)
{
    return judge->owed_from ? judge->owed_from[pair] : 0;
}

static uint32_t lower(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t higher(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static struct judge_gap *gap_of(struct judge *judge, size_t pair)
{
    struct judge_gap *gap;
    HASH_FIND(hh, judge->gaps, &pair, sizeof pair, gap);
    return gap;
}

static void pass_over(struct judge *judge, size_t pair, uint32_t publisher, uint32_t from, uint32_t to)
{
    struct judge_gap *gap = gap_of(judge, pair);
    if (!gap) {
        gap = xcalloc(1, sizeof *gap);
        gap->pair = pair;
        gap->publisher = publisher;
        HASH_ADD(hh, judge->gaps, pair, sizeof gap->pair, gap);
    }
    if (gap->missing.count >= JUDGE_MAX_RANGES) {
        struct seqrange oldest = seqset_pop(&gap->missing);
        judge->given_up += owed(judge, publisher, oldest.from, oldest.to);
    }
    seqset_append(&gap->missing, from, to);
}

/* What it did not get of the time when it was not a member will not come any more: it is before `until`. */
static void settle_absence(struct judge *judge, struct judge_subscriber *s, size_t pair, uint32_t publisher,
                           uint32_t until)
{
    uint32_t end = lower(owed_from(judge, pair), until);
    if (judge->next[pair] >= end)
        return;
    if (s->was_away)
        s->missed += owed(judge, publisher, judge->next[pair], end);
    judge->next[pair] = end;
}

static enum verdict receive_irregular(struct judge *judge, struct judge_subscriber *s, size_t pair,
                                      uint32_t publisher, uint32_t sequence)
{
    if (sequence > judge->next[pair]) {
        settle_absence(judge, s, pair, publisher, sequence);
        if (sequence > judge->next[pair])
            pass_over(judge, pair, publisher, judge->next[pair], sequence);
        judge->next[pair] = sequence + 1;
        return VERDICT_FINE;
    }
    struct judge_gap *gap = gap_of(judge, pair);
    return gap && seqset_remove(&gap->missing, sequence) ? VERDICT_LATE : VERDICT_DUPLICATE;
}

enum verdict judge_receive(struct judge *judge, uint32_t subscriber, uint32_t publisher, uint32_t sequence)
{
    const struct plan *plan = judge->plan;
    if (publisher >= plan->publishers || sequence < judge->first ||
        sequence >= ledger_published(judge->ledger, publisher))
        return VERDICT_UNKNOWN;
    struct judge_subscriber *s = subscriber_of(judge, subscriber);
    if (plan_room_of_publisher(plan, publisher) != plan_room(plan, subscriber) || s->membership == OUT)
        return VERDICT_WRONG_ROOM;
    size_t pair = first_pair(judge, subscriber) + plan_slot_of_publisher(plan, publisher);
    if (judge->next[pair] != sequence)
        return receive_irregular(judge, s, pair, publisher, sequence);
    judge->next[pair] = sequence + 1;
    return VERDICT_FINE;
}

/* Published for it, and neither there nor passed over. */
static uint64_t outstanding_of(const struct judge *judge, uint32_t subscriber, bool also_absence)
{
    uint32_t room = plan_room(judge->plan, subscriber);
    size_t pair = first_pair(judge, subscriber);
    uint64_t count = 0;
    for (uint32_t slot = 0; slot < slots_of(judge, subscriber); slot++, pair++) {
        uint32_t publisher = plan_publisher_in_slot(judge->plan, room, slot);
        uint32_t from = also_absence ? judge->next[pair] : higher(judge->next[pair], owed_from(judge, pair));
        count += owed(judge, publisher, from, ledger_published(judge->ledger, publisher));
    }
    return count;
}

void judge_leave(struct judge *judge, uint32_t subscriber, enum membership how)
{
    struct judge_subscriber *s = subscriber_of(judge, subscriber);
    if (s->membership == MEMBER) {
        uint32_t room = plan_room(judge->plan, subscriber);
        size_t pair = first_pair(judge, subscriber);
        for (uint32_t slot = 0; slot < slots_of(judge, subscriber); slot++)
            settle_absence(judge, s, pair + slot, plan_publisher_in_slot(judge->plan, room, slot),
                           UINT32_MAX);
        if (how == GONE)
            s->missed += outstanding_of(judge, subscriber, false);
    }
    s->membership = how;
}

void judge_return(struct judge *judge, uint32_t subscriber)
{
    struct judge_subscriber *s = subscriber_of(judge, subscriber);
    uint32_t room = plan_room(judge->plan, subscriber);
    size_t pair = first_pair(judge, subscriber);
    if (!judge->owed_from)
        judge->owed_from = xcalloc(judge->plan->pairs + 1, sizeof *judge->owed_from);
    for (uint32_t slot = 0; slot < slots_of(judge, subscriber); slot++)
        judge->owed_from[pair + slot] =
            ledger_published(judge->ledger, plan_publisher_in_slot(judge->plan, room, slot));
    s->was_away = s->membership == AWAY;
    s->membership = MEMBER;
}

uint64_t judge_missed(const struct judge *judge, uint32_t subscriber)
{
    const struct judge_subscriber *s = subscriber_of(judge, subscriber);
    if (s->membership == AWAY)
        return s->missed + outstanding_of(judge, subscriber, true);
    if (s->membership == MEMBER && s->was_away)
        return s->missed + outstanding_of(judge, subscriber, true) - outstanding_of(judge, subscriber, false);
    return s->missed;
}

struct audit judge_audit(const struct judge *judge)
{
    struct audit audit = {.lost = judge->given_up};
    for (uint32_t i = 0; i < judge->range.count; i++) {
        uint32_t subscriber = judge->range.first + i;
        if (judge->subscriber[i].membership == MEMBER)
            audit.outstanding += outstanding_of(judge, subscriber, false);
        audit.missed += judge_missed(judge, subscriber);
    }
    for (const struct judge_gap *gap = judge->gaps; gap; gap = gap->hh.next)
        for (uint32_t i = 0; i < gap->missing.count; i++)
            audit.lost += owed(judge, gap->publisher, gap->missing.range[i].from, gap->missing.range[i].to);
    return audit;
}
