/* SPDX-License-Identifier: Apache-2.0 */
/* The growable byte buffer. One byte more than `cap` is allocated, so that vsnprintf's terminator has a place
 * also when the text fills the buffer to its bound. */
#include "core/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/err.h"

enum { FIRST_CAP = 64 };

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_free(struct buf *b)
{
    free(b->p);
    buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->err = 0;
}

/* The capacity to grow to: at least `need`, at least doubled, but not past the bound. */
static size_t next_cap(const struct buf *b, size_t need)
{
    size_t cap = b->cap < FIRST_CAP / 2 ? FIRST_CAP : b->cap * 2;
    if (cap < need)
        cap = need;
    return cap > b->max ? b->max : cap;
}

int buf_reserve(struct buf *b, size_t more)
{
    if (b->err)
        return b->err;
    if (more <= b->cap - b->n)
        return 0;
    assert(b->n <= b->max);
    if (more > b->max - b->n)
        return b->err = ERR_TOO_LARGE;
    if (more > SIZE_MAX / 4 - b->n)
        return b->err = ERR_NOMEM;
    size_t cap = next_cap(b, b->n + more);
    char *p = realloc(b->p, cap + 1);
    if (p == NULL)
        return b->err = ERR_NOMEM;
    b->p = p;
    b->cap = cap;
    return 0;
}

int buf_add(struct buf *b, struct slice s)
{
    int err = buf_reserve(b, s.n);
    if (err || s.n == 0)
        return err;
    memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
    return 0;
}

int buf_adds(struct buf *b, const char *z)
{
    return buf_add(b, slice_of(z));
}

int buf_addc(struct buf *b, char c)
{
    int err = buf_reserve(b, 1);
    if (err)
        return err;
    b->p[b->n++] = c;
    return 0;
}

int buf_addu(struct buf *b, uint64_t v)
{
    char digits[20], *const end = digits + sizeof digits, *p = end;
    do {
        *--p = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    return buf_add(b, (struct slice){p, (size_t)(end - p)});
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
    if (b->p == NULL) /* or it would be printed twice */
        (void)buf_reserve(b, FIRST_CAP < b->max ? FIRST_CAP : b->max);
    if (b->err)
        return b->err;
    size_t room = b->cap - b->n;
    va_list ap;
    va_start(ap, fmt);
    int n = b->p ? vsnprintf(b->p + b->n, room + 1, fmt, ap) : vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    assert(n >= 0);
    if (b->p == NULL || (size_t)n > room) {
        int err = buf_reserve(b, (size_t)n);
        if (err || n == 0)
            return err;
        va_start(ap, fmt);
        int again = vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
        va_end(ap);
        assert(again == n);
    }
    b->n += (size_t)n;
    return 0;
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= b->n);
    b->n -= n;
    if (n > 0 && b->n > 0)
        memmove(b->p, b->p + n, b->n);
}
