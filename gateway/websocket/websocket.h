/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket connections. libwebsockets does the handshake and reads frames; our frames, which carry their
 * headers, go past it to the socket (write.c).
 *
 * It never sees the client's HTTP request: http.c has read and judged it, and hands the socket over together
 * with a minimal request of our own making (open.c). */
#ifndef GATEWAY_WEBSOCKET_WEBSOCKET_H
#define GATEWAY_WEBSOCKET_WEBSOCKET_H

#include <libwebsockets.h>

#include "core/base/buf.h"
#include "core/broker/conn.h"
#include "gateway/http/request.h"

struct http;
struct polling;
struct server;

#define WEBSOCKET_CLOSE_MS   5000 /* for flushing, and for the peer's answer to our close frame */
#define WEBSOCKET_READ_SIZE  1024 /* of one read; each connection keeps a buffer of this size */
#define WEBSOCKET_WRITE_SIZE 1048576

enum ws_state {
    WS_HANDSHAKE,
    WS_OPEN,
    WS_CLOSE_SENT, /* our close frame is out, the peer's is awaited */
    WS_DEAD        /* libwebsockets is closing it: nothing may be written past it any more */
};

struct ws {
    struct server *server;
    struct lws *wsi; /* NULL before the hand-over */
    enum ws_state state;
    bool paused;
    bool base64;              /* Engine.IO's b64=1: binary messages go out as text "b<base64>" */
    bool bad_utf8;            /* why it closes, if conn's reason does not say it */
    struct conn *conn;        /* NULL while it probes, and when it is lost */
    struct polling *upgrades; /* the polling session that it wants to take over */
    struct buf message;       /* what has come of a message that is longer than one read, or fragmented */
    struct buf headers;       /* more lines for the 101 answer, until it is sent */
    struct timer timer;       /* the upgrade's, and later the close's limit */
};

extern const struct transport transport_websocket;

/* websocket.c */
struct ws *ws_new(struct server *server, const struct request *r) MUST_CHECK;
void ws_free(struct ws *w); /* before the hand-over */
extern const struct lws_protocols websocket_protocols[];
/* A client must mask its frames (RFC 6455, section 5.1), which libwebsockets does not check. One that does
 * not is found out by its first frame. True: that has been looked at. */
bool websocket_first_read(struct lws *wsi);

/* open.c */
/* Why the request cannot become a WebSocket (an HTTP status and a text), or 0. */
int websocket_refusal(const struct server *server, const struct request *r, const char **why);
/* Gives the socket of h, whose handler is running, to libwebsockets. w may be freed afterwards. */
void websocket_hand_over(struct http *h, const struct request *r, struct ws *w);
/* Engine.IO on WebSocket from the start. */
void websocket_engine(struct http *h, const struct request *r);

/* write.c */
/* Sends a short text message of our own, before or after whole frames. */
void ws_send_text(struct ws *w, const char *text);
/* Sends a close frame (without code when it is 0) and waits for the peer's. */
void ws_close(struct ws *w, int code, const char *reason);
/* Cuts the TCP connection. */
void ws_cut(struct ws *w);
/* The connection is gone for the broker. */
void ws_lose(struct ws *w, enum close_reason why);

#endif
