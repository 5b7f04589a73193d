/* SPDX-License-Identifier: Apache-2.0 */
/* The bus over Redis pub/sub: one connection for subscriptions, one for commands. It is up while both are
 * ready and every channel that was wanted when the first of them became ready is confirmed. What one of them
 * loses does not end the other: while only the commands are down, publications of others still arrive. */
#include <assert.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/xalloc.h"
#include "gateway/gateway.h"
#include "gateway/redis/publications.h"
#include "gateway/redis/subscriptions.h"

struct redis_bus {
    struct bus bus;
    struct metrics *metrics;
    struct redis_url url;
    struct redis_link *commands, *listener;
    struct redis_publications publications;
    struct redis_subscriptions subscriptions;
    redis_enter_fn enter;
    void *enter_arg;
    bool was_up;
};

static struct redis_bus *redis(struct bus *bus)
{
    return container_of(bus, struct redis_bus, bus);
}

static void rise(struct redis_bus *r)
{
    if (r->bus.up || !redis_link_ready(r->commands) || !r->subscriptions.restored)
        return;
    r->bus.up = true;
    if (r->was_up)
        r->metrics->v[M_BUS_RECONNECTS]++;
    r->was_up = true;
    log_info("bus up", "bus=redis channels=%u", HASH_COUNT(r->bus.channels));
    r->bus.handler.state(r->bus.handler.arg, true);
}

static void fall(struct redis_bus *r, const char *lost)
{
    if (!r->bus.up)
        return;
    r->bus.up = false;
    r->metrics->v[M_BUS_DOWNS]++;
    log_warn("bus down", "bus=redis lost=%s unanswered=%zu", lost, r->publications.count);
    r->bus.handler.state(r->bus.handler.arg, false);
}

static void on_enter(void *arg)
{
    struct redis_bus *r = arg;
    if (r->enter)
        r->enter(r->enter_arg);
}

static void commands_ready(void *arg)
{
    struct redis_bus *r = arg;
    redis_link_wake(r->listener);
    rise(r);
}

static void commands_down(void *arg, bool was_ready)
{
    struct redis_bus *r = arg;
    if (!was_ready)
        return;
    fall(r, "commands");
    redis_publications_fail(&r->publications, true);
}

static int commands_reply(void *arg, const struct resp_reply *reply)
{
    struct redis_bus *r = arg;
    return redis_publications_reply(&r->publications, reply);
}

static void commands_message(void *arg, struct slice channel, struct slice bytes)
{
    (void)arg, (void)channel, (void)bytes; /* nothing is subscribed there */
}

static void listener_ready(void *arg)
{
    struct redis_bus *r = arg;
    redis_link_wake(r->commands);
    redis_subscriptions_restore(&r->subscriptions);
}

static void listener_down(void *arg, bool was_ready)
{
    struct redis_bus *r = arg;
    if (was_ready) {
        fall(r, "subscriptions");
        redis_publications_fail(&r->publications, false);
    }
    redis_subscriptions_lost(&r->subscriptions);
}

static int listener_reply(void *arg, const struct resp_reply *reply)
{
    struct redis_bus *r = arg;
    int err = redis_subscriptions_reply(&r->subscriptions, reply);
    if (!err)
        rise(r);
    return err;
}

static void listener_message(void *arg, struct slice name, struct slice bytes)
{
    struct redis_bus *r = arg;
    struct bus_channel *channel = bus_find(&r->bus, name);
    if (channel && channel->state == BUS_SUBSCRIBED)
        r->bus.handler.deliver(r->bus.handler.arg, channel, bytes);
}

static void redis_subscribe(struct bus *bus, struct bus_channel *channel)
{
    redis_subscriptions_add(&redis(bus)->subscriptions, channel);
}

static void redis_unsubscribe(struct bus *bus, struct bus_channel *channel)
{
    struct redis_bus *r = redis(bus);
    redis_subscriptions_remove(&r->subscriptions, channel, redis_link_ready(r->listener));
}

static int redis_publish(struct bus *bus, struct slice channel, struct slice bytes, bus_accepted_fn fn,
                         void *arg)
{
    struct redis_bus *r = redis(bus);
    return redis_publications_add(&r->publications, r->commands, channel, bytes, fn, arg);
}

/* Who subscribes while a connection is being made waits for its outcome; who does so in the pause between two
 * attempts is refused now. */
static void redis_turn(struct bus *bus)
{
    struct redis_bus *r = redis(bus);
    if (redis_link_ready(r->listener)) {
        redis_subscriptions_send(&r->subscriptions, r->listener);
        redis_link_flush(r->listener);
    } else if (redis_link_resting(r->listener)) {
        redis_subscriptions_refuse(&r->subscriptions);
    }
    redis_link_flush(r->commands);
}

static bool redis_pending(const struct bus *bus)
{
    const struct redis_bus *r = container_of(bus, const struct redis_bus, bus);
    if (redis_link_ready(r->listener))
        return redis_subscriptions_sendable(&r->subscriptions);
    return redis_link_resting(r->listener) && !list_empty(&r->subscriptions.queued);
}

static void redis_destroy(struct bus *bus)
{
    struct redis_bus *r = redis(bus);
    redis_publications_fail(&r->publications, true);
    redis_link_free(r->commands);
    redis_link_free(r->listener);
    redis_subscriptions_free(&r->subscriptions);
    redis_publications_free(&r->publications);
    redis_url_free(&r->url);
    free(r);
}

static const struct bus_ops redis_ops = {
    .name = "redis",
    .subscribe = redis_subscribe,
    .unsubscribe = redis_unsubscribe,
    .publish = redis_publish,
    .turn = redis_turn,
    .pending = redis_pending,
    .destroy = redis_destroy,
};

struct bus *redis_bus_new(struct event_base *base, const struct settings *settings, struct metrics *metrics,
                          const struct bus_handler *handler, redis_enter_fn enter, void *enter_arg)
{
    struct redis_bus *r = xcalloc(1, sizeof *r);
    char why[200];
    int err = redis_url_parse(&r->url, settings->bus, why, sizeof why);
    assert(err == 0); /* redis_url_check() was asked before */
    r->bus = (struct bus){.ops = &redis_ops, .handler = *handler};
    r->metrics = metrics;
    r->enter = enter;
    r->enter_arg = enter_arg;
    redis_publications_init(&r->publications, &r->bus.queued_bytes, settings->max_bus_queue_bytes,
                            &metrics->bus_latency);
    redis_subscriptions_init(&r->subscriptions, &r->bus);
    r->commands = redis_link_new(base, "commands", &r->url, settings,
                                 &(struct redis_link_handler){.arg = r,
                                                              .enter = on_enter,
                                                              .ready = commands_ready,
                                                              .down = commands_down,
                                                              .reply = commands_reply,
                                                              .message = commands_message});
    r->listener = redis_link_new(base, "subscriptions", &r->url, settings,
                                 &(struct redis_link_handler){.arg = r,
                                                              .enter = on_enter,
                                                              .ready = listener_ready,
                                                              .down = listener_down,
                                                              .reply = listener_reply,
                                                              .message = listener_message});
    return &r->bus;
}
