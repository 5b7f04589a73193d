/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of the server: what the HTTP and WebSocket files share. main.c and loop.c see gateway.h only. */
#ifndef GATEWAY_SERVER_SERVER_H
#define GATEWAY_SERVER_SERVER_H

#include <libwebsockets.h>

#include "core/base/buf.h"
#include "gateway/gateway.h"
#include "gateway/http/request.h"
#include "gateway/server/proxies.h"

struct files;
struct inflater;
struct listener;
struct lws_libevent;
struct ws;

#define SERVER_READ_SIZE 65536 /* what one read of a connection takes at most */
#define HTTP_INPUT_MAX   (HTTP_HEAD_MAX + SERVER_READ_SIZE)

struct server {
    struct gateway *gateway;
    struct listener *listener;
    struct files *files;
    struct lws_libevent *events;
    struct lws_context *lws;
    struct lws_vhost *vhost;
    struct ws *adopting; /* the WebSocket that libwebsockets is taking over in this very call */
    struct proxies proxies;
    unsigned sockets;     /* of clients, HTTP and WebSocket */
    struct link http;     /* all HTTP connections */
    struct link unread;   /* those whose input has a request that waited for the answer before it */
    struct link resumed;  /* WebSockets with input that waited: they were paused, or had had their share */
    struct link dead;     /* those to free at the end of the turn */
    struct link polling;  /* all polling sessions */
    struct link payloads; /* those with a POST of which not all is taken */
    struct buf head;      /* scratch: an answer's head */
    struct request_scratch request;
    struct inflater *inflater;    /* NULL until it is needed */
    struct buf inflated;          /* scratch: the compressed message that was read last */
    size_t inflated_bytes;        /* of those that came out of the input at hand */
    char input[SERVER_READ_SIZE]; /* scratch: what was just read */
};

static inline const struct settings *server_settings(const struct server *s)
{
    return &s->gateway->settings;
}

static inline uint64_t server_now(const struct server *s)
{
    return broker_now(s->gateway->broker);
}

static inline void server_timer(const struct server *s, struct timer *t, uint64_t ms)
{
    timer_start(broker_timers(s->gateway->broker), t, server_now(s), ms);
}

static inline void server_count(struct server *s, enum metric m, uint64_t n)
{
    s->gateway->metrics.v[m] += n;
}

/* Something that was asked for is refused for this reason; what the core refuses it counts itself. */
static inline void server_refused(struct server *s, int err)
{
    s->gateway->metrics.refusals[-err]++;
}

#endif
