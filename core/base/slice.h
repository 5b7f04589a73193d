/* SPDX-License-Identifier: Apache-2.0 */
/* A slice is a view of bytes that somebody else owns. Not zero terminated. Passed by value.
 * It is valid as long as the bytes are: a slice handed to a callback is valid until the callback returns. */
#ifndef CORE_BASE_SLICE_H
#define CORE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_CHECK __attribute__((warn_unused_result))

struct slice {
    const char *p;
    size_t n;
};

#define SLICE_LIT(s) ((struct slice){(s), sizeof(s) - 1})
#define SLICE_NONE   ((struct slice){NULL, 0})
/* for printf: "%.*s", SLICE_FMT(s) */
#define SLICE_FMT(s) (int)(s).n, (s).p

static inline struct slice slice_of(const char *z)
{
    return (struct slice){z, strlen(z)};
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_is(struct slice a, const char *z)
{
    return slice_eq(a, slice_of(z));
}

static inline bool slice_starts(struct slice a, const char *z)
{
    size_t n = strlen(z);
    return a.n >= n && memcmp(a.p, z, n) == 0;
}

static inline struct slice slice_from(struct slice a, size_t off)
{
    return off == 0 ? a : (struct slice){a.p + off, a.n - off}; /* NULL + 0 is undefined */
}

#endif
