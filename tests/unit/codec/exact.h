/* SPDX-License-Identifier: Apache-2.0 */
/* Input for decoders in a block of exactly its size, so that the address sanitizer sees a read past its end;
 * and reproducible random numbers. */
#ifndef TESTS_UNIT_CODEC_EXACT_H
#define TESTS_UNIT_CODEC_EXACT_H

#include <assert.h>
#include <stdlib.h>

#include "core/base/slice.h"

/* To be freed. */
static inline char *exact_copy(struct slice s)
{
    char *p = malloc(s.n);
    assert(p != NULL || s.n == 0);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return p;
}

static inline uint32_t xorshift(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Changes text[0..n-1] in one random way, with pieces from `tokens`; the new length, at most max. */
static inline size_t mutate(char *text, size_t n, size_t max, const char *const *tokens, size_t n_tokens,
                            uint32_t *random)
{
    size_t at = n == 0 ? 0 : xorshift(random) % n;
    size_t cut = 0;
    struct slice piece = SLICE_NONE;
    char byte = (char)xorshift(random);
    switch (xorshift(random) % 5) {
    case 0:
        piece = (struct slice){&byte, 1};
        cut = 1;
        break;
    case 1:
        cut = 1 + xorshift(random) % 4;
        break;
    case 2:
        cut = 1;
        /* fall through */
    default:
        piece = slice_of(tokens[xorshift(random) % n_tokens]);
    }
    if (cut > n - at)
        cut = n - at;
    if (n - cut + piece.n > max)
        return n;
    memmove(text + at + piece.n, text + at + cut, n - at - cut);
    if (piece.n > 0)
        memcpy(text + at, piece.p, piece.n);
    return n - cut + piece.n;
}

#endif
