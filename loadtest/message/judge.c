/* SPDX-License-Identifier: Apache-2.0 */
/* Verifies, per subscriber, that every message arrives once and in order. */
#include "loadtest/message/judge.h"

#include <assert.h>
#include <stdlib.h>

#include "core/base/hash.h"
#include "core/base/xalloc.h"

#define NEVER UINT32_MAX /* no message has this sequence number: nothing of this pair is owed */

struct judge_gap {
    size_t pair;
    uint32_t publisher;
    struct seqset missing; /* while it was a member: lost, if it does not come after all */
    struct seqset missed;  /* while it was away */
    UT_hash_handle hh;
};

void judge_init(struct judge *judge, const struct plan *plan, const struct ledger *ledger,
                struct plan_range range)
{
    *judge = (struct judge){.plan = plan, .ledger = ledger, .range = range};
    judge->voids = xcalloc(plan->publishers + 1, sizeof *judge->voids);
    judge->next = xcalloc(plan->pairs + 1, sizeof *judge->next);
    judge->subscriber = xcalloc(range.count + 1, sizeof *judge->subscriber);
    size_t *base = xcalloc(plan->rooms, sizeof *base), pairs = 0; /* the first pair of each room */
    for (uint32_t room = 0; room < plan->rooms; room++) {
        base[room] = pairs;
        pairs += (size_t)plan_members_of_room(plan, room) * plan_publishers_in_room(plan, room);
    }
    assert(pairs == plan->pairs);
    for (uint32_t i = 0; i < range.count; i++) {
        struct judge_subscriber *s = &judge->subscriber[i];
        size_t member = (range.first + i) / plan->rooms;
        s->room = plan_room(plan, range.first + i);
        s->pair = base[s->room] + member * plan_publishers_in_room(plan, s->room);
    }
    free(base);
}

static void forget_gaps(struct judge *judge)
{
    struct judge_gap *gap, *next;
    HASH_ITER(hh, judge->gaps, gap, next)
    {
        HASH_DEL(judge->gaps, gap);
        seqset_free(&gap->missing);
        seqset_free(&gap->missed);
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
}

static struct judge_subscriber *subscriber_of(const struct judge *judge, uint32_t subscriber)
{
    assert(plan_range_has(judge->range, subscriber));
    return &judge->subscriber[subscriber - judge->range.first];
}

static size_t first_pair(const struct judge *judge, uint32_t subscriber)
{
    return subscriber_of(judge, subscriber)->pair;
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
    for (uint32_t i = 0; i < judge->range.count; i++) {
        uint32_t subscriber = judge->range.first + i;
        uint32_t room = plan_room(judge->plan, subscriber);
        size_t pair = first_pair(judge, subscriber);
        for (uint32_t slot = 0; slot < slots_of(judge, subscriber); slot++) {
            uint32_t publisher = plan_publisher_in_slot(judge->plan, room, slot);
            judge->next[pair + slot] = plan_owes(judge->plan, subscriber, publisher) ? first : NEVER;
            if (judge->owed_from)
                judge->owed_from[pair + slot] = first;
        }
        struct judge_subscriber *s = &judge->subscriber[i];
        s->was_away = s->has_gaps = false;
        s->cut = s->membership == AWAY || s->membership == GONE;
        s->missed_for_good = s->lost_for_good = 0;
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

static struct judge_gap *gap_of(const struct judge *judge, size_t pair)
{
    struct judge_gap *gap;
    HASH_FIND(hh, judge->gaps, &pair, sizeof pair, gap);
    return gap;
}

static struct judge_gap *need_gap(struct judge *judge, struct judge_subscriber *s, size_t pair,
                                  uint32_t publisher)
{
    struct judge_gap *gap = gap_of(judge, pair);
    s->has_gaps = true;
    if (gap)
        return gap;
    gap = xcalloc(1, sizeof *gap);
    gap->pair = pair;
    gap->publisher = publisher;
    HASH_ADD(hh, judge->gaps, pair, sizeof gap->pair, gap);
    return gap;
}

/* Room for one more range, at the price of the oldest; returns how many were owed in that. */
static uint64_t make_room(const struct judge *judge, struct seqset *set, uint32_t publisher)
{
    if (set->count < JUDGE_MAX_RANGES)
        return 0;
    struct seqrange oldest = seqset_pop(set);
    return owed(judge, publisher, oldest.from, oldest.to);
}

static void pass_over(struct judge *judge, struct judge_subscriber *s, size_t pair, uint32_t publisher,
                      uint32_t until)
{
    struct judge_gap *gap = need_gap(judge, s, pair, publisher);
    s->lost_for_good += make_room(judge, &gap->missing, publisher);
    seqset_append(&gap->missing, judge->next[pair], until);
    judge->next[pair] = until;
}

static void miss(struct judge *judge, struct judge_subscriber *s, size_t pair, uint32_t publisher,
                 uint32_t until)
{
    struct judge_gap *gap = need_gap(judge, s, pair, publisher);
    s->missed_for_good += make_room(judge, &gap->missed, publisher);
    seqset_append(&gap->missed, judge->next[pair], until);
    judge->next[pair] = until;
}

/* What it did not get of the time when it was not a member will not come any more, if it is before `until`.
 */
static void settle_absence(struct judge *judge, struct judge_subscriber *s, size_t pair, uint32_t publisher,
                           uint32_t until)
{
    uint32_t end =
        s->membership == AWAY || s->membership == ASKING ? until : lower(owed_from(judge, pair), until);
    if (judge->next[pair] >= end)
        return;
    if (s->membership == AWAY || s->was_away)
        miss(judge, s, pair, publisher, end);
    else
        judge->next[pair] = end;
}

static enum verdict receive_irregular(struct judge *judge, struct judge_subscriber *s, size_t pair,
                                      uint32_t publisher, uint32_t sequence)
{
    if (sequence > judge->next[pair]) {
        settle_absence(judge, s, pair, publisher, sequence);
        if (sequence > judge->next[pair])
            pass_over(judge, s, pair, publisher, sequence);
        judge->next[pair] = sequence + 1;
        return VERDICT_FINE;
    }
    if (judge->next[pair] == NEVER)
        return VERDICT_UNKNOWN;
    struct judge_gap *gap = gap_of(judge, pair);
    bool kept = gap && (seqset_remove(&gap->missing, sequence) || seqset_remove(&gap->missed, sequence));
    return kept ? VERDICT_OUT_OF_ORDER : VERDICT_DUPLICATE;
}

enum verdict judge_receive(struct judge *judge, uint32_t subscriber, uint32_t publisher, uint32_t sequence)
{
    const struct plan *plan = judge->plan;
    if (publisher >= plan->publishers || sequence < judge->first ||
        sequence >= ledger_published(judge->ledger, publisher))
        return VERDICT_UNKNOWN;
    struct judge_subscriber *s = subscriber_of(judge, subscriber);
    if (plan_room_of_publisher(plan, publisher) != s->room || s->membership == OUT)
        return VERDICT_WRONG_ROOM;
    size_t pair = s->pair + plan_slot_of_publisher(plan, publisher);
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
    uint32_t room = plan_room(judge->plan, subscriber);
    size_t pair = first_pair(judge, subscriber);
    for (uint32_t slot = 0; s->membership == MEMBER && slot < slots_of(judge, subscriber); slot++) {
        uint32_t publisher = plan_publisher_in_slot(judge->plan, room, slot);
        uint32_t published = ledger_published(judge->ledger, publisher);
        settle_absence(judge, s, pair + slot, publisher, UINT32_MAX);
        if (how == GONE && judge->next[pair + slot] < published)
            miss(judge, s, pair + slot, publisher, published);
    }
    s->cut = s->cut || how == AWAY || how == GONE;
    s->membership = how;
}

void judge_ask(struct judge *judge, uint32_t subscriber)
{
    struct judge_subscriber *s = subscriber_of(judge, subscriber);
    if (s->membership == OUT)
        s->membership = ASKING;
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

static uint64_t owed_of_set(const struct judge *judge, uint32_t publisher, const struct seqset *set)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < set->count; i++)
        count += owed(judge, publisher, set->range[i].from, set->range[i].to);
    return count;
}

uint64_t judge_missed(const struct judge *judge, uint32_t subscriber)
{
    const struct judge_subscriber *s = subscriber_of(judge, subscriber);
    uint64_t count = s->missed_for_good;
    size_t pair = first_pair(judge, subscriber);
    for (uint32_t slot = 0; s->has_gaps && slot < slots_of(judge, subscriber); slot++) {
        const struct judge_gap *gap = gap_of(judge, pair + slot);
        if (gap)
            count += owed_of_set(judge, gap->publisher, &gap->missed);
    }
    if (s->membership == AWAY)
        return count + outstanding_of(judge, subscriber, true);
    if (s->membership == MEMBER && s->was_away)
        return count + outstanding_of(judge, subscriber, true) - outstanding_of(judge, subscriber, false);
    return count;
}

uint64_t judge_lost(const struct judge *judge, uint32_t subscriber)
{
    const struct judge_subscriber *s = subscriber_of(judge, subscriber);
    uint64_t count = s->lost_for_good;
    size_t pair = first_pair(judge, subscriber);
    for (uint32_t slot = 0; s->has_gaps && slot < slots_of(judge, subscriber); slot++) {
        const struct judge_gap *gap = gap_of(judge, pair + slot);
        if (gap)
            count += owed_of_set(judge, gap->publisher, &gap->missing);
    }
    return s->membership == MEMBER ? count + outstanding_of(judge, subscriber, false) : count;
}

bool judge_was_cut(const struct judge *judge, uint32_t subscriber)
{
    return subscriber_of(judge, subscriber)->cut;
}

struct audit judge_audit(const struct judge *judge)
{
    struct audit audit = {0};
    for (uint32_t i = 0; i < judge->range.count; i++) {
        uint32_t subscriber = judge->range.first + i;
        if (judge->subscriber[i].membership == MEMBER)
            audit.outstanding += outstanding_of(judge, subscriber, false);
        audit.lost += judge->subscriber[i].lost_for_good;
        audit.missed += judge_missed(judge, subscriber);
    }
    for (const struct judge_gap *gap = judge->gaps; gap; gap = gap->hh.next)
        audit.lost += owed_of_set(judge, gap->publisher, &gap->missing);
    return audit;
}
