/* SPDX-License-Identifier: Apache-2.0 */
/* Engine.IO over HTTP: a GET is held until there is something to tell, a POST brings packets. */
#ifndef GATEWAY_ENGINEIO_POLLING_H
#define GATEWAY_ENGINEIO_POLLING_H

#include "core/base/buf.h"
#include "core/base/timer.h"
#include "core/dialect/engineio.h"

struct http;
struct request;
struct server;
struct ws;

#define POLLING_END_MS   30000 /* how long the end of a session waits for the next poll */
#define POLLING_DRAIN_MS 2000  /* the same when the gateway is leaving */

/* A session's side that polls: its conn's io. */
struct polling {
    struct server *server;
    struct link all; /* in server->polling */
    struct session *session;
    struct http *get; /* held, or NULL */
    struct http
        *post; /* its body is being read, or its answer waits until the session is not paused any more */
    struct ws *probe;
    struct buf payload; /* what is left of a POST whose packets are too many for one turn */
    size_t taken;       /* of payload */
    bool switching;     /* the probe has said that it takes over, and waits for the rest of payload */
    struct link unread; /* in server->payloads while there is some */
    struct timer noop;  /* while probing */
    struct timer end;   /* closing */
};

/* A handshake: opens a session. */
void polling_open(struct http *h, const struct request *r);
/* The session's next poll. */
void polling_get(struct http *h, struct session *s);
/* A POST whose body is about to be read: false if it is refused, and has been answered. */
bool polling_admit(struct http *h, const struct request *r, struct session *s);
void polling_post(struct http *h, struct session *s, struct slice body);
/* The loop's end of a turn: goes on with payloads, at least one and no more after `until` (loop.h). True if
 * there were any. */
bool polling_turn(struct server *server, uint64_t until);

/* For the upgrade: answers a held poll with a noop, now and every PROBE_NOOP_MS. */
void polling_release(struct polling *p);
/* Has it packets of a POST that wait for their turn? They come before those of another transport. */
bool polling_has_payload(const struct polling *p);
/* The session is on another transport now, or over. Frees p. */
void polling_retire(struct polling *p);
/* The gateway is leaving: sessions that have ended already do not wait longer for their next poll than those
 * that end from now on. */
void polling_drain(struct server *server);
/* The program ends. */
void polling_free_all(struct server *server);

#endif
