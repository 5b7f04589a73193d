/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 on one TCP connection: requests are read one after the other, each is handed to the handler of its
 * path (route.c), which answers at once, later, or with a stream, or takes the socket for a WebSocket.
 *
 * This is not left to libwebsockets, whose server up to 4.3 does not return from one call when a POST follows
 * another request in the same segment, decodes paths beyond repair (+, &, //) and cannot answer what it
 * cannot parse. It takes over when a connection becomes a WebSocket (websocket.h). */
#ifndef GATEWAY_HTTP_HTTP_H
#define GATEWAY_HTTP_HTTP_H

#include <event2/event.h>
#include <sys/uio.h>

#include "core/base/frame.h"
#include "core/base/list.h"
#include "core/base/timer.h"
#include "core/codec/http_chunks.h"
#include "gateway/http/request.h"

struct http;
struct server;

#define HTTP_HEAD_MAX     16384   /* bytes of a request line and its headers */
#define HTTP_PIPELINE_MAX 16384   /* bytes that are read ahead while an answer is pending */
#define HTTP_LINGER_MAX   1048576 /* bytes of a refused body that are read and thrown away */
#define HTTP_IDLE_MS      75000   /* between two requests; longer than NGINX keeps its side */
#define HTTP_STALL_MS     30000   /* an answer of which the client takes nothing for so long is given up */
#define HTTP_LINGER_MS    5000

enum http_state {
    HTTP_READING,   /* a request, or nothing between two */
    HTTP_HANDLING,  /* its handler is running */
    HTTP_HELD,      /* the answer comes later */
    HTTP_WRITING,   /* the socket took only a part of the answer */
    HTTP_STREAMING, /* the answer ends with the connection */
    HTTP_LINGERING, /* answered before all of the request was read: a reset would destroy the answer */
    HTTP_CLOSED     /* freed at the end of the turn */
};

/* Whoever is answering later, or reads a body. Neither call comes after the answer. */
struct http_owner {
    /* The client is gone, or its request was given up: arg must not use h any more. */
    void (*gone)(void *arg, struct http *h);
    /* A stream's socket takes bytes again. */
    void (*writable)(void *arg);
};

struct route;

struct http {
    struct server *server;
    struct link all;    /* in server->http, or in server->dead */
    struct link unread; /* in server->unread */
    int fd;
    enum http_state state;
    enum {
        HTTP_NO_LIMIT,
        HTTP_REQUEST_LIMIT,
        HTTP_IDLE_LIMIT
    } limit; /* what the timer measures in HTTP_READING */
    bool keep_alive;
    bool head_only;   /* HEAD: the answer has no body */
    bool admitted;    /* the request at hand may have its body, which is being read */
    bool body_unread; /* the request at hand has a body that is not read before the answer */
    struct event *read, *write;
    struct slice following; /* while handling: what came behind the request */
    struct buf in;          /* input that waits */
    size_t scanned;         /* so much of it holds no end of a head */
    size_t head_size;       /* of the request, once admitted */
    size_t need;            /* bytes of the whole request, once admitted and known */
    bool chunked;           /* the admitted body comes in chunks and is not complete */
    struct http_chunks chunks;
    size_t body_size;   /* of what has been decoded */
    size_t body_max;    /* set by the route's admit */
    size_t thrown_away; /* HTTP_LINGERING */
    struct buf out;     /* what the socket has not taken of the answer: first this, */
    struct frame *rest; /* then this from rest_at on */
    size_t rest_at;
    char *
        origin; /* of the request at hand, for the answer's CORS headers; NULL: none, or it does not matter */
    const struct http_owner *owner;
    void *owner_arg;
    struct timer timer;
    char peer[46]; /* the other end of the TCP connection */
};

/* A request's way: `prefix` of its path (the whole path when exact). admit comes once, when the head is
 * there: false if it has answered; NULL: handle does not want a body. handle must answer, hold, stream or
 * give the socket away. */
struct route {
    const char *prefix;
    bool exact;
    bool (*admit)(struct http *h, const struct request *r);
    void (*handle)(struct http *h, const struct request *r, struct slice body);
};
const struct route *http_route(struct slice path);

/* Takes over an accepted socket. */
void http_open(struct server *server, int fd, const char *peer);
/* Cuts the connection; the owner is not told. */
void http_close(struct http *h);
/* The loop's end of a turn: requests that waited, at least one and no more after `until` (loop.h). True if
 * there were any. */
bool http_turn(struct server *server, uint64_t until);

struct answer {
    int status;
    const char *type;    /* Content-Type, or NULL */
    const char *headers; /* more lines, each with its \r\n, or NULL */
    struct slice body;
    struct frame *frame; /* if the body lies in one: it is shared, not copied, when the socket is full */
    bool counted;        /* the body's bytes are counted already */
};
/* From the handler, or while held. May close h. */
void http_answer(struct http *h, const struct answer *a);
/* {"error":{"code":"...","message":"..."}} */
void http_error(struct http *h, int status, const char *code, const char *message);
void http_error_of(struct http *h, int err);
void http_error_with(struct http *h, int status, const char *headers, const char *code, const char *message);
void http_not_allowed(struct http *h, const char *allow); /* 405 */
/* The answer to this request closes the connection. */
void http_close_after(struct http *h);

/* The owner hears when the client goes before the answer. */
void http_own(struct http *h, const struct http_owner *owner, void *arg);
/* From the handler: the answer comes later. */
void http_hold(struct http *h, const struct http_owner *owner, void *arg);
/* From the handler, or while held: an answer without end. a->body is its beginning. */
void http_stream(struct http *h, const struct answer *a);
/* Writes to a stream: the number of bytes taken; fewer: writable() comes; -1: the connection is lost, gone()
 * was not called. */
ssize_t http_write(struct http *h, const struct iovec *v, int count) MUST_CHECK;
/* From the handler: the socket, h->fd, is somebody else's. After that one has begun to watch it: then neither
 * costs a system call. It may have been closed, but no other opened, since. */
void http_gave_socket(struct http *h);

/* A zero terminated copy, or NULL. */
char *http_string(struct slice s);
/* Appends the CORS headers that a request from this origin (or NULL) is answered with. */
int http_put_cors(const struct server *server, const char *origin, struct buf *b);
/* The origin may not open WebSockets: allowed_origins is set, and does not have it. */
bool http_origin_refused(const struct server *server, struct slice origin);

#endif
