/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from parts, and binary arguments as {"$binary":"<base64>"} for the dialects that have only text. */
#include "core/dialect/frames.h"

#include "core/base/base64.h"
#include "core/base/err.h"
#include "core/codec/json.h"

static char *put_part(char *p, struct slice part)
{
    if (part.n > 0)
        memcpy(p, part.p, part.n);
    return p + part.n;
}

struct frame *frame_of_parts(enum ws_opcode opcode, const struct slice *parts, unsigned count,
                             const struct slice *attachments, unsigned attachment_count)
{
    size_t payload = 0, total = 0;
    for (unsigned i = 0; i < count; i++)
        payload += parts[i].n;
    total = ws_header_size(payload) + payload;
    for (unsigned i = 0; i < attachment_count; i++)
        total += ws_header_size(attachments[i].n) + attachments[i].n;
    struct frame *f = frame_new(total);
    if (f == NULL)
        return NULL;
    char *p = f->bytes + ws_put_header(f->bytes, opcode, payload);
    for (unsigned i = 0; i < count; i++)
        p = put_part(p, parts[i]);
    for (unsigned i = 0; i < attachment_count; i++) {
        p += ws_put_header(p, WS_BINARY, attachments[i].n);
        p = put_part(p, attachments[i]);
    }
    return f;
}

struct frame *frame_of_text(struct buf *b)
{
    struct slice text = buf_slice(b);
    struct frame *f = b->err == 0 ? frame_of_parts(WS_TEXT, &text, 1, NULL, 0) : NULL;
    buf_free(b);
    return f;
}

struct frame *frame_ping(void)
{
    return frame_of_parts(WS_PING, NULL, 0, NULL, 0);
}

static int put_binary(struct buf *b, struct slice bytes)
{
    size_t n = base64_encoded_size(bytes.n);
    int err = buf_adds(b, "{\"$binary\":\"");
    if (err == 0)
        err = buf_reserve(b, n);
    if (err != 0)
        return err;
    b->n += base64_encode(bytes, b->p + b->n);
    return buf_adds(b, "\"}");
}

int put_args(struct buf *b, const struct event *event)
{
    size_t pos = 0, done = 0;
    struct slice object;
    long num;
    while (event->attachments > 0 && json_placeholder_next(event->args, &pos, &object, &num) == 1) {
        size_t at = (size_t)(object.p - event->args.p);
        int err = buf_add(b, (struct slice){event->args.p + done, at - done});
        if (err == 0 && num >= 0 && (unsigned long)num < event->attachments)
            err = put_binary(b, event->attachment[num]);
        else if (err == 0)
            err = buf_adds(b, "null");
        if (err != 0)
            return err;
        done = at + object.n;
    }
    return buf_add(b, slice_from(event->args, done));
}

int put_error(struct buf *b, int err, const char *message)
{
    int bad = buf_addf(b, "{\"code\":\"%s\",\"message\":", err_name(err));
    if (bad == 0)
        bad = json_quote(b, slice_of(message));
    return bad != 0 ? bad : buf_addc(b, '}');
}

static int decode_binary(struct slice token, struct buf *bytes, size_t *n)
{
    /* the token as text first ("\\/" is how some encoders write a slash), decoded in place over itself */
    int err = buf_reserve(bytes, token.n);
    if (err != 0)
        return err;
    char *at = bytes->p + bytes->n;
    long text = json_unescape(token, at);
    long size = text < 0 ? text : base64_decode((struct slice){at, (size_t)text}, at);
    if (size < 0)
        return ERR_PARSE;
    bytes->n += (size_t)size;
    *n = (size_t)size;
    return 0;
}

/* bytes may move while it grows: sizes first, slices at the end. */
static void set_attachments(struct event *event, const struct buf *bytes, const size_t *size)
{
    const char *p = bytes->p;
    for (unsigned i = 0; i < event->attachments; i++) {
        event->attachment[i] = (struct slice){p, size[i]};
        p += size[i];
    }
}

int take_args(struct slice args, unsigned max_attachments, struct buf *text, struct buf *bytes,
              struct event *event)
{
    size_t pos = 0, done = 0, size[EVENT_MAX_ATTACHMENTS];
    struct slice object, token;
    long num;
    event->args = args;
    event->attachments = 0;
    while (json_binary_next(args, &pos, &object, &token) == 1) {
        size_t at = (size_t)(object.p - args.p);
        if (event->attachments >= max_attachments)
            return ERR_TOO_LARGE;
        int err = decode_binary(token, bytes, &size[event->attachments]);
        if (err == 0)
            err = buf_add(text, (struct slice){args.p + done, at - done});
        if (err == 0)
            err = buf_addf(text, "{\"_placeholder\":true,\"num\":%u}", event->attachments++);
        if (err != 0)
            return err;
        done = at + object.n;
    }
    if (event->attachments == 0)
        return 0;
    pos = 0;
    if (json_placeholder_next(args, &pos, &object, &num) != 0)
        return ERR_BAD_REQUEST;
    int err = buf_add(text, slice_from(args, done));
    event->args = buf_slice(text);
    set_attachments(event, bytes, size);
    return err;
}
