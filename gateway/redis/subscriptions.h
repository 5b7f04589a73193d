/* SPDX-License-Identifier: Apache-2.0 */
/* What this gateway is subscribed to, and what it has asked Redis for but was not answered yet.
 *
 * Redis answers the commands of a connection in their order, one reply for each channel named. So every name
 * that is sent stands in a queue, and a reply belongs to the oldest: an answer to an old UNSUBSCRIBE can
 * never be taken for the state of a channel that has been subscribed anew since. */
#ifndef GATEWAY_REDIS_SUBSCRIPTIONS_H
#define GATEWAY_REDIS_SUBSCRIPTIONS_H

#include "core/base/list.h"
#include "core/bus/bus.h"
#include "gateway/redis/link.h"

struct redis_subscriptions {
    struct bus *bus;    /* its table of channels, and its handler */
    struct link queued; /* steps to be sent */
    struct link sent;   /* steps that Redis has not answered, oldest first */
    size_t sent_count;
    bool restored; /* everything that was wanted when the link became ready is confirmed */
};

void redis_subscriptions_init(struct redis_subscriptions *s, struct bus *bus);
/* Forgets all steps, without callbacks. */
void redis_subscriptions_free(struct redis_subscriptions *s);

/* As bus.h has it: for bus_ops.subscribe and unsubscribe. live: the link is ready. */
void redis_subscriptions_add(struct redis_subscriptions *s, struct bus_channel *channel);
void redis_subscriptions_remove(struct redis_subscriptions *s, struct bus_channel *channel, bool live);

/* The link became ready: asks for every wanted channel. */
void redis_subscriptions_restore(struct redis_subscriptions *s);
/* The link is down: nothing is subscribed any more. Answers ERR_UNAVAILABLE to those who wait for a
 * confirmation. */
void redis_subscriptions_lost(struct redis_subscriptions *s);
/* The link rests: answers ERR_UNAVAILABLE to those who asked since. */
void redis_subscriptions_refuse(struct redis_subscriptions *s);
/* There are steps that redis_subscriptions_send() would send. */
bool redis_subscriptions_sendable(const struct redis_subscriptions *s);
/* Appends commands to the link, which is ready. */
void redis_subscriptions_send(struct redis_subscriptions *s, struct redis_link *link);
/* A reply came. 0, or an error: the connection must be given up. */
int redis_subscriptions_reply(struct redis_subscriptions *s, const struct resp_reply *reply) MUST_CHECK;

#endif
