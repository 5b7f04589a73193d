/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket output: everything that is queued for a connection in one call, past libwebsockets.
 *
 * That is safe while it has nothing of its own under way, for everything it sends goes through its buffer of
 * partial output (lws_partial_buffered()) first. So: whole frames only begin when that buffer is empty; the
 * rest of a frame that the socket took half of goes into it, where it comes before any pong; and once a close
 * has begun, nothing is written any more. The rest is written with LWS_WRITE_HTTP, which adds no header; with
 * LWS_WRITE_TEXT a partial write would make libwebsockets think that it is inside a message. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "core/base/base64.h"
#include "core/codec/websocket.h"
#include "core/dialect/dialect.h"
#include "gateway/server/lws_libevent.h"
#include "gateway/server/server.h"
#include "gateway/websocket/websocket.h"

#define MAX_PARTS 64 /* frames in one call; fan-out packs many into one before */

/* The socket is broken. The broker may be in the middle of something with the connection: it is lost at the
 * end of the turn. */
static void broken(struct ws *w)
{
    if (w->conn != NULL && w->conn->state == CONN_OPEN)
        conn_close(w->conn, CLOSE_LOST);
    else
        ws_cut(w);
}

void ws_cut(struct ws *w)
{
    enum close_reason why = w->conn != NULL && w->conn->state == CONN_CLOSING ? w->conn->reason : CLOSE_LOST;
    timer_stop(&w->timer);
    lws_libevent_kill(w->wsi);
    w->state = WS_DEAD;
    ws_lose(w, why);
}

/* Behind whatever libwebsockets still has to send. It copies what the socket does not take. */
static bool write_behind(struct ws *w, const char *bytes, size_t n)
{
    server_count(w->server, M_WRITES, 1);
    return lws_write(w->wsi, (unsigned char *)(uintptr_t)bytes, n, LWS_WRITE_HTTP) >= 0;
}

/* Frames from the front of the queue, as many as go into one call. */
static ssize_t send_front(struct ws *w, size_t *all)
{
    struct outq *q = &w->conn->out;
    struct iovec v[MAX_PARTS];
    unsigned n = q->count < MAX_PARTS ? q->count : MAX_PARTS;
    *all = 0;
    for (unsigned i = 0; i < n; i++) {
        struct frame *f = outq_at(q, i);
        v[i] = (struct iovec){f->bytes, f->n};
        *all += f->n;
    }
    server_count(w->server, M_WRITES, 1);
    if (n == 1)
        return send(w->fd, v[0].iov_base, v[0].iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sendmsg(w->fd, &(struct msghdr){.msg_iov = v, .msg_iovlen = n}, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* The frame that was cut off is completed by libwebsockets. */
static bool hand_rest_over(struct ws *w)
{
    struct conn *c = w->conn;
    if (c->out.offset == 0)
        return true;
    struct frame *f = outq_at(&c->out, 0);
    size_t left = f->n - c->out.offset;
    if (!write_behind(w, f->bytes + c->out.offset, left))
        return false;
    conn_written(c, left);
    return true;
}

static void write_queue(struct ws *w)
{
    struct conn *c = w->conn;
    size_t all;
    while (c->out.count > 0) {
        if (lws_partial_buffered(w->wsi)) { /* it asks for SERVER_WRITEABLE by itself */
            c->behind = true;
            return;
        }
        ssize_t n = send_front(w, &all);
        if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS) {
            broken(w);
            return;
        }
        if (n > 0)
            conn_written(c, (size_t)n);
        if (n >= 0 && (size_t)n == all)
            continue;
        if (!hand_rest_over(w)) {
            broken(w);
            return;
        }
        c->behind = true;
        lws_libevent_wait_writable(w->wsi);
        return;
    }
    c->behind = lws_partial_buffered(w->wsi) != 0;
}

/* A frame's messages, the binary ones as text. */
static int put_base64(struct buf *out, const struct frame *f)
{
    struct slice rest = {f->bytes, f->n};
    struct ws_frame ws;
    size_t need;
    char header[WS_MAX_HEADER];
    while (rest.n > 0) {
        int got = ws_frame_next(&rest, SIZE_MAX, &ws, &need);
        assert(got == 1); /* we made it */
        bool binary = ws.opcode == WS_BINARY;
        size_t size = binary ? 1 + base64_encoded_size(ws.payload.n) : ws.payload.n;
        (void)buf_add(out, (struct slice){header, ws_put_header(header, binary ? WS_TEXT : ws.opcode, size)});
        if (buf_reserve(out, size) != 0)
            return out->err;
        if (binary) {
            (void)buf_addc(out, 'b');
            out->n += base64_encode(ws.payload, out->p + out->n);
        } else {
            (void)buf_add(out, ws.payload);
        }
    }
    return out->err;
}

/* For the few clients that ask for it: not shared, not in one call. */
static void write_queue_base64(struct ws *w)
{
    struct conn *c = w->conn;
    while (c->out.count > 0 && !lws_partial_buffered(w->wsi)) {
        struct frame *f = outq_at(&c->out, 0);
        struct buf out;
        buf_init(&out, SIZE_MAX);
        bool ok = put_base64(&out, f) == 0 && write_behind(w, out.p, out.n);
        buf_free(&out);
        if (!ok) {
            broken(w);
            return;
        }
        conn_written(c, f->n);
    }
    c->behind = lws_partial_buffered(w->wsi) != 0;
}

void ws_send_control(struct ws *w, const char *bytes, size_t n)
{
    if (!write_behind(w, bytes, n))
        broken(w);
}

void ws_send_text(struct ws *w, const char *text)
{
    char bytes[64];
    size_t n = strlen(text), head = ws_put_header(bytes, WS_TEXT, n);
    assert(head + n <= sizeof bytes);
    memcpy(bytes + head, text, n);
    if (lws_partial_buffered(w->wsi)) /* it does not even read these few bytes, and asks for more */
        broken(w);
    else
        ws_send_control(w, bytes, head + n);
}

void ws_pause(struct ws *w, bool paused)
{
    w->paused = paused;
    if (w->state == WS_OPEN)
        lws_libevent_watch_input(w->wsi, !paused);
    list_remove(&w->resumed);
    if (!paused && w->unread.n > 0) /* not at once: the broker is in the middle of something */
        list_append(&w->server->resumed, &w->resumed);
}

/* RFC 6455, section 5.5.1. */
void ws_close(struct ws *w, int code, const char *reason)
{
    char bytes[2 + 125];
    size_t text = code == 0 ? 0 : strlen(reason), n = code == 0 ? 0 : 2 + text;
    assert(n <= 125 && w->state == WS_OPEN);
    size_t head = ws_put_header(bytes, WS_CLOSE, n);
    if (code != 0) {
        bytes[head] = (char)(code >> 8);
        bytes[head + 1] = (char)code;
        memcpy(bytes + head + 2, reason, text);
    }
    ws_pause(w, false); /* or its close frame would never be read */
    w->state = WS_CLOSE_SENT;
    server_timer(w->server, &w->timer, WEBSOCKET_CLOSE_MS);
    if (!write_behind(w, bytes, head + n))
        ws_cut(w);
    else if (w->deaf && !lws_partial_buffered(w->wsi))
        (void)shutdown(w->fd, SHUT_WR); /* its close frame would not be understood */
}

/* Engine.IO closes without a code, but for the two that concern the WebSocket and not the session. */
static int code_of(const struct ws *w)
{
    const struct conn *c = w->conn;
    if (w->code != 0)
        return w->code;
    if (c->dialect->index == DIALECT_SOCKETIO && c->reason != CLOSE_TOO_LARGE)
        return 0;
    return close_reason_code(c->reason);
}

/* What is queued goes out first, then the close frame, and then the broker may forget it. */
static void finish(struct ws *w)
{
    struct conn *c = w->conn;
    if (c->out.count > 0 || lws_partial_buffered(w->wsi)) {
        if (!timer_active(&w->timer))
            server_timer(w->server, &w->timer, WEBSOCKET_CLOSE_MS);
        lws_callback_on_writable(w->wsi);
        return;
    }
    ws_close(w, code_of(w), close_reason_name(c->reason));
    ws_lose(w, c->reason);
}

static void websocket_flush(struct conn *c)
{
    struct ws *w = c->io;
    if (w->state == WS_HANDSHAKE) /* touched again when it is over */
        return;
    assert(w->state == WS_OPEN && w->conn == c);
    if (c->state == CONN_CLOSING && close_reason_abrupt(c->reason)) {
        ws_cut(w);
        return;
    }
    if (w->base64)
        write_queue_base64(w);
    else
        write_queue(w);
    if (c->state == CONN_CLOSING && !close_reason_abrupt(c->reason)) /* else it has just been found broken */
        finish(w);
}

static void websocket_pause(struct conn *c, bool paused)
{
    struct ws *w = c->io;
    ws_pause(w, paused);
}

const struct transport transport_websocket = {
    .name = "websocket", .flush = websocket_flush, .pause = websocket_pause};
