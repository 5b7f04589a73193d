/* SPDX-License-Identifier: Apache-2.0 */
/* One simulated user: connects, joins its room, publishes when told to, and hands on what it hears. What
 * becomes of that is its owner's business: a scenario is a table of struct crowd_events. */
#ifndef LOADTEST_ACTOR_H
#define LOADTEST_ACTOR_H

#include "core/base/timer.h"
#include "loadtest/dialect/dialect.h"
#include "loadtest/wire/wire.h"

#define ACTOR_JOIN_ID                                                                                        \
    0 /* ack id of joins and leaves, one of which is under way at most; publications: from 1 */

enum actor_state {
    ACTOR_IDLE,
    ACTOR_CONNECTING,
    ACTOR_JOINING,
    ACTOR_JOINED,
    ACTOR_LEAVING,
    ACTOR_LEFT, /* connected, and not in its room */
    ACTOR_GONE
};

struct crowd; /* crowd.h */

struct actor {
    struct wire *wire;     /* NULL before the first start */
    struct timer deadline; /* of connecting, joining and leaving */
    struct crowd *crowd;
    uint32_t index;
    uint32_t elsewhere; /* so many URLs after its own in the plan it connects next; set by the owner */
    enum actor_state state;
    uint64_t began; /* microseconds: when it began to connect, or, later, to join again */
};

struct crowd_events {
    /* The join is acknowledged, or as far as can be known done; at crowd->loop.now, actor->began was the
     * beginning. */
    void (*joined)(struct actor *actor);
    /* It failed to connect or join (`before` is below ACTOR_JOINED), or was disconnected. Not for
     * actor_stop(). It may be started again at once. */
    void (*gone)(struct actor *actor, enum actor_state before, const char *why);
    void (*message)(struct actor *actor, const struct heard *heard);
    /* The answer to a publication; where none is asked for (crowd->speech.publish_acks), one that comes all
     * the same. */
    void (*answered)(struct actor *actor, const struct heard *heard);
    /* After a read and the events it made. */
    void (*after_read)(struct crowd *crowd);
    /* The leave is acknowledged. May be NULL for an owner that never asks for it. */
    void (*left)(struct actor *actor);
};

void actor_init(struct actor *actor, struct crowd *crowd, uint32_t index);
/* Closes what is open, without a word to the owner. It may be started again. */
void actor_stop(struct actor *actor);
/* The same, and frees its memory. */
void actor_free(struct actor *actor);

/* For an actor that is idle or gone. May call gone(). */
void actor_start(struct actor *actor);
/* For an actor that has joined. Sent at the next actor_flush(). ERR_TOO_LARGE: too much waits already. */
int actor_publish(struct actor *actor, uint64_t id, struct slice payload) MUST_CHECK;
/* Likewise, another event than the message event, with this JSON as its argument and without an ack. Only
 * where events have names (dialect->events). */
int actor_say(struct actor *actor, struct slice event, struct slice payload) MUST_CHECK;
/* For an actor that has joined: leaves its room. Messages that are under way still arrive. Only where a
 * client joins by an event (crowd->speech.joins). May make the actor be gone. */
void actor_leave(struct actor *actor);
/* For an actor that has left: joins again. */
void actor_join(struct actor *actor);
/* Stops reading from its sockets altogether, or goes on; ends with the connection. */
void actor_pause(struct actor *actor, bool paused);
/* May make the actor be gone. */
void actor_flush(struct actor *actor);
#endif
