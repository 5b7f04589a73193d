/* SPDX-License-Identifier: Apache-2.0 */
/* The bus that several nodes of one test share: one log, which each node reads from where it subscribed. */
#include "tests/unit/broker/fixture.h"

#include "core/base/xalloc.h"

#define WIRE_NODES 4

struct entry {
    char *channel, *bytes;
    size_t channel_n, n;
};

/* A subscription (channel set) or a publication that waits for the node's turn. */
struct request {
    struct link link;
    struct bus_channel *channel;
    struct entry entry;
    bus_accepted_fn fn;
    void *arg;
};

struct wire_bus {
    struct bus bus;
    struct wire *wire;
    struct node *node;
    struct link queue;
    size_t read; /* entries of the log that were looked at */
    bool told_up, hold;
};

struct wire {
    struct wire_bus *buses[WIRE_NODES];
    unsigned bus_count;
    struct entry *log;
    size_t count;
};

static struct wire_bus *wire_bus(struct bus *bus)
{
    return container_of(bus, struct wire_bus, bus);
}

static char *copy(struct slice s)
{
    char *p = malloc(s.n + 1);
    assert_non_null(p);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return p;
}

static void log_append(struct wire *w, struct entry e)
{
    w->log = xrealloc(w->log, (w->count + 1) * sizeof *w->log);
    w->log[w->count++] = e;
}

static void entry_free(struct entry *e)
{
    free(e->channel);
    free(e->bytes);
}

static struct request *request_new(struct wire_bus *wb)
{
    struct request *r = xcalloc(1, sizeof *r);
    list_append(&wb->queue, &r->link);
    return r;
}

static void wire_subscribe(struct bus *bus, struct bus_channel *channel)
{
    struct request *r = request_new(wire_bus(bus));
    r->channel = channel;
    channel->request = r;
}

static void wire_unsubscribe(struct bus *bus, struct bus_channel *channel)
{
    struct request *r = channel->request;
    (void)bus;
    if (r != NULL) {
        list_remove(&r->link);
        free(r);
    }
}

static int wire_publish(struct bus *bus, struct slice channel, struct slice bytes, bus_accepted_fn fn,
                        void *arg)
{
    struct request *r = request_new(wire_bus(bus));
    r->entry = (struct entry){copy(channel), copy(bytes), channel.n, bytes.n};
    r->fn = fn;
    r->arg = arg;
    return 0;
}

static void do_request(struct wire_bus *wb, struct request *r, int err)
{
    struct bus *bus = &wb->bus;
    if (r->channel != NULL) {
        r->channel->request = NULL;
        r->channel->state = err == 0 ? BUS_SUBSCRIBED : BUS_SUBSCRIBING;
        bus->handler.subscribed(bus->handler.arg, r->channel, err);
    } else {
        if (err == 0)
            log_append(wb->wire, r->entry);
        else
            entry_free(&r->entry);
        if (r->fn != NULL)
            r->fn(r->arg, err);
    }
}

static void do_requests(struct wire_bus *wb, int err)
{
    struct link batch;
    list_init(&batch);
    list_move_all(&batch, &wb->queue);
    while (!list_empty(&batch)) {
        struct request *r = container_of(batch.next, struct request, link);
        list_remove(&r->link);
        do_request(wb, r, err);
        free(r);
    }
}

static void wire_turn(struct bus *bus)
{
    struct wire_bus *wb = wire_bus(bus);
    if (wb->hold || !bus->up)
        return;
    if (!wb->told_up) {
        wb->told_up = true;
        bus->handler.state(bus->handler.arg, true);
    }
    do_requests(wb, 0);
    for (; wb->read < wb->wire->count; wb->read++) {
        struct entry e = wb->wire->log[wb->read];
        struct bus_channel *channel = bus_find(bus, (struct slice){e.channel, e.channel_n});
        if (channel != NULL && channel->state == BUS_SUBSCRIBED)
            bus->handler.deliver(bus->handler.arg, channel, (struct slice){e.bytes, e.n});
    }
}

static bool wire_pending(const struct bus *bus)
{
    const struct wire_bus *wb = container_of(bus, const struct wire_bus, bus);
    return bus->up && !wb->hold && (!wb->told_up || !list_empty(&wb->queue) || wb->read < wb->wire->count);
}

static void wire_destroy(struct bus *bus)
{
    struct wire_bus *wb = wire_bus(bus);
    struct wire *w = wb->wire;
    while (!list_empty(&wb->queue)) {
        struct request *r = container_of(wb->queue.next, struct request, link);
        list_remove(&r->link);
        if (r->channel == NULL) {
            entry_free(&r->entry);
            if (r->fn != NULL)
                r->fn(r->arg, ERR_UNAVAILABLE);
        }
        free(r);
    }
    for (unsigned i = 0; i < w->bus_count; i++)
        if (w->buses[i] == wb)
            w->buses[i] = w->buses[--w->bus_count];
    free(wb);
}

static const struct bus_ops wire_ops = {.name = "wire",
                                        .subscribe = wire_subscribe,
                                        .unsubscribe = wire_unsubscribe,
                                        .publish = wire_publish,
                                        .turn = wire_turn,
                                        .pending = wire_pending,
                                        .destroy = wire_destroy};

struct wire *wire_new(void)
{
    return xcalloc(1, sizeof(struct wire));
}

void wire_free(struct wire *w)
{
    assert_int_equal(w->bus_count, 0);
    for (size_t i = 0; i < w->count; i++)
        entry_free(&w->log[i]);
    free(w->log);
    free(w);
}

struct bus *wire_bus_new(struct wire *w, struct node *n, const struct bus_handler *handler)
{
    struct wire_bus *wb = xcalloc(1, sizeof *wb);
    assert_true(w->bus_count < WIRE_NODES);
    wb->bus = (struct bus){.ops = &wire_ops, .handler = *handler, .up = true};
    wb->wire = w;
    wb->node = n;
    wb->read = w->count;
    list_init(&wb->queue);
    w->buses[w->bus_count++] = wb;
    return &wb->bus;
}

void settle_all(struct wire *w)
{
    bool again = true;
    for (unsigned round = 0; again; round++) {
        assert_true(round < 100);
        again = false;
        for (unsigned i = 0; i < w->bus_count; i++)
            turn(w->buses[i]->node);
        for (unsigned i = 0; i < w->bus_count; i++)
            again = again || w->buses[i]->node->next == 0 || wire_pending(&w->buses[i]->bus);
    }
}

void wire_hold(struct node *n, bool hold)
{
    wire_bus(n->bus)->hold = hold;
}

void wire_down(struct node *n)
{
    struct wire_bus *wb = wire_bus(n->bus);
    struct bus_channel *channel, *tmp;
    n->bus->up = false;
    HASH_ITER(hh, n->bus->channels, channel, tmp)
    {
        channel->state = BUS_SUBSCRIBING;
    }
    do_requests(wb, ERR_UNAVAILABLE);
    n->bus->handler.state(n->bus->handler.arg, false);
}

void wire_up(struct node *n)
{
    struct wire_bus *wb = wire_bus(n->bus);
    struct bus_channel *channel, *tmp;
    wb->read = wb->wire->count; /* what was published meanwhile is missed */
    n->bus->up = true;
    HASH_ITER(hh, n->bus->channels, channel, tmp)
    {
        channel->state = BUS_SUBSCRIBED;
        n->bus->handler.subscribed(n->bus->handler.arg, channel, 0);
    }
    n->bus->handler.state(n->bus->handler.arg, true);
}

void wire_inject(struct wire *w, const char *channel, struct slice bytes)
{
    log_append(w, (struct entry){copy(slice_of(channel)), copy(bytes), strlen(channel), bytes.n});
}

size_t wire_count(const struct wire *w)
{
    return w->count;
}

bool wire_subscribed(const struct node *n, const char *channel)
{
    struct bus_channel *ch = bus_find(n->bus, slice_of(channel));
    return ch != NULL && ch->state == BUS_SUBSCRIBED;
}
