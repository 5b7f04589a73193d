/* SPDX-License-Identifier: Apache-2.0 */
/* A node's side of the bus: a loop, rooms that check what arrives, publications that count their answers. */
#ifndef TESTS_UNIT_GATEWAY_BUS_FIXTURE_H
#define TESTS_UNIT_GATEWAY_BUS_FIXTURE_H

#include <event2/event.h>
#include <inttypes.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "gateway/gateway.h"
#include "gateway/redis/link.h"
#include "redis_server.h"

struct node {
    struct event_base *base;
    struct settings settings;
    struct metrics metrics;
    struct bus *bus;
    unsigned ups, downs;
    /* publications */
    uint64_t published, answered, accepted, failed;
    bool answers_disordered;
    /* deliveries */
    uint64_t delivered;
    uint64_t last_number; /* of any channel */
    bool disordered;
};

struct room {
    struct node *node;
    struct bus_channel channel;
    char name[48];
    unsigned confirmed, refused;
    uint64_t delivered, last_number, digest;
};

static inline void on_deliver(void *arg, struct bus_channel *channel, struct slice bytes)
{
    struct node *n = arg;
    struct room *r = channel->owner;
    assert_ptr_equal(r->node, n);
    r->delivered++;
    n->delivered++;
    if (bytes.n == sizeof r->last_number) {
        memcpy(&r->last_number, bytes.p, bytes.n);
        if (r->last_number <= n->last_number)
            n->disordered = true;
        n->last_number = r->last_number;
    }
    r->digest = r->digest * 31 + hash_bytes(bytes.p, bytes.n);
}

static inline void on_subscribed(void *arg, struct bus_channel *channel, int err)
{
    (void)arg;
    struct room *r = channel->owner;
    assert_int_equal(channel->state, err ? BUS_SUBSCRIBING : BUS_SUBSCRIBED);
    if (err)
        r->refused++;
    else
        r->confirmed++;
}

static inline void on_state(void *arg, bool up)
{
    struct node *n = arg;
    if (up)
        n->ups++;
    else
        n->downs++;
}

/* arg: node; answers are numbered by the order of publish(), which is all that is checked of them. */
struct ticket {
    struct node *node;
    uint64_t number;
};

static inline void on_accepted(void *arg, int err)
{
    struct ticket *t = arg;
    struct node *n = t->node;
    n->answered++;
    if (t->number != n->answered)
        n->answers_disordered = true;
    if (err)
        n->failed++;
    else
        n->accepted++;
    free(t);
}

static inline void node_set(struct node *n, const char *key, const char *value)
{
    char why[200];
    assert_int_equal(settings_set(&n->settings, slice_of(key), slice_of(value), why, sizeof why), 0);
}

static inline void node_init(struct node *n)
{
    *n = (struct node){.base = event_base_new()};
    assert_non_null(n->base);
    settings_init(&n->settings);
    node_set(n, "node_id", "n1");
}

/* PORT in the URL is replaced. */
static inline void node_open(struct node *n, const char *url, int port)
{
    char text[200], why[200];
    const char *at = strstr(url, "PORT");
    if (at)
        snprintf(text, sizeof text, "%.*s%d%s", (int)(at - url), url, port, at + 4);
    else
        snprintf(text, sizeof text, "%s", url);
    node_set(n, "bus", text);
    assert_int_equal(redis_url_check(text, why, sizeof why), 0);
    const struct bus_handler handler = {
        .arg = n, .deliver = on_deliver, .subscribed = on_subscribed, .state = on_state};
    n->bus = redis_bus_new(n->base, &n->settings, &n->metrics, &handler, NULL, NULL);
}

static inline void node_start(struct node *n, const char *url, int port)
{
    node_init(n);
    node_open(n, url, port);
}

static inline void node_stop(struct node *n)
{
    bus_destroy(n->bus);
    assert_int_equal(n->answered, n->published);
    assert_false(n->answers_disordered);
    event_base_free(n->base);
    settings_free(&n->settings);
}

/* One turn of the loop, which sleeps for at most a millisecond. */
static inline void node_turn(struct node *n)
{
    struct timeval soon = {0, 1000};
    int flags = EVLOOP_ONCE;
    if (bus_pending(n->bus))
        flags |= EVLOOP_NONBLOCK;
    else
        assert_int_equal(event_base_loopexit(n->base, &soon), 0);
    assert_true(event_base_loop(n->base, flags) >= 0);
    bus_turn(n->bus);
}

/* Turns until `condition`, or fails after ms. */
#define node_until(n, condition, ms)                                                                         \
    do {                                                                                                     \
        uint64_t end_ = redis_clock_us() + (uint64_t)(ms)*1000;                                              \
        while (!(condition)) {                                                                               \
            if (redis_clock_us() > end_)                                                                     \
                fail_msg("not within %d ms: %s", (int)(ms), #condition);                                     \
            node_turn(n);                                                                                    \
        }                                                                                                    \
    } while (0)

#define node_for(n, ms)                                                                                      \
    do {                                                                                                     \
        for (uint64_t end_ = redis_clock_us() + (uint64_t)(ms)*1000; redis_clock_us() < end_;)               \
            node_turn(n);                                                                                    \
    } while (0)

static inline void room_init(struct room *r, struct node *n, const char *name)
{
    *r = (struct room){.node = n};
    snprintf(r->name, sizeof r->name, "%s", name);
    r->channel.name = slice_of(r->name);
    r->channel.owner = r;
}

static inline int node_publish(struct node *n, const char *channel, struct slice bytes)
{
    struct ticket *t = malloc(sizeof *t);
    assert_non_null(t);
    *t = (struct ticket){n, n->published + 1};
    int err = bus_publish(n->bus, slice_of(channel), bytes, on_accepted, t);
    if (err)
        free(t);
    else
        n->published++;
    return err;
}

static inline int node_publish_number(struct node *n, const char *channel, uint64_t number)
{
    return node_publish(n, channel, (struct slice){(const char *)&number, sizeof number});
}

#endif
