/* SPDX-License-Identifier: Apache-2.0 */
/* Frames for connections that agreed on permessage-deflate. Every message of a frame that is large enough is
 * compressed on its own, the others, and those that would not become smaller, stay as they are; so the result
 * is never larger than the frame, and it is made in one block of the frame's size, which is cut afterwards.
 */
#include <assert.h>

#include "core/broker/state.h"
#include "core/codec/websocket.h"

/* Puts the message compressed to `out`, which has room for it as it is. Its size there, or 0: it does not
 * become smaller. */
static size_t put_message(struct broker *b, const struct ws_frame *ws, char *out)
{
    size_t plain = ws->payload.n, head = ws_header_size(plain);
    size_t n = deflate_payload(b->deflater, ws->payload, out + head, plain);
    if (n == 0)
        return 0;
    char header[WS_MAX_HEADER];
    size_t size = ws_put_header(header, ws->opcode, n);
    header[0] = (char)(header[0] | WS_RSV1);
    if (size < head) /* a shorter length may need fewer bytes */
        memmove(out + size, out + head, n);
    memcpy(out, header, size);
    b->metrics->v[M_DEFLATED]++;
    b->metrics->v[M_DEFLATED_PLAIN] += plain;
    b->metrics->v[M_DEFLATED_COMPRESSED] += n;
    return size + n;
}

static bool is_worth_it(const struct broker *b, const struct ws_frame *ws)
{
    return (ws->opcode == WS_TEXT || ws->opcode == WS_BINARY) &&
           ws->payload.n >= b->settings->compression_min_bytes;
}

static size_t put_all(struct broker *b, const struct frame *f, char *out)
{
    struct slice rest = {f->bytes, f->n};
    struct ws_frame ws;
    size_t need, done = 0;
    while (rest.n > 0) {
        const char *plain = rest.p;
        int got = ws_frame_next(&rest, SIZE_MAX, &ws, &need);
        assert(got == 1); /* we made it */
        size_t n = is_worth_it(b, &ws) ? put_message(b, &ws, out + done) : 0;
        if (n == 0) {
            n = need;
            memcpy(out + done, plain, n);
        }
        done += n;
    }
    return done;
}

/* A new reference. */
static struct frame *compress(struct broker *b, struct frame *f)
{
    if (b->deflater == NULL)
        b->deflater = deflater_new();
    struct frame *made = b->deflater != NULL ? frame_new(f->n) : NULL;
    if (made == NULL)
        return frame_get(f);
    size_t n = put_all(b, f, made->bytes);
    if (n == f->n) {
        frame_put(made);
        return frame_get(f);
    }
    made->messages = f->messages;
    return frame_shrink(made, n);
}

void compressed_forget(struct broker *b)
{
    if (b->compressed.plain == NULL)
        return;
    frame_put(b->compressed.plain);
    frame_put(b->compressed.sent);
    b->compressed.plain = b->compressed.sent = NULL;
}

struct frame *frame_compressed(struct broker *b, struct frame *f)
{
    if (f->n < b->settings->compression_min_bytes)
        return f;
    if (b->compressed.plain != f) {
        compressed_forget(b);
        b->compressed.sent = compress(b, f);
        b->compressed.plain = frame_get(f);
    }
    return b->compressed.sent;
}
