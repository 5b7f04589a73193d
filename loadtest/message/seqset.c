/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of sequence numbers as sorted ranges. */
#include "loadtest/message/seqset.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/xalloc.h"

void seqset_free(struct seqset *set)
{
    free(set->range);
    *set = (struct seqset){0};
}

/* Index of the first range that ends above `number`; set->count if there is none. */
static uint32_t find(const struct seqset *set, uint32_t number)
{
    uint32_t low = 0, high = set->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (set->range[middle].to > number)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void open_slot(struct seqset *set, uint32_t at)
{
    if (set->count == set->cap) {
        set->cap = set->cap ? set->cap * 2 : 4;
        set->range = xrealloc(set->range, set->cap * sizeof *set->range);
    }
    memmove(set->range + at + 1, set->range + at, (set->count - at) * sizeof *set->range);
    set->count++;
}

static void close_slot(struct seqset *set, uint32_t at)
{
    set->count--;
    memmove(set->range + at, set->range + at + 1, (set->count - at) * sizeof *set->range);
}

void seqset_append(struct seqset *set, uint32_t from, uint32_t to)
{
    struct seqrange *last = set->count ? &set->range[set->count - 1] : NULL;
    assert(from < to && (!last || last->to <= from));
    if (last && last->to == from) {
        last->to = to;
        return;
    }
    open_slot(set, set->count);
    set->range[set->count - 1] = (struct seqrange){from, to};
}

bool seqset_insert(struct seqset *set, uint32_t number)
{
    uint32_t at = find(set, number);
    struct seqrange *next = at < set->count ? &set->range[at] : NULL;
    struct seqrange *before = at > 0 ? &set->range[at - 1] : NULL;
    if (next && next->from <= number)
        return false;
    bool joins_next = next && next->from == number + 1;
    if (before && before->to == number) {
        before->to = joins_next ? next->to : number + 1;
        if (joins_next)
            close_slot(set, at);
    } else if (joins_next) {
        next->from = number;
    } else {
        open_slot(set, at);
        set->range[at] = (struct seqrange){number, number + 1};
    }
    return true;
}

bool seqset_remove(struct seqset *set, uint32_t number)
{
    uint32_t at = find(set, number);
    if (at == set->count || set->range[at].from > number)
        return false;
    struct seqrange old = set->range[at];
    if (old.from == number && old.to == number + 1) {
        close_slot(set, at);
    } else if (old.from == number) {
        set->range[at].from = number + 1;
    } else {
        set->range[at].to = number;
        if (old.to > number + 1) {
            open_slot(set, at + 1);
            set->range[at + 1] = (struct seqrange){number + 1, old.to};
        }
    }
    return true;
}

struct seqrange seqset_pop(struct seqset *set)
{
    assert(set->count > 0);
    struct seqrange lowest = set->range[0];
    close_slot(set, 0);
    return lowest;
}

uint64_t seqset_count(const struct seqset *set, uint32_t from, uint32_t to)
{
    uint64_t count = 0;
    for (uint32_t i = find(set, from); i < set->count && set->range[i].from < to; i++) {
        uint32_t low = set->range[i].from > from ? set->range[i].from : from;
        uint32_t high = set->range[i].to < to ? set->range[i].to : to;
        count += high - low;
    }
    return count;
}
