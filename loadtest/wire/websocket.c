/* SPDX-License-Identifier: Apache-2.0 */
/* WebSockets: the handshake, and frames in both directions. */
#include "loadtest/wire/websocket.h"

#include <assert.h>

#include "core/base/err.h"
#include "core/base/list.h"
#include "loadtest/wire/handshake.h"

static struct websocket *websocket_of(struct wire *wire)
{
    return container_of(wire, struct websocket, wire);
}

static void drop(struct wire *wire)
{
    struct websocket *w = websocket_of(wire);
    w->state = WEBSOCKET_CLOSED;
    w->in_message = w->pinged = false;
    stream_close(&w->stream);
    buf_free(&w->message);
}

static int start(struct wire *wire, struct slice target)
{
    struct websocket *w = websocket_of(wire);
    char host[300];
    assert(w->state == WEBSOCKET_CLOSED);
    if (stream_connect(&w->stream, &wire->to, 0) != 0)
        return -1;
    w->state = WEBSOCKET_HANDSHAKE;
    target_host_header(wire->to.target, host, sizeof host);
    int err = handshake_request(&w->stream.out, host, target, wire->loop->offer_deflate);
    assert(err == 0); /* its size is bounded by the options' */
    return 0;
}

/* xorshift64: masks must not be guessable by what is carried, they are no secret towards the server. */
static uint32_t next_mask(struct wire_loop *loop)
{
    uint64_t x = loop->mask_state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    loop->mask_state = x;
    return (uint32_t)(x >> 32);
}

static int put_frame(struct websocket *w, enum ws_opcode opcode, struct slice payload)
{
    struct buf *out = &w->stream.out;
    int err = buf_reserve(out, WS_MAX_HEADER + payload.n);
    if (err != 0) {
        out->err = 0; /* the frame is refused, what was queued before still goes out */
        return err;
    }
    uint32_t mask = next_mask(w->wire.loop);
    out->n += ws_put_masked_header(out->p + out->n, opcode, payload.n, mask);
    size_t at = out->n;
    err = buf_add(out, payload);
    assert(err == 0);
    ws_mask(out->p + at, payload.n, mask);
    return 0;
}

static int queue(struct wire *wire, struct slice text, uint64_t id)
{
    struct websocket *w = websocket_of(wire);
    (void)id;
    assert(w->state == WEBSOCKET_OPEN);
    return put_frame(w, WS_TEXT, text);
}

static void flush(struct wire *wire)
{
    stream_flush(&websocket_of(wire)->stream);
}

static void pause_reading(struct wire *wire, bool paused)
{
    stream_pause(&websocket_of(wire)->stream, paused);
}

static void goodbye(struct wire *wire)
{
    struct websocket *w = websocket_of(wire);
    if (w->state == WEBSOCKET_OPEN && w->stream.out.n == 0 && put_frame(w, WS_CLOSE, SLICE_NONE) == 0)
        send(w->stream.fd, w->stream.out.p, w->stream.out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void close_frame(struct websocket *w, struct slice payload)
{
    if (payload.n < 2) {
        wire_fail(&w->wire, "the server closed the WebSocket without a code");
        return;
    }
    unsigned code = (unsigned)(unsigned char)payload.p[0] << 8 | (unsigned char)payload.p[1];
    struct slice reason = slice_from(payload, 2);
    wire_fail(&w->wire, "the server closed the WebSocket, code %u%s%.*s", code, reason.n ? ", " : "",
              SLICE_FMT(reason));
}

/* *text stands until the next compressed message of any wire. */
static int inflate_message(struct wire_loop *loop, struct slice payload, struct slice *text)
{
    if (!loop->inflater)
        loop->inflater = inflater_new();
    if (!loop->inflater)
        return ERR_NOMEM;
    buf_clear(&loop->inflated);
    int err = inflate_payload(loop->inflater, payload, &loop->inflated);
    *text = buf_slice(&loop->inflated);
    return err;
}

static void message(struct websocket *w, struct slice payload, bool compressed)
{
    struct wire_loop *loop = w->wire.loop;
    struct slice text = payload;
    int err = compressed ? inflate_message(loop, payload, &text) : 0;
    if (err == ERR_TOO_LARGE)
        wire_fail(&w->wire, "the server sent a message of more than %zu bytes", loop->max_frame);
    else if (err != 0)
        wire_fail(&w->wire, "the server sent a badly compressed message: %s", err_text(err));
    else
        w->wire.events->text(&w->wire, text);
}

/* A fragment: the first (its opcode says of what), or a continuation. */
static void fragment(struct websocket *w, const struct ws_frame *frame)
{
    bool first = frame->opcode != WS_CONTINUATION;
    if (first == w->in_message) {
        wire_fail(&w->wire, "the server sent fragments in the wrong order");
        return;
    }
    if (first) {
        w->text_message = frame->opcode == WS_TEXT;
        w->compressed = frame->rsv1;
        w->in_message = true;
    }
    if (buf_add(&w->message, frame->payload) != 0) {
        wire_fail(&w->wire, "the server sent a message of more than %zu bytes", w->wire.loop->max_frame);
        return;
    }
    if (!frame->fin)
        return;
    w->in_message = false;
    struct buf whole = w->message; /* the wire may be closed, and started again, while it is looked at */
    buf_init(&w->message, w->wire.loop->max_frame);
    if (w->text_message)
        message(w, buf_slice(&whole), w->compressed);
    buf_free(&whole);
}

static void control(struct websocket *w, const struct ws_frame *frame)
{
    if (frame->opcode == WS_CLOSE) {
        close_frame(w, frame->payload);
    } else if (frame->opcode == WS_PING) {
        w->wire.loop->pings++;
        if (put_frame(w, WS_PONG, frame->payload) == 0)
            stream_flush(&w->stream);
    } else if (w->pinged) {
        w->pinged = false;
        w->wire.events->opened(&w->wire);
    }
}

static void take_frames(struct websocket *w, struct slice *rest)
{
    struct wire_loop *loop = w->wire.loop;
    struct ws_frame frame;
    size_t need;
    int got = 0;
    while (w->state == WEBSOCKET_OPEN && (got = ws_frame_next(rest, loop->max_frame, &frame, &need)) == 1) {
        loop->frames++;
        if (frame.rsv1 && !w->deflate)
            wire_fail(&w->wire, "the server sent a compressed frame, though no compression was negotiated");
        else if (frame.opcode == WS_TEXT && frame.fin && !w->in_message && !frame.rsv1)
            w->wire.events->text(&w->wire, frame.payload);
        else if (frame.opcode >= WS_CLOSE)
            control(w, &frame);
        else if (frame.opcode == WS_TEXT && frame.fin && !w->in_message)
            message(w, frame.payload, true);
        else if (frame.opcode != WS_BINARY || !frame.fin || w->in_message)
            fragment(w, &frame);
    }
    if (w->state == WEBSOCKET_OPEN && got < 0)
        wire_fail(&w->wire, "the server sent a bad WebSocket frame: %s", err_text(got));
}

static void on_open(struct websocket *w)
{
    w->state = WEBSOCKET_OPEN;
    w->pinged = w->wire.loop->ping_first && put_frame(w, WS_PING, SLICE_NONE) == 0;
    if (w->pinged)
        stream_flush(&w->stream);
    else
        w->wire.events->opened(&w->wire);
}

static void take_handshake(struct websocket *w, struct slice *rest)
{
    char why[WIRE_MAX_WHY];
    struct handshake_answer answer;
    int got = handshake_answer(*rest, w->wire.loop->offer_deflate, &answer, why, sizeof why);
    if (got < 0) {
        wire_fail(&w->wire, "%s", why);
    } else if (got > 0) {
        *rest = slice_from(*rest, answer.used);
        w->deflate = answer.deflate;
        on_open(w);
    }
}

static void on_received(struct stream *stream, struct slice *rest)
{
    struct websocket *w = container_of(stream, struct websocket, stream);
    if (w->state == WEBSOCKET_HANDSHAKE)
        take_handshake(w, rest);
    if (w->state == WEBSOCKET_OPEN)
        take_frames(w, rest);
}

static void on_lost(struct stream *stream, const char *why)
{
    wire_fail(&container_of(stream, struct websocket, stream)->wire, "%s", why);
}

static void on_after_read(struct stream *stream)
{
    struct wire *wire = &container_of(stream, struct websocket, stream)->wire;
    wire->events->after_read(wire);
}

static const struct stream_ops stream_ops = {
    .received = on_received, .lost = on_lost, .after_read = on_after_read};

static void init(struct wire *wire)
{
    struct websocket *w = websocket_of(wire);
    stream_init(&w->stream, wire->loop, &stream_ops);
    buf_init(&w->message, wire->loop->max_frame);
}

static const char *waits_for(const struct wire *wire)
{
    const struct websocket *w = container_of(wire, const struct websocket, wire);
    if (w->stream.connecting)
        return "the connection" WIRE_AT_LIMIT;
    if (w->pinged)
        return "the answer to a ping";
    return w->state == WEBSOCKET_HANDSHAKE ? "the WebSocket handshake" WIRE_AT_LIMIT
                                           : "the server's greeting";
}

const struct wire_ops wire_websocket = {.size = sizeof(struct websocket),
                                        .sockets = 1,
                                        .init = init,
                                        .start = start,
                                        .queue = queue,
                                        .flush = flush,
                                        .pause = pause_reading,
                                        .goodbye = goodbye,
                                        .drop = drop,
                                        .waits_for = waits_for};
