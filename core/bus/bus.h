/* SPDX-License-Identifier: Apache-2.0 */
/* The bus carries publications between gateways. One interface, two implementations: `memory`
 * (core/bus/memory.c, one process) and Redis (gateway/redis/bus.c).
 *
 * Nothing here calls back from inside a call: subscribe(), publish() only queue; handlers run from turn() or
 * from the event loop. One thread.
 *
 * Guarantees an implementation gives:
 *  - all subscribers of a channel see its publications in one order, and this publisher's in its order, also
 *    over different channels;
 *  - subscribed(channel, 0) comes only when the bus has confirmed it: what is accepted later is delivered;
 *  - accepted(arg, 0) comes only when the bus has the publication; callbacks come in the order of publish();
 *  - every publish() that returned 0 gets exactly one callback, with ERR_UNAVAILABLE when the connection is
 *    lost first (it may or may not have been accepted then). */
#ifndef CORE_BUS_BUS_H
#define CORE_BUS_BUS_H

#include "core/base/hash.h"
#include "core/base/slice.h"

enum bus_channel_state {
    BUS_IDLE,        /* not subscribed, the bus does not know the channel */
    BUS_SUBSCRIBING, /* asked for, not confirmed (also after a connection loss) */
    BUS_SUBSCRIBED
};

/* Lives inside its owner (a room, a namespace, the node). The owner sets name and owner before
 * bus_subscribe(); the name's bytes must stay until the channel is idle again. state is the bus's. */
struct bus_channel {
    struct slice name;
    void *owner;
    enum bus_channel_state state;
    void *request;     /* the bus's: what it keeps of a request that is not confirmed, or NULL */
    UT_hash_handle hh; /* the bus's */
};

struct bus_handler {
    void *arg;
    /* A publication arrived. bytes are valid until it returns. It may subscribe and unsubscribe any channel
     * but the one it is about; it must not destroy the bus. */
    void (*deliver)(void *arg, struct bus_channel *channel, struct slice bytes);
    /* Answer to bus_subscribe: 0, or ERR_UNAVAILABLE if the bus went down first (the channel stays wanted and
     * is subscribed again later). Comes again with 0 after each reconnection. */
    void (*subscribed)(void *arg, struct bus_channel *channel, int err);
    /* up: publications are accepted and every wanted channel is subscribed. */
    void (*state)(void *arg, bool up);
};

typedef void (*bus_accepted_fn)(void *arg, int err);

/* Implementations are called by the functions of the same name below, which keep `channels` and `state`:
 * subscribe() finds the channel in the table and BUS_SUBSCRIBING, unsubscribe() finds it as it was before,
 * and destroy() finds the table empty and the bus not up. A confirmation sets BUS_SUBSCRIBED before the
 * callback. */
struct bus;
struct bus_ops {
    const char *name; /* "memory", "redis" */
    void (*subscribe)(struct bus *bus, struct bus_channel *channel);
    void (*unsubscribe)(struct bus *bus, struct bus_channel *channel);
    int (*publish)(struct bus *bus, struct slice channel, struct slice bytes, bus_accepted_fn fn, void *arg);
    void (*turn)(struct bus *bus);
    bool (*pending)(const struct bus *bus); /* may be NULL: never */
    void (*destroy)(struct bus *bus);
};

struct bus {
    const struct bus_ops *ops;
    struct bus_handler handler;
    struct bus_channel *channels; /* uthash by name: all that are not idle */
    bool up;
    size_t queued_bytes; /* waiting for acceptance; bounded by max_bus_queue_bytes */
};

/* channel must be idle. It is BUS_SUBSCRIBING afterwards, also while the bus is down. */
void bus_subscribe(struct bus *bus, struct bus_channel *channel);
/* channel must not be idle; it is afterwards, at once, and no callback about it comes any more. */
void bus_unsubscribe(struct bus *bus, struct bus_channel *channel);
/* Copies what it needs. fn may be NULL. 0: fn will be called. ERR_UNAVAILABLE: down; ERR_OVERLOADED: the
 * queue is full; ERR_NOMEM; fn is not called then. */
int bus_publish(struct bus *bus, struct slice channel, struct slice bytes, bus_accepted_fn fn,
                void *arg) MUST_CHECK;
/* Once per loop turn, after all input: writes what is queued; the memory bus delivers here. */
void bus_turn(struct bus *bus);
/* There is work that only bus_turn() will do: the loop must not sleep before it. */
bool bus_pending(const struct bus *bus);
/* Channels become idle without callbacks; pending accepts get ERR_UNAVAILABLE. */
void bus_destroy(struct bus *bus);
/* For implementations: the channel of that name, or NULL. */
struct bus_channel *bus_find(struct bus *bus, struct slice name);

/* Never fails: it is up from the start (the state notice comes with the first turn). A turn does what was
 * queued when it began, subscriptions and publications in the order they were asked for; what its callbacks
 * add waits for the next. A publication counts with its channel's name and a few words more. */
struct bus *memory_bus_new(const struct bus_handler *handler, size_t max_queue_bytes);

#endif
