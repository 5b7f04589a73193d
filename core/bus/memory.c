/* SPDX-License-Identifier: Apache-2.0 */
/* The bus of a single process: a queue of what was asked for, worked off once per loop turn, so that
 * callbacks come at the same time and in the same order as with a bus over a network. */
#include <assert.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "core/base/list.h"
#include "core/base/xalloc.h"
#include "core/bus/bus.h"

/* A subscribe request (channel is set) or a publication. */
struct item {
    struct link link;
    struct bus_channel *channel;
    bus_accepted_fn fn;
    void *arg;
    size_t name_n, bytes_n;
    char data[]; /* name, bytes */
};

struct memory_bus {
    struct bus bus;
    struct link queue;
    size_t max_queue_bytes;
    bool told_up;
    bool in_turn;
};

static struct memory_bus *memory(struct bus *bus)
{
    return container_of(bus, struct memory_bus, bus);
}

static struct item *pop(struct link *list)
{
    struct item *it = container_of(list->next, struct item, link);
    list_remove(&it->link);
    return it;
}

static void memory_subscribe(struct bus *bus, struct bus_channel *channel)
{
    struct item *it = xcalloc(1, sizeof *it);
    it->channel = channel;
    channel->request = it;
    list_append(&memory(bus)->queue, &it->link);
}

static void memory_unsubscribe(struct bus *bus, struct bus_channel *channel)
{
    (void)bus;
    struct item *it = channel->request;
    if (it) {
        list_remove(&it->link);
        free(it);
    }
}

/* What a publication takes of the queue's bound. */
static size_t cost(size_t name_n, size_t bytes_n)
{
    return sizeof(struct item) + name_n + bytes_n;
}

static int memory_publish(struct bus *bus, struct slice channel, struct slice bytes, bus_accepted_fn fn,
                          void *arg)
{
    struct memory_bus *m = memory(bus);
    size_t size = cost(channel.n, bytes.n);
    if (size > m->max_queue_bytes || bus->queued_bytes > m->max_queue_bytes - size)
        return ERR_OVERLOADED;
    struct item *it = malloc(size);
    if (it == NULL)
        return ERR_NOMEM;
    *it = (struct item){.fn = fn, .arg = arg, .name_n = channel.n, .bytes_n = bytes.n};
    memcpy(it->data, channel.p, channel.n);
    if (bytes.n > 0)
        memcpy(it->data + channel.n, bytes.p, bytes.n);
    list_init(&it->link);
    list_append(&m->queue, &it->link);
    bus->queued_bytes += size;
    return 0;
}

/* The publication is no longer queued; its publisher hears so. */
static void answer(struct bus *bus, const struct item *it, int err)
{
    bus->queued_bytes -= cost(it->name_n, it->bytes_n);
    if (it->fn)
        it->fn(it->arg, err);
}

static void confirm(struct bus *bus, struct bus_channel *channel)
{
    assert(channel->state == BUS_SUBSCRIBING);
    channel->state = BUS_SUBSCRIBED;
    channel->request = NULL;
    bus->handler.subscribed(bus->handler.arg, channel, 0);
}

/* The channel is looked up only after the answer, which may have changed who is subscribed. */
static void deliver(struct bus *bus, struct item *it)
{
    answer(bus, it, 0);
    struct bus_channel *channel = bus_find(bus, (struct slice){it->data, it->name_n});
    if (channel && channel->state == BUS_SUBSCRIBED)
        bus->handler.deliver(bus->handler.arg, channel, (struct slice){it->data + it->name_n, it->bytes_n});
}

/* What is queued moves to a list of its own: what callbacks add is left for the next turn. An unsubscription
 * takes its request out of whichever list it is in. */
static void memory_turn(struct bus *bus)
{
    struct memory_bus *m = memory(bus);
    assert(!m->in_turn);
    m->in_turn = true;
    if (!m->told_up) {
        m->told_up = true;
        bus->handler.state(bus->handler.arg, true);
    }
    struct link batch;
    list_init(&batch);
    list_move_all(&batch, &m->queue);
    while (!list_empty(&batch)) {
        struct item *it = pop(&batch);
        if (it->channel)
            confirm(bus, it->channel);
        else
            deliver(bus, it);
        free(it);
    }
    m->in_turn = false;
}

static bool memory_pending(const struct bus *bus)
{
    const struct memory_bus *m = container_of(bus, const struct memory_bus, bus);
    return !m->told_up || !list_empty(&m->queue);
}

static void memory_destroy(struct bus *bus)
{
    struct memory_bus *m = memory(bus);
    assert(!m->in_turn);
    while (!list_empty(&m->queue)) {
        struct item *it = pop(&m->queue);
        if (!it->channel)
            answer(bus, it, ERR_UNAVAILABLE);
        free(it);
    }
    free(m);
}

static const struct bus_ops memory_ops = {
    .name = "memory",
    .subscribe = memory_subscribe,
    .unsubscribe = memory_unsubscribe,
    .publish = memory_publish,
    .turn = memory_turn,
    .pending = memory_pending,
    .destroy = memory_destroy,
};

struct bus *memory_bus_new(const struct bus_handler *handler, size_t max_queue_bytes)
{
    struct memory_bus *m = xcalloc(1, sizeof *m);
    m->bus = (struct bus){.ops = &memory_ops, .handler = *handler, .up = true};
    m->max_queue_bytes = max_queue_bytes;
    list_init(&m->queue);
    return &m->bus;
}
