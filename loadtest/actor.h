/* SPDX-License-Identifier: Apache-2.0 */
/* One simulated user: connects, joins its room, publishes when told to, and hands on what it hears. What
 * becomes of that is its owner's business: a scenario is a table of struct crowd_events. */
#ifndef LOADTEST_ACTOR_H
#define LOADTEST_ACTOR_H

#include "core/base/timer.h"
#include "loadtest/dialect.h"
#include "loadtest/wsc.h"

#define ACTOR_JOIN_ID 0 /* ack id of the join; publications have ids from 1 */

enum actor_state { ACTOR_IDLE, ACTOR_CONNECTING, ACTOR_JOINING, ACTOR_JOINED, ACTOR_GONE };

struct crowd; /* crowd.h */

struct actor {
    struct wsc wsc;
    struct timer deadline; /* of connecting and joining */
    struct crowd *crowd;
    uint32_t index;
    enum actor_state state;
};

struct crowd_events {
    void (*joined)(struct actor *actor);
    /* It failed to connect or join (`before` is below ACTOR_JOINED), or was disconnected. Not for
     * actor_stop(). */
    void (*gone)(struct actor *actor, enum actor_state before, const char *why);
    void (*message)(struct actor *actor, const struct heard *heard);
    /* The answer to a publication. */
    void (*answered)(struct actor *actor, const struct heard *heard);
    /* After a read and the events it made. */
    void (*after_read)(struct crowd *crowd);
};

void actor_init(struct actor *actor, struct crowd *crowd, uint32_t index);
/* Closes what is open, without a word to the owner. */
void actor_stop(struct actor *actor);

void actor_start(struct actor *actor);
/* For an actor that has joined. Sent at the next actor_flush(). ERR_TOO_LARGE: too much waits already. */
int actor_publish(struct actor *actor, uint64_t id, struct slice payload) MUST_CHECK;
/* May make the actor be gone. */
void actor_flush(struct actor *actor);
/* Stops reading from its socket, or goes on. */
void actor_pause(struct actor *actor, bool pause);

#endif
