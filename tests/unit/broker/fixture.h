/* SPDX-License-Identifier: Apache-2.0 */
/* Gateways without sockets and without a clock: a broker on a bus, and peers that record what they hear.
 *
 *     struct node *n = node_new("ping_interval_ms=300", NULL);      settings; routes (NULL: the built-in
 * ones) struct peer *p = sio(n, "/");                                  connected; what it heard so far is
 * dropped say(p, "42[\"chat\",1]"); settle(n); heard(p, "42[\"chat\",1]\n"); everything since the last look
 *     node_free(n);                                                  all connections are lost; gauges are
 * zero
 *
 * What a peer heard has a line per WebSocket message: text as it is, binary as <hex>, pings as (ping);
 * polling bodies have a line each; a stream's bytes stand as they are. */
#ifndef TESTS_UNIT_BROKER_FIXTURE_H
#define TESTS_UNIT_BROKER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "core/broker/state.h"
#include "core/dialect/engineio.h"
#include "core/dialect/plain.h"

#define NODE_PEERS 512

struct peer {
    struct node *node;
    struct conn *conn; /* NULL once lost */
    struct buf text;   /* what it heard */
    struct buf wire;   /* the beginning of a frame */
    size_t take;       /* bytes that the socket takes in one flush: SIZE_MAX all */
    bool no_close;     /* does not report the loss when it is closed */
    bool get;          /* polling: a GET is held */
    bool paused, ready;
    bool closed; /* by the core, for `reason` */
    enum close_reason reason;
    unsigned flushes, pauses, readies;
    unsigned compressed; /* messages that came so */
    uint32_t entries;    /* queued when the last flush began */
    char id[CLIENT_ID_MAX + 1];
};

struct node {
    struct settings settings;
    struct metrics metrics;
    struct routes *routes;
    struct broker *broker;
    struct bus *bus;
    uint64_t next; /* what broker_turn() returned */
    struct peer *peers[NODE_PEERS];
    unsigned peer_count;
};

/* settings: "key=value key=value", or NULL. */
struct node *node_new(const char *settings, const char *routes);
void node_free(struct node *n);
uint64_t metric(const struct node *n, enum metric which);
uint64_t refusals(const struct node *n, int err);
uint64_t closes(const struct node *n, enum close_reason why);
struct routes *compile(const struct settings *settings, const char *routes);

/* One turn; turns until nothing is left to do at once; time passes, and every turn that is due is taken. */
void turn(struct node *n);
void settle(struct node *n);
void advance(struct node *n, uint64_t ms);

/* Socket.IO on a WebSocket, connected to ns; not connected; on polling. */
struct peer *sio(struct node *n, const char *ns);
struct peer *sio_open(struct node *n);
struct peer *sio_polling(struct node *n);
struct session *session_of_peer(struct peer *p);
/* A connection of a plain dialect. rooms: comma separated or NULL. NULL when it is refused: open_error. */
struct peer *plain(struct node *n, const struct dialect *d, const char *ns, const char *auth,
                   const char *rooms);
extern int open_error;
struct peer *json(struct node *n);                   /* the welcome is dropped */
struct peer *raw(struct node *n, const char *room);  /* settled */
struct peer *sse(struct node *n, const char *rooms); /* settled */
/* The id of its (first) client. */
const char *id_of(struct peer *p);

void say(struct peer *p, const char *text);
void say_binary(struct peer *p, const char *bytes, size_t n);
void sayf(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int post(struct peer *p, const char *body);
/* A GET: what is queued, or it is held. */
void poll_get(struct peer *p);
/* Joins by the built-in route, settles, checks the ack. */
void join(struct peer *p, const char *room);
/* The peer goes away. */
void lose(struct peer *p);

void heard(struct peer *p, const char *expected);
void heardf(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void forget(struct peer *p); /* drops what it heard */
/* It heard something that contains `part`, nothing is dropped. */
bool heard_part(struct peer *p, const char *part);
void closed_for(struct peer *p, enum close_reason why);

/* A bus that several nodes share. */
struct wire;
struct wire *wire_new(void);
void wire_free(struct wire *w); /* after its nodes */
struct bus *wire_bus_new(struct wire *w, struct node *n, const struct bus_handler *handler);
struct node *node_on(struct wire *w, const char *node_id, const char *settings, const char *routes);
/* The nodes' turns, until nothing is left to do at once. */
void settle_all(struct wire *w);
/* Nothing is confirmed, accepted or delivered at this node until it is let go. */
void wire_hold(struct node *n, bool hold);
void wire_down(struct node *n);
void wire_up(struct node *n);
/* As if another process had published it. */
void wire_inject(struct wire *w, const char *channel, struct slice bytes);
/* How many publications have been accepted, and is anybody subscribed? */
size_t wire_count(const struct wire *w);
bool wire_subscribed(const struct node *n, const char *channel);

#endif
