/* SPDX-License-Identifier: Apache-2.0 */
/* /socket.io/: the checks that every Engine.IO request goes through, in the order of engine.io 6.6, and whose
 * work it is then. Also the client's own files, /socket.io/socket.io.js and its variants. */
#include "gateway/engineio/engine.h"

#include <stdio.h>

#include "core/dialect/engineio.h"
#include "gateway/engineio/polling.h"
#include "gateway/engineio/probe.h"
#include "gateway/http/files.h"
#include "gateway/http/handlers.h"
#include "gateway/server/server.h"
#include "gateway/websocket/websocket.h"

#define NO_ERROR (-1)

void engine_fail(struct http *h, enum eio_error code)
{
    char body[96];
    int n =
        snprintf(body, sizeof body, "{\"code\":%d,\"message\":\"%s\"}", (int)code, eio_error_message(code));
    http_answer(h, &(struct answer){.status = code == EIO_FORBIDDEN ? 403 : 400,
                                    .type = "application/json",
                                    .body = {body, (size_t)n}});
}

static void refuse_text(struct http *h, int status, const char *headers, const char *text)
{
    http_close_after(h);
    http_answer(h, &(struct answer){
                       .status = status, .type = "text/html", .headers = headers, .body = slice_of(text)});
}

void engine_refuse(struct http *h, const struct request *r, enum eio_error code)
{
    if (r->wants_websocket)
        refuse_text(h, 400, NULL, eio_error_message(code));
    else
        engine_fail(h, code);
}

/* A request with a sid. */
static int check_session(const struct request *r, const struct session *s, bool websocket)
{
    if (r->wants_websocket ? !websocket : websocket != s->websocket)
        return EIO_BAD_REQUEST;
    return slice_is(request_param(r, "EIO"), "4") ? NO_ERROR : EIO_BAD_REQUEST;
}

/* A request for a new session. */
static int check_handshake(const struct request *r, bool websocket)
{
    if (r->head.method != HTTP_GET)
        return EIO_BAD_METHOD;
    if (websocket != r->wants_websocket)
        return EIO_BAD_REQUEST;
    return slice_is(request_param(r, "EIO"), "4") ? NO_ERROR : EIO_BAD_VERSION;
}

/* *s: the session that the request is for, or NULL for a new one. */
static int check(const struct server *server, const struct request *r, struct session **s)
{
    struct slice transport = request_param(r, "transport"), sid = request_param(r, "sid");
    bool websocket = slice_is(transport, "websocket");
    *s = NULL;
    if (!websocket && !slice_is(transport, "polling"))
        return EIO_UNKNOWN_TRANSPORT;
    if (sid.n == 0)
        return check_handshake(r, websocket);
    *s = session_find(server->gateway->broker, sid);
    return *s == NULL ? EIO_UNKNOWN_SID : check_session(r, *s, websocket);
}

/* The client's files, by their names under /socket.io/; NULL if it is none. */
static const char *client_file(const struct request *r)
{
    static const char *const names[] = {"socket.io.js",
                                        "socket.io.js.map",
                                        "socket.io.min.js",
                                        "socket.io.min.js.map",
                                        "socket.io.esm.min.js",
                                        "socket.io.esm.min.js.map",
                                        "socket.io.msgpack.min.js",
                                        "socket.io.msgpack.min.js.map"};
    struct slice name = request_rest(r, "/socket.io/");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (slice_is(name, names[i]))
            return names[i];
    return NULL;
}

static void other_method(struct http *h)
{
    http_answer(h, &(struct answer){.status = 500});
}

bool engine_admit(struct http *h, const struct request *r)
{
    struct session *s;
    if (client_file(r) != NULL)
        return true;
    int code = check(h->server, r, &s);
    if (code != NO_ERROR) {
        engine_refuse(h, r, (enum eio_error)code);
        return false;
    }
    if (r->head.method == HTTP_POST)
        return polling_admit(h, r, s);
    if (r->head.length == 0 && !r->head.chunked)
        return true;
    if (s != NULL && r->head.method != HTTP_GET)
        other_method(h);
    else
        engine_refuse(h, r, EIO_BAD_REQUEST);
    return false;
}

static void open_session(struct http *h, const struct request *r)
{
    if (h->server->gateway->draining)
        http_error(h, 503, "unavailable", "the gateway is leaving");
    else
        polling_open(h, r);
}

static void open_websocket(struct http *h, const struct request *r, struct session *s)
{
    const char *why;
    int status = websocket_refusal(h->server, r, &why);
    if (status != 0)
        refuse_text(h, status, status == 426 ? "Sec-WebSocket-Version: 13\r\n" : NULL, why);
    else if (s != NULL)
        probe_open(h, r, s);
    else
        websocket_engine(h, r);
}

void engine_handle(struct http *h, const struct request *r, struct slice body)
{
    struct session *s;
    const char *file = client_file(r);
    if (file != NULL) {
        char path[96];
        int n = snprintf(path, sizeof path, "socket.io-client/%s", file);
        files_answer(h, r, (struct slice){path, (size_t)n});
        return;
    }
    int code = check(h->server, r, &s); /* again: the session may have gone while the body came */
    if (code != NO_ERROR)
        engine_refuse(h, r, (enum eio_error)code);
    else if (r->wants_websocket)
        open_websocket(h, r, s);
    else if (s == NULL)
        open_session(h, r);
    else if (r->head.method == HTTP_GET)
        polling_get(h, s);
    else if (r->head.method == HTTP_POST)
        polling_post(h, s, body);
    else
        other_method(h);
}
