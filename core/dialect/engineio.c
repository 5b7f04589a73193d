/* SPDX-License-Identifier: Apache-2.0 */
/* Engine.IO sessions: packets in and out of messages and polling payloads, and the upgrade. */
#include "core/dialect/engineio.h"

#include <assert.h>
#include <stdlib.h>

#include "core/base/base64.h"
#include "core/base/random.h"
#include "core/broker/state.h"
#include "core/codec/engineio.h"
#include "core/dialect/frames.h"
#include "core/dialect/socketio.h"
#include "core/dialect/socketio_encode.h"

#define SID_SIZE 24 /* of those that we make: 144 random bits */

static struct session *session_of(struct conn *c)
{
    return container_of(c, struct session, conn);
}

const char *eio_error_message(enum eio_error code)
{
    static const char *const text[] = {
        "Transport unknown", "Session ID unknown", "Bad handshake method",
        "Bad request",       "Forbidden",          "Unsupported protocol version"};
    return text[code];
}

static bool sid_acceptable(struct slice sid)
{
    if (sid.n < 16 || sid.n > SESSION_ID_MAX)
        return false;
    for (size_t i = 0; i < sid.n; i++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", sid.p[i]) == NULL ||
            sid.p[i] == '\0')
            return false;
    return true;
}

static struct session *find_any(struct broker *b, struct slice sid)
{
    struct session *s;
    HASH_FIND(hh, b->sessions, sid.p, (unsigned)sid.n, s);
    return s;
}

struct session *session_find(struct broker *b, struct slice sid)
{
    struct session *s = find_any(b, sid);
    return s != NULL && s->conn.state != CONN_LOST ? s : NULL;
}

static void name_session(struct session *s, struct slice sid)
{
    struct broker *b = s->conn.broker;
    if (sid_acceptable(sid) && find_any(b, sid) == NULL) {
        memcpy(s->sid, sid.p, sid.n);
        s->sid_size = (uint8_t)sid.n;
    } else {
        random_name(s->sid, SID_SIZE);
        s->sid_size = SID_SIZE;
    }
    HASH_ADD_KEYPTR(hh, b->sessions, s->sid, s->sid_size, s);
}

static void send_open(struct session *s)
{
    const struct slice parts[] = {SLICE_LIT("0{\"sid\":\""),
                                  {s->sid, s->sid_size},
                                  s->websocket ? SLICE_LIT("\",\"upgrades\":[")
                                               : SLICE_LIT("\",\"upgrades\":[\"websocket\""),
                                  buf_slice(&s->conn.broker->session_open)};
    conn_send_own(&s->conn, frame_of_parts(WS_TEXT, parts, 4, NULL, 0));
}

static void connect_late(struct timer *t, uint64_t now)
{
    (void)now;
    conn_close(&container_of(t, struct session, connect_timer)->conn, CLOSE_CONNECT_TIMEOUT);
}

struct session *session_open(struct broker *b, const struct transport *t, void *io, bool websocket,
                             struct slice sid, struct slice peer)
{
    struct conn *c = conn_open(b, &dialect_socketio, t, io, peer);
    if (c == NULL)
        return NULL;
    struct session *s = session_of(c);
    s->websocket = websocket;
    name_session(s, sid);
    timer_init(&s->connect_timer, connect_late);
    timer_start(&b->timers, &s->connect_timer, b->now, b->settings->connect_timeout_ms);
    send_open(s);
    return s;
}

static void session_release(struct conn *c)
{
    struct session *s = session_of(c);
    timer_stop(&s->connect_timer);
    socketio_release(s);
    HASH_DEL(c->broker->sessions, s);
}

static void on_base64(struct session *s, struct slice base64)
{
    char *bytes = malloc(base64.n + 3);
    if (bytes == NULL) {
        conn_close(&s->conn, CLOSE_NOMEM);
        return;
    }
    long n = base64_decode(base64, bytes);
    if (n < 0)
        conn_close(&s->conn, CLOSE_PARSE);
    else
        socketio_binary(s, (struct slice){bytes, (size_t)n});
    free(bytes);
}

static void on_packet(struct session *s, const struct eio_packet *p)
{
    switch (p->type) {
    case EIO_MESSAGE:
        if (p->base64)
            on_base64(s, p->data);
        else
            socketio_text(s, p->data);
        break;
    case EIO_PONG:
        conn_pong(&s->conn);
        break;
    case EIO_CLOSE:
        conn_close(&s->conn, CLOSE_PEER);
        break;
    case EIO_PING: /* heartbeats go from server to client */
        conn_close(&s->conn, CLOSE_PROTOCOL);
        break;
    case EIO_OPEN:
    case EIO_UPGRADE:
    case EIO_NOOP:
        break;
    }
}

static void session_message(struct conn *c, struct slice bytes, bool binary)
{
    struct session *s = session_of(c);
    struct eio_packet packet;
    if (binary)
        socketio_binary(s, bytes);
    else if (eio_decode(bytes, &packet) != 0)
        conn_close(c, CLOSE_PARSE);
    else
        on_packet(s, &packet);
}

int session_payload(struct session *s, struct slice *body, unsigned most)
{
    struct eio_packet packet;
    struct slice rest = *body;
    bool first = true;
    int got = 0;
    while (s->conn.state == CONN_OPEN && (got = eio_payload_next(&rest, &first, &packet)) == 1) {
        on_packet(s, &packet);
        if (--most == 0)
            break;
    }
    bool more = got == 1 && s->conn.state == CONN_OPEN && rest.n > 0;
    rest = slice_from(rest, more ? 1 : rest.n); /* the separator, or all */
    s->conn.broker->metrics->v[M_BYTES_IN] += body->n - rest.n;
    *body = rest;
    if (got < 0)
        conn_close(&s->conn, CLOSE_PARSE);
    return got < 0 ? ERR_PARSE : more;
}

/* One queued frame holds one or more WebSocket frames: each is a packet of the payload. */
static int put_packets(struct buf *body, const struct frame *f)
{
    struct slice rest = {f->bytes, f->n};
    struct ws_frame ws;
    size_t need;
    while (rest.n > 0) {
        int got = ws_frame_next(&rest, SIZE_MAX, &ws, &need);
        assert(got == 1); /* we made it */
        int err = body->n > 0 ? buf_addc(body, EIO_SEPARATOR) : 0;
        if (err == 0 && ws.opcode == WS_TEXT)
            err = buf_add(body, ws.payload);
        else if (err == 0) {
            err = buf_addc(body, 'b');
            if (err == 0)
                err = buf_reserve(body, base64_encoded_size(ws.payload.n));
            if (err == 0)
                body->n += base64_encode(ws.payload, body->p + body->n);
        }
        if (err != 0)
            return err;
    }
    return 0;
}

int session_take(struct session *s, struct buf *body)
{
    struct conn *c = &s->conn;
    while (c->out.count > 0) {
        int err = put_packets(body, outq_at(&c->out, 0));
        if (err != 0)
            return ERR_NOMEM;
        conn_written(c, outq_at(&c->out, 0)->n);
    }
    return 0;
}

int session_probe_begin(struct session *s)
{
    if (s->websocket || s->probing || s->conn.state != CONN_OPEN)
        return ERR_BAD_REQUEST;
    s->probing = true;
    return 0;
}

enum probe_action session_probe_message(struct session *s, struct slice text, bool binary)
{
    if (binary || s->conn.state != CONN_OPEN)
        return PROBE_FAIL;
    if (slice_is(text, "2probe"))
        return PROBE_PONG;
    return slice_is(text, "5") ? PROBE_SWITCH : PROBE_FAIL;
}

void session_probe_end(struct session *s)
{
    s->probing = false;
}

void session_switch(struct session *s, const struct transport *t, void *io)
{
    assert(s->probing);
    s->probing = false;
    s->websocket = true;
    s->conn.behind = false;
    conn_set_transport(&s->conn, t, io);
    conn_touch(&s->conn);
}

static struct frame *session_ping(struct broker *b)
{
    struct slice ping = SLICE_LIT("2");
    (void)b;
    return frame_of_parts(WS_TEXT, &ping, 1, NULL, 0);
}

const struct dialect dialect_socketio = {.name = "socketio",
                                         .index = DIALECT_SOCKETIO,
                                         .conn_size = sizeof(struct session),
                                         .in_namespace = true,
                                         .pings = true,
                                         .opened = M_OPENED_SOCKETIO,
                                         .message = session_message,
                                         .release = session_release,
                                         .ping = session_ping,
                                         .encode = socketio_encode,
                                         .connected = socketio_connected,
                                         .ack = socketio_ack,
                                         .fail = socketio_fail,
                                         .request = socketio_request};
