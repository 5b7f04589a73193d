/* SPDX-License-Identifier: Apache-2.0 */
/* The bus over Redis pub/sub, on one connection: what a publication costs is system calls and wake-ups, and
 * there its acceptance and its own message come back together. It is up while the connection is ready and
 * every channel that was wanted when it became so is confirmed. */
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
    struct redis_link *link;
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
    if (r->bus.up || !r->subscriptions.restored)
        return;
    r->bus.up = true;
    if (r->was_up)
        r->metrics->v[M_BUS_RECONNECTS]++;
    r->was_up = true;
    log_info("bus up", "bus=redis channels=%u", HASH_COUNT(r->bus.channels));
    r->bus.handler.state(r->bus.handler.arg, true);
}

static void fall(struct redis_bus *r)
{
    if (!r->bus.up)
        return;
    r->bus.up = false;
    r->metrics->v[M_BUS_DOWNS]++;
    log_warn("bus down", "bus=redis unanswered=%zu", r->publications.count);
    r->bus.handler.state(r->bus.handler.arg, false);
}

static void on_enter(void *arg)
{
    struct redis_bus *r = arg;
    if (r->enter)
        r->enter(r->enter_arg);
}

static void on_ready(void *arg)
{
    struct redis_bus *r = arg;
    redis_subscriptions_restore(&r->subscriptions);
}

static void on_down(void *arg, bool was_ready)
{
    struct redis_bus *r = arg;
    if (was_ready) {
        fall(r);
        redis_publications_fail(&r->publications);
    }
    redis_subscriptions_lost(&r->subscriptions);
}

static int on_reply(void *arg, uint64_t number, const struct resp_reply *reply)
{
    struct redis_bus *r = arg;
    if (redis_publications_expect(&r->publications, number))
        return redis_publications_reply(&r->publications, reply);
    int err = redis_subscriptions_reply(&r->subscriptions, reply);
    if (!err)
        rise(r);
    return err;
}

static void on_message(void *arg, struct slice name, struct slice bytes)
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
    redis_subscriptions_remove(&r->subscriptions, channel, redis_link_ready(r->link));
}

static int redis_publish(struct bus *bus, struct slice channel, struct slice bytes, bus_accepted_fn fn,
                         void *arg)
{
    struct redis_bus *r = redis(bus);
    return redis_publications_add(&r->publications, r->link, channel, bytes, fn, arg);
}

/* Who subscribes while a connection is being made waits for its outcome; who does so in the pause between two
 * attempts is refused now. */
static void redis_turn(struct bus *bus)
{
    struct redis_bus *r = redis(bus);
    if (redis_link_ready(r->link)) {
        redis_subscriptions_send(&r->subscriptions, r->link);
        redis_link_flush(r->link);
    } else if (redis_link_resting(r->link)) {
        redis_subscriptions_refuse(&r->subscriptions);
    }
}

static bool redis_pending(const struct bus *bus)
{
    const struct redis_bus *r = container_of(bus, const struct redis_bus, bus);
    if (redis_link_ready(r->link))
        return redis_subscriptions_sendable(&r->subscriptions);
    return redis_link_resting(r->link) && !list_empty(&r->subscriptions.queued);
}

static void redis_destroy(struct bus *bus)
{
    struct redis_bus *r = redis(bus);
    redis_publications_fail(&r->publications);
    redis_link_free(r->link);
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
    r->link = redis_link_new(base, &r->url, settings,
                             &(struct redis_link_handler){.arg = r,
                                                          .enter = on_enter,
                                                          .ready = on_ready,
                                                          .down = on_down,
                                                          .reply = on_reply,
                                                          .message = on_message});
    return &r->bus;
}
