/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket connections. libwebsockets does the handshake, owns the connection, and keeps what the socket
 * does not take of a frame; frames are read and written past it (read.c, write.c): it reads 1 KiB at a time,
 * does not ask for the mask, and swallows empty pongs.
 *
 * It never sees the client's HTTP request: http.c has read and judged it, and hands the socket over together
 * with a minimal request of our own making (open.c). */
#ifndef GATEWAY_WEBSOCKET_WEBSOCKET_H
#define GATEWAY_WEBSOCKET_WEBSOCKET_H

#include <libwebsockets.h>

#include "core/base/buf.h"
#include "core/broker/conn.h"
#include "core/codec/websocket_read.h"
#include "gateway/http/request.h"

struct http;
struct polling;
struct server;

#define WEBSOCKET_CLOSE_MS   5000 /* for flushing, and for the peer's answer to our close frame */
#define WEBSOCKET_WRITE_SIZE 1048576

enum ws_state {
    WS_HANDSHAKE,
    WS_OPEN,
    WS_CLOSE_SENT, /* our close frame is out, the peer's is awaited */
    WS_DEAD        /* libwebsockets is closing it: nothing may be written past it any more */
};

/* What each write of a turn needs comes first, in one cache line. */
struct ws {
    struct conn *conn; /* NULL while it probes, and when it is lost */
    struct lws *wsi;   /* NULL before the hand-over */
    struct server *server;
    int fd; /* libwebsockets'; once it is open */
    enum ws_state state;
    bool paused;
    bool base64;   /* Engine.IO's b64=1: binary messages go out as text "b<base64>" */
    bool deaf;     /* it broke the protocol: what it says further is not understood */
    bool answered; /* the peer's close frame has come, too */
    bool pong_due; /* the last ping is not answered yet: the socket is full */
    uint8_t pong_size;
    int code; /* of the close frame, if conn's reason does not say it */
    struct ws_reader reader;
    struct buf unread;        /* what had been read when it was paused, or had had its share of a turn */
    struct link resumed;      /* in server->resumed: has input in unread, and is not paused */
    struct polling *upgrades; /* the polling session that it wants to take over */
    struct buf message;       /* what has come of a message that is longer than one read, or fragmented */
    struct buf headers;       /* more lines for the 101 answer, until it is sent */
    struct timer timer;       /* the upgrade's, and later the close's limit */
    char pong[WS_CONTROL_MAX];
};

extern const struct transport transport_websocket;

/* websocket.c */
struct ws *ws_new(struct server *server, const struct request *r) MUST_CHECK;
void ws_free(struct ws *w); /* before the hand-over */
extern const struct lws_protocols websocket_protocols[];

/* deflate.c */
/* Do we agree on permessage-deflate with this client? 1: *answer is what to answer; 0: no; ERR_PARSE: what it
 * says is malformed. */
int ws_deflate_agree(const struct server *server, const struct request *r, const char **answer) MUST_CHECK;
/* From now on compressed messages may come; they may be larger than what is in them. */
void ws_deflate_begin(struct ws *w);
/* *bytes, a compressed message's payload, becomes the message, valid until the next call. 0, ERR_PARSE,
 * ERR_TOO_LARGE (above max_message_bytes, or INFLATE_BOUND of its size), ERR_NOMEM. */
int ws_inflate(struct ws *w, struct slice *bytes) MUST_CHECK;
/* The message is done with: what is large is given back. */
void ws_inflate_done(struct server *server);

/* read.c */
void ws_read_socket(void *w); /* there is input */
/* Reads frames from bytes that are there; they are changed. */
void ws_take(struct ws *w, char *p, size_t n);
/* Answers the last ping when there is room again. */
void ws_send_pong(struct ws *w);
/* The loop's end of a turn: connections with input that waited, at least one and no more after `until`
 * (loop.h). True if there were any. */
bool websocket_turn(struct server *server, uint64_t until);

/* open.c */
/* Why the request cannot become a WebSocket (an HTTP status and a text), or 0. */
int websocket_refusal(const struct server *server, const struct request *r, const char **why);
/* Gives the socket of h, whose handler is running, to libwebsockets. w may be freed afterwards. */
void websocket_hand_over(struct http *h, const struct request *r, struct ws *w);
/* Engine.IO on WebSocket from the start. */
void websocket_engine(struct http *h, const struct request *r);

/* write.c */
/* Sends a small frame of our own, between whole ones. */
void ws_send_control(struct ws *w, const char *bytes, size_t n);
/* Sends a short text message of our own. */
void ws_send_text(struct ws *w, const char *text);
/* Sends a close frame (without code when it is 0) and waits for the peer's. */
void ws_close(struct ws *w, int code, const char *reason);
/* Stops reading, or goes on. */
void ws_pause(struct ws *w, bool paused);
/* Cuts the TCP connection. */
void ws_cut(struct ws *w);
/* The connection is gone for the broker. */
void ws_lose(struct ws *w, enum close_reason why);

#endif
