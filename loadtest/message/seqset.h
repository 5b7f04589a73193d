/* SPDX-License-Identifier: Apache-2.0 */
/* A set of sequence numbers as sorted, disjoint ranges: which messages are missing, which were acknowledged,
 * which were refused. What arrives in order costs one range, whatever the number of messages. */
#ifndef LOADTEST_SEQSET_H
#define LOADTEST_SEQSET_H

#include <stdbool.h>
#include <stdint.h>

struct seqrange {
    uint32_t from, to; /* from <= number < to */
};

struct seqset {
    struct seqrange *range;
    uint32_t count, cap;
};

/* {0} is an empty set. */
void seqset_free(struct seqset *set);
/* Adds from..to-1, which must lie above all that is in the set. */
void seqset_append(struct seqset *set, uint32_t from, uint32_t to);
/* false, and nothing changes, if the number is in the set already. */
bool seqset_insert(struct seqset *set, uint32_t number);
/* false if the number is not in the set. */
bool seqset_remove(struct seqset *set, uint32_t number);
/* Removes the lowest range of a set that is not empty, and returns it. */
struct seqrange seqset_pop(struct seqset *set);
/* How many of from..to-1 are in the set. */
uint64_t seqset_count(const struct seqset *set, uint32_t from, uint32_t to);

#endif
