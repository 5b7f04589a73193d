/* SPDX-License-Identifier: Apache-2.0 */
/* What libwebsockets says about WebSocket connections. */
#include "gateway/websocket/websocket.h"

#include <assert.h>
#include <stdlib.h>

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
    buf_init(&w->unread, SERVER_READ_SIZE + HTTP_INPUT_MAX);
    list_init(&w->resumed);
    timer_init(&w->timer, on_timer);
    return w;
}

void ws_free(struct ws *w)
{
    timer_stop(&w->timer);
    list_remove(&w->resumed);
    buf_free(&w->message);
    buf_free(&w->headers);
    buf_free(&w->unread);
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

static void on_established(struct ws *w)
{
    w->state = WS_OPEN;
    w->fd = lws_get_socket_fd(w->wsi);
    buf_free(&w->headers);
    lws_libevent_take_input(w->wsi, ws_read_socket, w);
    lws_libevent_watch_input(w->wsi, !w->paused);
    if (w->conn == NULL)
        return;
    if (w->reader.deflate)
        conn_compress(w->conn);
    conn_touch(w->conn); /* its greeting waits */
}

/* The socket takes bytes again, and what libwebsockets had buffered is out. */
static void on_room(struct ws *w)
{
    if (w->answered)
        ws_cut(w);
    else if (w->pong_due && w->state == WS_OPEN)
        ws_send_pong(w);
    if (w->conn != NULL)
        transport_websocket.flush(w->conn);
}

/* It is closing: because of a broken socket, or because we asked for it. */
static void on_drop(struct ws *w)
{
    w->state = WS_DEAD;
    ws_lose(w, CLOSE_LOST);
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
    (void)len;
    if (w == NULL)
        return reason == LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED ? adopt(wsi) : 0;
    assert(w->wsi == wsi);
    switch (reason) {
    case LWS_CALLBACK_ADD_HEADERS:
        return add_headers(w, in);
    case LWS_CALLBACK_ESTABLISHED:
        on_established(w);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        on_room(w);
        return 0;
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
     .rx_buffer_size = 16, /* unused, and there is one per connection */
     .tx_packet_size = WEBSOCKET_WRITE_SIZE},
    {0},
};
