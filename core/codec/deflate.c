/* SPDX-License-Identifier: Apache-2.0 */
/* permessage-deflate's payloads, by zlib. */
#include "core/codec/deflate.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

#include "core/base/err.h"

enum {
    /* Of a message of 8 KiB of JSON 36 % are left, in 35 us; level 6 leaves 32 %, in 90 us. */
    LEVEL = 1,
    WINDOW_BITS = 15,
    MEMORY_LEVEL = 8,
    FIRST_RATIO = 4 /* JSON becomes about so much smaller */
};

static const char flushed[] = {0, 0, '\xff', '\xff'}; /* what every flush ends with: it is not sent */

struct deflater {
    z_stream z;
};

struct inflater {
    z_stream z;
    bool complete; /* the last input ended where a block, or the whole stream, ended */
    bool ended;    /* with a block that said it was the last */
};

struct deflater *deflater_new(void)
{
    struct deflater *d = calloc(1, sizeof *d);
    if (d == NULL)
        return NULL;
    int rc = deflateInit2(&d->z, LEVEL, Z_DEFLATED, -WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY);
    if (rc == Z_OK)
        return d;
    assert(rc == Z_MEM_ERROR);
    free(d);
    return NULL;
}

void deflater_free(struct deflater *d)
{
    if (d != NULL)
        (void)deflateEnd(&d->z);
    free(d);
}

static void set_input(z_stream *z, struct slice in)
{
    assert(in.n <= UINT_MAX);
    z->next_in = (Bytef *)(uintptr_t)in.p;
    z->avail_in = (uInt)in.n;
}

size_t deflate_payload(struct deflater *d, struct slice in, char *out, size_t room)
{
    z_stream *z = &d->z;
    set_input(z, in);
    z->next_out = (Bytef *)out;
    z->avail_out = room < UINT_MAX ? (uInt)room : UINT_MAX;
    size_t all = z->avail_out;
    (void)deflate(z, Z_SYNC_FLUSH); /* fails only for want of room */
    size_t n = all - z->avail_out;
    bool fits = z->avail_out > 0; /* else there may be more to come */
    (void)deflateReset(z);
    if (!fits)
        return 0;
    assert(n > sizeof flushed && memcmp(out + n - sizeof flushed, flushed, sizeof flushed) == 0);
    return n - sizeof flushed;
}

struct inflater *inflater_new(void)
{
    struct inflater *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    int rc = inflateInit2(&f->z, -WINDOW_BITS); /* reads what was made with any window */
    if (rc == Z_OK)
        return f;
    assert(rc == Z_MEM_ERROR);
    free(f);
    return NULL;
}

void inflater_free(struct inflater *f)
{
    if (f != NULL)
        (void)inflateEnd(&f->z);
    free(f);
}

/* One step, as far as the buffer has room. At its bound the room is one byte that must stay unused. */
static int step(struct inflater *f, struct buf *out)
{
    z_stream *z = &f->z;
    Bytef beyond;
    bool full = out->n == out->max;
    if (!full && out->n == out->cap && buf_reserve(out, 1) != 0)
        return ERR_NOMEM;
    size_t room = full ? 1 : (out->cap < out->max ? out->cap : out->max) - out->n;
    z->next_out = full ? &beyond : (Bytef *)out->p + out->n;
    z->avail_out = room < UINT_MAX ? (uInt)room : UINT_MAX;
    room = z->avail_out;
    int rc = inflate(z, Z_SYNC_FLUSH);
    if (full && z->avail_out == 0)
        return ERR_TOO_LARGE;
    out->n += room - z->avail_out;
    f->ended = rc == Z_STREAM_END;
    f->complete = f->ended || (z->data_type & 128) != 0;
    if (f->ended &&
        z->avail_in > 0) /* a last block need not be the message's last (RFC 7692, section 7.2.3.4) */
        rc = inflateReset(z);
    if (rc == Z_MEM_ERROR)
        return ERR_NOMEM;
    return rc == Z_OK || rc == Z_BUF_ERROR || rc == Z_STREAM_END ? 0 : ERR_PARSE;
}

static int feed(struct inflater *f, struct slice in, struct buf *out)
{
    set_input(&f->z, in);
    int err;
    do
        err = step(f, out);
    while (err == 0 && (f->z.avail_in > 0 || (f->z.avail_out == 0 && !f->complete)));
    return err;
}

int inflate_payload(struct inflater *f, struct slice in, struct buf *out)
{
    if (in.n == 0) /* not what the RFC wants an empty message to be, but it can mean nothing else */
        return 0;
    size_t max = out->max, bound = INFLATE_BOUND(in.n);
    if (bound < max - out->n)
        out->max = out->n + bound; /* meanwhile */
    size_t left = out->max - out->n;
    int err = buf_reserve(out, in.n < left / FIRST_RATIO ? in.n * FIRST_RATIO : left);
    if (err == 0)
        err = feed(f, in, out);
    if (err == 0 && !f->ended)
        err = feed(f, (struct slice){flushed, sizeof flushed}, out);
    if (err == 0 && !f->complete)
        err = ERR_PARSE;
    out->max = max;
    (void)inflateReset(&f->z);
    return err;
}
