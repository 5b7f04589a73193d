/* SPDX-License-Identifier: Apache-2.0 */
/* The connection to Redis that keeps itself up: it resolves, connects, authenticates, notices a peer that
 * answers nothing any more, and starts over with growing, jittered pauses. What is said over it is its
 * owner's business.
 *
 * It speaks RESP3 (Redis 6 and newer, Valkey), where messages are pushed between the replies to commands.
 *
 * Calls back from the event loop, and from redis_link_flush(). */
#ifndef GATEWAY_REDIS_LINK_H
#define GATEWAY_REDIS_LINK_H

#include <event2/event.h>

#include "core/base/settings.h"
#include "gateway/redis/resp.h"
#include "gateway/redis/url.h"

struct redis_link_handler {
    void *arg;
    /* Comes before any of the others when the event loop is what calls. */
    void (*enter)(void *arg);
    /* Connected, authenticated, alive: commands may be written. */
    void (*ready)(void *arg);
    /* The connection ended, or (was_ready false) could not be made. Another attempt follows by itself. */
    void (*down)(void *arg, bool was_ready);
    /* A reply, to the command of that number; they come in the commands' order. Not 0 gives the connection
     * up. It must not flush. */
    int (*reply)(void *arg, uint64_t number, const struct resp_reply *reply);
    void (*message)(void *arg, struct slice channel, struct slice bytes);
};

struct redis_link;

/* url and settings must outlive it. The first attempt begins with the next loop turn. */
struct redis_link *redis_link_new(struct event_base *base, const struct redis_url *url,
                                  const struct settings *settings, const struct redis_link_handler *handler);
void redis_link_free(struct redis_link *l);

bool redis_link_ready(const struct redis_link *l);
/* Neither ready nor being made: waiting for the next attempt. */
bool redis_link_resting(const struct redis_link *l);
/* While ready: where commands are appended. redis_link_expect() tells how many replies they will have, and
 * returns the number of the first; redis_link_flush() sends. */
struct buf *redis_link_out(struct redis_link *l);
uint64_t redis_link_expect(struct redis_link *l, size_t replies);
void redis_link_flush(struct redis_link *l);

/* Microseconds of CLOCK_MONOTONIC. */
uint64_t redis_clock_us(void);

#endif
