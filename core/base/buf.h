/* SPDX-License-Identifier: Apache-2.0 */
/* A growable byte buffer with a bound. All appends fail, and leave the buffer as it was, with
 * ERR_TOO_LARGE when they would pass `max`, ERR_NOMEM when memory is short.
 * The error sticks: b->err keeps the first one, so a run of appends may be checked once at its end. */
#ifndef CORE_BASE_BUF_H
#define CORE_BASE_BUF_H

#include "core/base/slice.h"

struct buf {
    char *p;
    size_t n, cap, max;
    int err;
};

void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b);  /* releases the memory; the buffer is empty and usable again */
void buf_clear(struct buf *b); /* empties it and its error, keeps the memory */
int buf_reserve(struct buf *b, size_t more);
int buf_add(struct buf *b, struct slice s);
int buf_adds(struct buf *b, const char *z);
int buf_addc(struct buf *b, char c);
int buf_addu(struct buf *b, uint64_t v); /* in decimal */
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Drops the first n bytes; n <= b->n. */
void buf_consume(struct buf *b, size_t n);

static inline struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->p, b->n};
}

#endif
