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

void judge_init(struct judge *judge, const struct plan *plan)
{
    *judge = (struct judge){.plan = plan};
    judge->publisher = xcalloc(plan->publishers + 1, sizeof *judge->publisher);
    judge->next = xcalloc(plan->pairs + 1, sizeof *judge->next);
    judge->gone = xcalloc(plan->connections, sizeof *judge->gone);
    judge->base = xcalloc(plan->rooms, sizeof *judge->base);
    size_t base = 0;
    for (uint32_t room = 0; room < plan->rooms; room++) {
        judge->base[room] = base;
        base += (size_t)plan_members_of_room(plan, room) * plan_publishers_in_room(plan, room);
    }
    assert(base == plan->pairs);
}

void judge_free(struct judge *judge)
{
    struct judge_gap *gap, *next;
    HASH_ITER(hh, judge->gaps, gap, next)
    {
        HASH_DEL(judge->gaps, gap);
        seqset_free(&gap->missing);
        free(gap);
    }
    for (uint32_t p = 0; p < judge->plan->publishers; p++)
        seqset_free(&judge->publisher[p].voids);
    free(judge->publisher);
    free(judge->next);
    free(judge->gone);
    free(judge->base);
}

void judge_publish(struct judge *judge, uint32_t publisher)
{
    judge->publisher[publisher].published++;
}

void judge_void(struct judge *judge, uint32_t publisher, uint32_t sequence)
{
    assert(sequence < judge->publisher[publisher].published);
    seqset_insert(&judge->publisher[publisher].voids, sequence);
}

/* The first pair of a subscriber; its pairs with the publishers of its room follow in the order of slots. */
static size_t first_pair(const struct judge *judge, uint32_t subscriber)
{
    uint32_t room = plan_room(judge->plan, subscriber);
    size_t member = subscriber / judge->plan->rooms;
    return judge->base[room] + member * plan_publishers_in_room(judge->plan, room);
}

/* How many of from..to-1 of this publisher somebody has to get. */
static uint64_t owed(const struct judge *judge, uint32_t publisher, uint32_t from, uint32_t to)
{
    const struct seqset *voids = &judge->publisher[publisher].voids;
    return to - from - (voids->count ? seqset_count(voids, from, to) : 0);
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

static enum verdict receive_irregular(struct judge *judge, size_t pair, uint32_t publisher, uint32_t sequence)
{
    if (sequence > judge->next[pair]) {
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
    if (publisher >= plan->publishers || sequence >= judge->publisher[publisher].published)
        return VERDICT_UNKNOWN;
    if (plan_room_of_publisher(plan, publisher) != plan_room(plan, subscriber))
        return VERDICT_WRONG_ROOM;
    size_t pair = first_pair(judge, subscriber) + plan_slot_of_publisher(plan, publisher);
    if (judge->next[pair] != sequence)
        return receive_irregular(judge, pair, publisher, sequence);
    judge->next[pair] = sequence + 1;
    return VERDICT_FINE;
}

static uint64_t outstanding_of(const struct judge *judge, uint32_t subscriber)
{
    uint32_t room = plan_room(judge->plan, subscriber);
    uint32_t slots = plan_publishers_in_room(judge->plan, room);
    const uint32_t *next = judge->next + first_pair(judge, subscriber);
    uint64_t count = 0;
    for (uint32_t slot = 0; slot < slots; slot++) {
        uint32_t publisher = plan_publisher_in_slot(judge->plan, room, slot);
        count += owed(judge, publisher, next[slot], judge->publisher[publisher].published);
    }
    return count;
}

void judge_leave(struct judge *judge, uint32_t subscriber)
{
    if (judge->gone[subscriber])
        return;
    judge->missed += outstanding_of(judge, subscriber);
    judge->gone[subscriber] = true;
}

struct audit judge_audit(const struct judge *judge)
{
    struct audit audit = {.lost = judge->given_up, .missed = judge->missed};
    for (uint32_t i = 0; i < judge->plan->connections; i++)
        if (!judge->gone[i])
            audit.outstanding += outstanding_of(judge, i);
    for (const struct judge_gap *gap = judge->gaps; gap; gap = gap->hh.next)
        for (uint32_t i = 0; i < gap->missing.count; i++)
            audit.lost += owed(judge, gap->publisher, gap->missing.range[i].from, gap->missing.range[i].to);
    return audit;
}
