/* SPDX-License-Identifier: Apache-2.0 */
/* What libwebsockets says about WebSocket connections. */
#include "gateway/websocket/websocket.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/base/utf8.h"
#include "core/dialect/dialect.h"
#include "gateway/engineio/probe.h"
#include "gateway/http/http.h"
#include "gateway/server/lws_libevent.h"
#include "gateway/server/server.h"

static void on_timer(struct timer *t, uint64_t now)
{
    struct ws *w = container_of(t, struct ws, timer);
    (void)now;
    if (w->upgrades != NULL && w->state == WS_OPEN)
        probe_failed(w);
    else
        ws_cut(w);
}

struct ws *ws_new(struct server *server, const struct request *r)
{
    struct ws *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->server = server;
    w->base64 = request_param(r, "b64").n > 0;
    buf_init(&w->message, server_settings(server)->max_message_bytes);
    buf_init(&w->headers, 2 * HTTP_HEAD_MAX);
    timer_init(&w->timer, on_timer);
    return w;
}

void ws_free(struct ws *w)
{
    timer_stop(&w->timer);
    buf_free(&w->message);
    buf_free(&w->headers);
    free(w);
}

void ws_lose(struct ws *w, enum close_reason why)
{
    struct conn *c = w->conn;
    w->conn = NULL;
    buf_free(&w->message);
    if (c != NULL)
        conn_lost(c, why);
    if (w->upgrades != NULL)
        probe_lost(w);
}

/* Is anybody interested in what it says? */
static bool listening(const struct ws *w)
{
    return w->state == WS_OPEN && (w->upgrades != NULL || (w->conn != NULL && w->conn->state == CONN_OPEN));
}

static void end(struct ws *w, enum close_reason why)
{
    buf_free(&w->message);
    if (w->conn != NULL)
        conn_close(w->conn, why);
    else
        probe_failed(w);
}

static void deliver(struct ws *w, struct slice bytes, bool binary)
{
    if (!binary && !utf8_valid(bytes)) {
        w->bad_utf8 = true;
        end(w, CLOSE_PARSE);
    } else if (w->conn != NULL) {
        conn_message(w->conn, bytes, binary);
    } else {
        probe_message(w, bytes, binary);
    }
}

/* A piece of a message, at most WEBSOCKET_READ_SIZE. The usual small message is one piece and is not copied.
 */
static void on_receive(struct ws *w, const char *in, size_t len)
{
    bool last = lws_is_final_fragment(w->wsi) != 0;
    size_t announced = lws_remaining_packet_payload(w->wsi);
    if (!listening(w))
        return;
    if (!last)
        lws_libevent_read_on(w->wsi);
    if (announced > w->message.max || w->message.n + len + announced > w->message.max) {
        end(w, CLOSE_TOO_LARGE);
        return;
    }
    struct slice bytes = {len > 0 ? in : "", len};
    bool whole = last && w->message.n == 0;
    if (!whole && buf_add(&w->message, bytes) != 0) {
        end(w, CLOSE_NOMEM);
        return;
    }
    if (!last)
        return;
    deliver(w, whole ? bytes : buf_slice(&w->message), lws_frame_is_binary(w->wsi) != 0);
    buf_free(&w->message);
}

bool websocket_first_read(struct lws *wsi)
{
    struct ws *w = lws_wsi_user(wsi);
    unsigned char start[2];
    if (w == NULL || w->state != WS_OPEN)
        return false;
    ssize_t n = recv(lws_get_socket_fd(wsi), start, sizeof start, MSG_PEEK | MSG_DONTWAIT);
    if (n == 2 && !(start[1] & 0x80) && listening(w))
        end(w, CLOSE_PROTOCOL);
    return n == 2;
}

/* Engine.IO has heartbeats of its own, and only they count. */
static void on_pong(struct ws *w)
{
    if (w->conn != NULL && w->conn->dialect->index != DIALECT_SOCKETIO)
        conn_pong(w->conn);
}

static void on_established(struct ws *w)
{
    w->state = WS_OPEN;
    buf_free(&w->headers);
    if (w->paused)
        lws_rx_flow_control(w->wsi, 0);
    if (w->conn != NULL)
        conn_touch(w->conn); /* its greeting waits */
}

/* -1: libwebsockets closes at once; 0: it answers the close frame first. */
static int on_peer_close(struct ws *w)
{
    bool answered = w->state == WS_CLOSE_SENT;
    w->state = WS_DEAD;
    timer_stop(&w->timer);
    ws_lose(w, CLOSE_PEER);
    return answered ? -1 : 0;
}

/* Comes before libwebsockets sends a close frame of its own, which it does when the peer breaks the protocol.
 */
static void on_drop(struct ws *w)
{
    enum close_reason why = CLOSE_LOST;
    if (w->state == WS_OPEN && lws_get_close_length(w->wsi) > 0)
        why = CLOSE_PROTOCOL;
    w->state = WS_DEAD;
    ws_lose(w, why);
}

static void on_destroy(struct ws *w)
{
    struct server *server = w->server;
    w->state = WS_DEAD;
    ws_lose(w, CLOSE_LOST);
    if (server->adopting == w)
        server->adopting = NULL;
    server->sockets--;
    ws_free(w);
}

/* `in` describes a place behind the other headers of the 101 answer. */
static int add_headers(struct ws *w, struct lws_process_html_args *place)
{
    if (w->headers.n > (size_t)place->max_len)
        return 1;
    if (w->headers.n > 0)
        memcpy(place->p, w->headers.p, w->headers.n);
    place->p += w->headers.n;
    return 0;
}

static int adopt(struct lws *wsi)
{
    struct server *server = lws_context_user(lws_get_context(wsi));
    struct ws *w = server->adopting;
    assert(w != NULL && w->wsi == NULL);
    w->wsi = wsi;
    /* Without user data libwebsockets would not tell of WS_SERVER_DROP_PROTOCOL. */
    lws_set_wsi_user(wsi, w);
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct ws *w = user;
    if (w == NULL)
        return reason == LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED ? adopt(wsi) : 0;
    assert(w->wsi == wsi);
    switch (reason) {
    case LWS_CALLBACK_ADD_HEADERS:
        return add_headers(w, in);
    case LWS_CALLBACK_ESTABLISHED:
        on_established(w);
        return 0;
    case LWS_CALLBACK_RECEIVE:
        on_receive(w, in, len);
        return 0;
    case LWS_CALLBACK_RECEIVE_PONG:
        on_pong(w);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        if (w->conn != NULL)
            transport_websocket.flush(w->conn);
        return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return on_peer_close(w);
    case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
        on_drop(w);
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        on_destroy(w);
        return 0;
    default:
        return 0;
    }
}

const struct lws_protocols websocket_protocols[] = {
    {.name = "roomcast",
     .callback = on_event,
     .rx_buffer_size = WEBSOCKET_READ_SIZE,
     .tx_packet_size = WEBSOCKET_WRITE_SIZE},
    {0},
};
