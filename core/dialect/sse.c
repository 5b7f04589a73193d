/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events (GET /sse): event: NAME, data: [arguments]. Receive only. Source of the format: the HTML
 * standard, section 9.2.6. A line break inside the JSON (white space) becomes a second data: line, which the
 * receiver joins again. */
#include <stdlib.h>

#include "core/broker/state.h"
#include "core/codec/json.h"
#include "core/dialect/frames.h"

static struct frame *frame_of_bytes(struct buf *b)
{
    struct frame *f = b->err == 0 ? frame_new(b->n) : NULL;
    if (f != NULL)
        memcpy(f->bytes, b->p, b->n);
    buf_free(b);
    return f;
}

/* The decoded name, unless that would break the line. An EventSource fires error and open itself: such events
 * get a $. */
static int put_name(struct buf *b, struct slice token)
{
    if (token.p[0] != '"')
        return buf_add(b, token);
    if (json_string_is(token, "error") || json_string_is(token, "open"))
        (void)buf_addc(b, '$');
    struct slice inside = {token.p + 1, token.n - 2};
    if (memchr(inside.p, '\\', inside.n) == NULL)
        return buf_add(b, inside);
    int err = buf_reserve(b, token.n);
    if (err != 0)
        return err;
    long n = json_unescape(token, b->p + b->n);
    for (long i = 0; i < n; i++)
        if ((unsigned char)b->p[b->n + (size_t)i] < 0x20)
            n = -1;
    if (n < 0)
        return buf_add(b, inside);
    b->n += (size_t)n;
    return 0;
}

static int put_data(struct buf *b, struct slice text)
{
    int err = 0;
    while (err == 0) {
        size_t n = 0;
        while (n < text.n && text.p[n] != '\n' && text.p[n] != '\r')
            n++;
        err = buf_add(b, (struct slice){text.p, n});
        if (n == text.n)
            break;
        if (err == 0)
            err = buf_adds(b, "\ndata: ");
        text = slice_from(text, n + 1);
    }
    return err;
}

static struct frame *sse_encode(const struct publication *pub, struct slice room)
{
    struct buf b, args;
    (void)room;
    buf_init(&b, SIZE_MAX);
    buf_init(&args, SIZE_MAX);
    int err = put_args(&args, &pub->event);
    if (err == 0)
        err = buf_adds(&b, "event: ");
    if (err == 0)
        err = put_name(&b, pub->event.name);
    if (err == 0)
        err = buf_adds(&b, "\ndata: [");
    if (err == 0)
        err = put_data(&b, buf_slice(&args));
    if (err == 0)
        err = buf_adds(&b, "]\n\n");
    buf_free(&args);
    return frame_of_bytes(&b);
}

static void sse_message(struct conn *c, struct slice bytes, bool binary)
{
    (void)c; /* a stream has no way to send */
    (void)bytes;
    (void)binary;
}

static struct frame *sse_ping(struct broker *broker)
{
    struct buf b;
    (void)broker;
    buf_init(&b, SIZE_MAX);
    (void)buf_adds(&b, ":\n\n");
    return frame_of_bytes(&b);
}

const struct dialect dialect_sse = {.name = "sse",
                                    .index = DIALECT_SSE,
                                    .conn_size = sizeof(struct conn),
                                    .in_namespace = true,
                                    .pings = false,
                                    .opened = M_OPENED_SSE,
                                    .message = sse_message,
                                    .ping = sse_ping,
                                    .encode = sse_encode};
