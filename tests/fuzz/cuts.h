/* SPDX-License-Identifier: Apache-2.0 */
/* For fuzzers: an input that arrives in pieces, at places which its first bytes choose. */
#ifndef TESTS_FUZZ_CUTS_H
#define TESTS_FUZZ_CUTS_H

#include <assert.h>
#include <stdlib.h>

#include "core/base/buf.h"

enum { CUTS = 3 };

/* Pieces of size[0], size[1], ... bytes, over and over; {0}: all in one. */
struct cuts {
    size_t size[CUTS];
    unsigned next;
};

/* Takes CUTS bytes off the front of *input. */
static inline struct cuts cuts_take(struct slice *input)
{
    struct cuts cuts = {0};
    for (size_t i = 0; i < CUTS && input->n > 0; i++) {
        cuts.size[i] = 1 + (size_t)(unsigned char)input->p[0];
        *input = slice_from(*input, 1);
    }
    return cuts;
}

/* What has been received: a block of its own, with what was kept of earlier pieces and the next piece of
 * *input in it. To be freed. */
static inline struct slice cuts_receive(struct cuts *cuts, struct slice kept, struct slice *input)
{
    size_t size = cuts->size[cuts->next++ % CUTS];
    if (size == 0 || size > input->n)
        size = input->n;
    char *p = malloc(kept.n + size + 1);
    assert(p != NULL);
    if (kept.n > 0)
        memcpy(p, kept.p, kept.n);
    memcpy(p + kept.n, input->p, size);
    char *exact = realloc(p, kept.n + size);
    assert(exact != NULL);
    *input = slice_from(*input, size);
    return (struct slice){exact, kept.n + size};
}

#endif
