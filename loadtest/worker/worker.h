/* SPDX-License-Identifier: Apache-2.0 */
/* One load process: holds its share of the connections, does what the board's orders say, and shows there
 * what it sees. One libevent loop: reading and writing happen as sockets allow; publishing by a timer that is
 * set to the next due time, and after each read, since under load reading may take long; orders are looked
 * for in each tick. */
#ifndef LOADTEST_WORKER_H
#define LOADTEST_WORKER_H

#include "loadtest/board/board.h"
#include "loadtest/message/traffic.h"
#include "loadtest/run/progress.h"
#include "loadtest/scenario/scenario.h"
#include "loadtest/setup/setup.h"

struct worker_client {
    struct actor *actor;
    struct timer back; /* connecting or joining again */
    uint64_t began;    /* microseconds: when it last began to connect */
    uint64_t cut_at;   /* when it was cut; 0: it is not away */
    bool connected, stalled;
};

struct worker {
    const struct setup *setup;
    const struct options *options;
    const struct scenario *scenario;
    struct board *board;
    struct board_place *place;
    struct crowd crowd;
    struct traffic traffic;
    struct event_base *base;
    struct event *publish_timer, *tick;
    enum phase phase;
    uint32_t order; /* the one that has been taken up */
    uint64_t phase_began, next_due, next_look, last_tick;
    uint32_t started, in_flight;  /* connections, in PHASE_CONNECT */
    struct worker_client *client; /* one for each actor */
    struct progress progress;     /* for what is said about single connections */
    uint64_t typed, left;         /* scenario chat: what it has done in this step */
};

/* Returns when it was told to end, or could not go on (its place shows why). */
void worker_run(const struct setup *setup, struct board *board, uint32_t process);

/* It cannot go on. */
void worker_fail(struct worker *worker, const char *why);
struct worker *worker_of(const struct actor *actor);
struct worker_client *worker_client(struct worker *worker, const struct actor *actor);

/* clients.c */
void clients_init(struct worker *worker);
/* Starts as many as may be connecting at a time. */
void clients_connect(struct worker *worker, uint64_t now);
void clients_close(struct worker *worker);
/* What actors tell. */
void clients_joined(struct actor *actor);
void clients_gone(struct actor *actor, enum actor_state before, const char *why);
void clients_left(struct actor *actor);
/* For scenarios: it stops reading until the end of the step; nothing is owed to it any more. */
void clients_stall(struct worker *worker, struct actor *actor);
/* The step is over: counts those that are still away. */
void clients_conclude(struct worker *worker);
/* All that stalled read again, and what comes is passed over. */
void clients_wake(struct worker *worker);
/* For an actor that has joined: it leaves its room, and comes back after --reconnect-delay. */
void clients_leave_room(struct worker *worker, struct actor *actor);

#endif
