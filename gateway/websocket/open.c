/* SPDX-License-Identifier: Apache-2.0 */
/* From an HTTP request to a WebSocket: checks, the plain dialects' addresses, and the hand-over. */
#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/dialect/dialect.h"
#include "core/dialect/engineio.h"
#include "core/dialect/plain.h"
#include "gateway/http/handlers.h"
#include "gateway/server/server.h"
#include "gateway/websocket/websocket.h"

/* base64 of 16 bytes */
static bool key_ok(struct slice key)
{
    if (key.n != 24 || key.p[22] != '=' || key.p[23] != '=')
        return false;
    for (size_t i = 0; i < 22; i++)
        if (key.p[i] == '\0' ||
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", key.p[i]) == NULL)
            return false;
    return true;
}

int websocket_refusal(const struct server *server, const struct request *r, const char **why)
{
    struct slice version = r->head.header[HTTP_WS_VERSION];
    *why = "Bad request";
    if (!slice_is(version, "13") && !slice_is(version, "8"))
        return 426;
    if (!key_ok(r->head.header[HTTP_WS_KEY]))
        return 400;
    const char *unused;
    if (ws_deflate_agree(server, r, &unused) < 0)
        return 400;
    *why = "Forbidden";
    if (http_origin_refused(server, r->head.header[HTTP_ORIGIN]))
        return 403;
    *why = "the gateway is leaving";
    return server->gateway->draining ? 503 : 0;
}

/* The first subprotocol that is offered is the one: all of them mean the same here. */
static int put_headers(struct ws *w, const struct request *r)
{
    struct slice offered = r->head.header[HTTP_WS_PROTOCOL], first, origin = r->head.header[HTTP_ORIGIN];
    if (http_list_next(&offered, &first))
        (void)buf_addf(&w->headers, "Sec-WebSocket-Protocol: %.*s\r\n", SLICE_FMT(first));
    const char *extension;
    if (ws_deflate_agree(w->server, r, &extension) == 1) {
        ws_deflate_begin(w);
        (void)buf_addf(&w->headers, "Sec-WebSocket-Extensions: %s\r\n", extension);
    }
    char *z = origin.n > 0 ? http_string(origin) : NULL;
    int err = http_put_cors(w->server, z, &w->headers);
    free(z);
    return err;
}

/* All that libwebsockets hears of the handshake; it takes long over each byte. */
#define REQUEST                                                                                              \
    "GET / HTTP/1.1\r\nHost:r\r\nConnection:upgrade\r\nUpgrade:websocket\r\nSec-WebSocket-Version:13\r\n"    \
    "Sec-WebSocket-Key:" NO_KEY "\r\n\r\n"
#define NO_KEY "                        "

/* libwebsockets closes the socket when it fails. */
static void adopt(struct http *h, const struct request *r)
{
    char request[] = REQUEST;
    struct slice key = r->head.header[HTTP_WS_KEY];
    assert(key.n == sizeof NO_KEY - 1); /* key_ok() */
    memcpy(strstr(request, NO_KEY), key.p, key.n);
    lws_adopt_socket_vhost_readbuf(h->server->vhost, h->fd, request, sizeof request - 1);
    http_gave_socket(h);
}

/* It never became one. */
static void give_up(struct ws *w)
{
    ws_lose(w, CLOSE_NOMEM);
    ws_free(w);
}

/* The answer to the handshake and the greeting behind it shall leave together: a packet is what costs most.
 */
static void cork(int fd, int on)
{
    (void)setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

void websocket_hand_over(struct http *h, const struct request *r, struct ws *w)
{
    struct server *server = w->server;
    if (put_headers(w, r) != 0) {
        http_close(h);
        give_up(w);
        return;
    }
    struct slice following = h->following; /* in a buffer that h still keeps */
    int fd = h->fd;
    bool greets = w->conn != NULL && w->conn->out.count > 0;
    server->adopting = w;
    if (greets)
        cork(fd, true);
    adopt(h, r);
    bool gone = server->adopting == NULL;
    if (!gone && greets && w->wsi != NULL) {
        if (w->conn != NULL && w->state == WS_OPEN)
            transport_websocket.flush(w->conn);
        cork(fd, false);
    }
    if (!gone && w->wsi == NULL) {
        server->sockets--;
        give_up(w);
    } else if (!gone && w->state == WS_OPEN) {
        ws_take(w, (char *)(uintptr_t)following.p, following.n);
    }
    server->adopting = NULL;
}

static void refuse(struct http *h, int status, const char *why)
{
    static const char version[] = "Sec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n";
    http_close_after(h);
    if (status == 426)
        http_error_with(h, status, version, "upgrade_required",
                        "this is the address of a WebSocket, version 13");
    else
        http_error(h, status,
                   status == 400   ? "bad_request"
                   : status == 403 ? "forbidden"
                                   : "unavailable",
                   why);
}

static void open_plain(struct http *h, const struct request *r, const struct dialect *dialect,
                       struct slice room)
{
    const char *why = NULL;
    int status = r->wants_websocket ? websocket_refusal(h->server, r, &why) : 426;
    if (status != 0) {
        refuse(h, status, why);
        return;
    }
    struct ws *w = ws_new(h->server, r);
    struct buf auth;
    buf_init(&auth, 8 * HTTP_HEAD_MAX);
    struct slice ns = request_param(r, "ns");
    int err = w == NULL ? ERR_NOMEM : request_put_auth(r, &auth);
    struct plain_request plain = {.broker = h->server->gateway->broker,
                                  .dialect = dialect,
                                  .transport = &transport_websocket,
                                  .io = w,
                                  .peer = r->peer,
                                  .ns = ns.n > 0 ? ns : SLICE_LIT("/"),
                                  .auth = buf_slice(&auth),
                                  .rooms = &room,
                                  .room_count = room.p != NULL};
    if (err == 0)
        err = plain_open(&plain, &w->conn);
    buf_free(&auth);
    if (err == 0) {
        websocket_hand_over(h, r, w);
        return;
    }
    if (w != NULL)
        ws_free(w);
    http_close_after(h);
    http_error_of(h, err);
}

void websocket_json(struct http *h, const struct request *r, struct slice body)
{
    (void)body;
    open_plain(h, r, &dialect_json, SLICE_NONE);
}

void websocket_raw(struct http *h, const struct request *r, struct slice body)
{
    (void)body;
    open_plain(h, r, &dialect_raw, request_rest(r, "/raw/"));
}

void websocket_engine(struct http *h, const struct request *r)
{
    struct ws *w = ws_new(h->server, r);
    struct slice sid = r->from_proxy ? r->head.header[HTTP_X_ROOMCAST_AFFINITY] : SLICE_NONE;
    struct session *s =
        w == NULL ? NULL
                  : session_open(h->server->gateway->broker, &transport_websocket, w, true, sid, r->peer);
    if (s != NULL) {
        w->conn = &s->conn;
        websocket_hand_over(h, r, w);
        return;
    }
    if (w != NULL)
        ws_free(w);
    http_error_of(h, ERR_NOMEM);
}
