/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the gateway process share. One thread, one libevent loop; main.c makes it, loop.c turns
 * it. */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <event2/event.h>

#include "core/broker/broker.h"
#include "core/broker/routes.h"

struct server;

struct gateway {
    struct settings settings;
    char *config_path; /* NULL: none */
    struct routes *routes;
    struct metrics metrics;
    struct broker *broker;
    struct event_base *base;
    struct server *server;
    bool draining; /* SIGTERM: not ready, new sessions are refused */
    bool stopping; /* the loop ends after this turn */
};

/* loop.c: turns until g->stopping. Reads the clock once per turn (gateway_now(), CLOCK_MONOTONIC ms), then
 * event_base_loop(EVLOOP_ONCE), broker_turn(), server_turn(), and records loop lag. */
void loop_run(struct gateway *g);

/* server.c: libwebsockets and the listening socket. NULL, with why filled ("127.0.0.1:3000: address already
 * in use"), when it cannot listen. Prints nothing. */
struct server *server_new(struct gateway *g, char *why, size_t why_size) MUST_CHECK;
/* "HOST:PORT" that it listens on (the real port when 0 was asked for). */
const char *server_address(const struct server *s);
/* End of a loop turn, after broker_turn(): serves libwebsockets' write requests. True if work is left: the
 * next turn must not block. */
bool server_turn(struct server *s);
void server_stop_listening(struct server *s); /* for good; may be called again */
void server_free(struct server *s);

/* operations.c: /healthz, /readyz, /metrics. Fills status, content type and body; false when the path is not
 * one of them. */
struct operations_answer {
    int status;
    const char *content_type;
    struct buf body; /* initialised by the caller */
};
bool operations_get(struct gateway *g, struct slice path, struct operations_answer *answer);

/* redis/bus.c: never fails for a url that redis_url_check() accepts: it connects, and reconnects, by itself.
 * enter, if not NULL, is called first in every event callback that may call the handler. */
int redis_url_check(const char *url, char *why, size_t why_size) MUST_CHECK;
typedef void (*redis_enter_fn)(void *arg);
struct bus *redis_bus_new(struct event_base *base, const struct settings *settings, struct metrics *metrics,
                          const struct bus_handler *handler, redis_enter_fn enter,
                          void *enter_arg) MUST_CHECK;

/* drain.c: SIGTERM's way out, see design promise 9. */
void drain_begin(struct gateway *g);
/* Frees what drain_begin() made, if it is still there. */
void drain_end(void);

#endif
