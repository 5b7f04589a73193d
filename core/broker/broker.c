/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's beginning, turn and end. A turn: timers, endings, the bus, fan-out, one write per touched
 * connection. */
#include "core/broker/broker.h"

#include <assert.h>
#include <stdlib.h>

#include "core/base/xalloc.h"
#include "core/broker/routes_compiled.h"

static void scratch_init(struct broker *b)
{
    /* bounded by what goes in: a message with its attachments, and names; the bounds here are far above */
    size_t most = (size_t)b->settings->max_message_bytes * 16 + (1u << 24);
    struct buf *scratch[] = {&b->envelope,       &b->text,        &b->args,         &b->targets.text,
                             &b->targets.slices, &b->except.text, &b->except.slices};
    for (size_t i = 0; i < sizeof scratch / sizeof scratch[0]; i++)
        buf_init(scratch[i], most);
}

static void make_session_open(struct broker *b)
{
    const struct settings *s = b->settings;
    buf_init(&b->session_open, SIZE_MAX);
    if (buf_addf(&b->session_open, "],\"pingInterval\":%llu,\"pingTimeout\":%llu,\"maxPayload\":%llu}",
                 (unsigned long long)s->ping_interval_ms, (unsigned long long)s->ping_timeout_ms,
                 (unsigned long long)s->max_message_bytes) != 0)
        abort();
}

static void scratch_free(struct broker *b)
{
    struct buf *scratch[] = {&b->envelope,       &b->text,        &b->args,         &b->targets.text,
                             &b->targets.slices, &b->except.text, &b->except.slices};
    for (size_t i = 0; i < sizeof scratch / sizeof scratch[0]; i++)
        buf_free(scratch[i]);
}

int channel_init(struct channel *ch, enum channel_kind kind, const char *prefix, struct slice name,
                 struct slice room, void *owner)
{
    static const char letter[] = {[CHANNEL_ROOM] = 'r', [CHANNEL_NAMESPACE] = 'n', [CHANNEL_NODE] = 'g'};
    struct buf text;
    buf_init(&text, SIZE_MAX);
    int err = buf_addf(&text, "%s:%c:%.*s", prefix, letter[kind], SLICE_FMT(name));
    if (err == 0 && room.n > 0)
        err = buf_addc(&text, ',');
    if (err == 0)
        err = buf_add(&text, room);
    if (err != 0) {
        buf_free(&text);
        return ERR_NOMEM;
    }
    ch->kind = kind;
    ch->name = text.p;
    ch->bus.name = buf_slice(&text);
    ch->bus.owner = owner;
    return 0;
}

static void namespaces_init(struct broker *b)
{
    struct namespace_routes *routes, *tmp;
    HASH_ITER(hh, b->routes->namespaces, routes, tmp)
    {
        struct namespace *ns = xcalloc(1, sizeof *ns);
        ns->broker = b;
        ns->routes = routes;
        if (channel_init(&ns->channel, CHANNEL_NAMESPACE, b->settings->bus_prefix, slice_of(routes->name),
                         SLICE_NONE, ns) != 0)
            abort();
        size_t n = strlen(routes->name); /* the name is the channel's tail: routes may be replaced */
        ns->name = slice_from(ns->channel.bus.name, ns->channel.bus.name.n - n);
        audience_init(&ns->everyone, b);
        HASH_ADD_KEYPTR(hh, b->namespaces, ns->name.p, (unsigned)ns->name.n, ns);
    }
}

static const struct dialect *const dialects[DIALECTS] = {&dialect_socketio, &dialect_json, &dialect_raw,
                                                         &dialect_sse};

struct broker *broker_new(const struct settings *settings, struct routes *routes, struct metrics *metrics,
                          uint64_t now)
{
    struct broker *b = calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    b->settings = settings;
    b->routes = routes_get(routes);
    b->metrics = metrics;
    b->now = now;
    b->node = slice_of(settings->node_id);
    assert(b->node.n > 0 && b->node.n <= NODE_ID_MAX);
    b->sio_limits.max_depth = (unsigned)settings->max_json_depth;
    b->sio_limits.max_attachments = (unsigned)settings->max_attachments;
    struct link *lists[] = {&b->conns,     &b->touched,   &b->closing, &b->dead,
                            &b->audiences, &b->free_runs, &b->replies};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        list_init(lists[i]);
    timers_init(&b->timers);
    scratch_init(b);
    make_session_open(b);
    if (channel_init(&b->channel, CHANNEL_NODE, settings->bus_prefix, b->node, SLICE_NONE, b) != 0)
        abort();
    namespaces_init(b);
    for (unsigned d = 0; d < DIALECTS; d++)
        if ((b->ping[d] = dialects[d]->ping(b)) == NULL)
            abort();
    request_tick_init(b);
    probe_init(b);
    return b;
}

static void on_deliver(void *arg, struct bus_channel *channel, struct slice bytes)
{
    deliver(arg, container_of(channel, struct channel, bus), bytes);
}

static void on_subscribed(void *arg, struct bus_channel *channel, int err)
{
    struct channel *ch = container_of(channel, struct channel, bus);
    (void)arg;
    if (ch->kind == CHANNEL_ROOM)
        room_subscribed(channel->owner, err);
}

static void on_state(void *arg, bool up)
{
    struct broker *b = arg;
    b->metrics->v[M_BUS_UP] = up;
    probe_bus_state(b, up);
}

struct bus_handler broker_bus_handler(struct broker *b)
{
    return (struct bus_handler){
        .arg = b, .deliver = on_deliver, .subscribed = on_subscribed, .state = on_state};
}

void broker_set_bus(struct broker *b, struct bus *bus)
{
    struct namespace *ns, *tmp;
    b->bus = bus;
    bus_subscribe(bus, &b->channel.bus);
    HASH_ITER(hh, b->namespaces, ns, tmp)
    bus_subscribe(bus, &ns->channel.bus);
}

int broker_set_routes(struct broker *b, struct routes *routes)
{
    struct namespace *ns, *tmp;
    if (HASH_COUNT(b->namespaces) != HASH_COUNT(routes->namespaces))
        return ERR_BAD_REQUEST;
    HASH_ITER(hh, b->namespaces, ns, tmp)
    {
        struct namespace_routes *found;
        HASH_FIND(hh, routes->namespaces, ns->name.p, (unsigned)ns->name.n, found);
        if (found == NULL)
            return ERR_BAD_REQUEST;
    }
    HASH_ITER(hh, b->namespaces, ns, tmp)
    {
        struct namespace_routes *found;
        HASH_FIND(hh, routes->namespaces, ns->name.p, (unsigned)ns->name.n, found);
        ns->routes = found;
    }
    routes_free(b->routes); /* runs that wait hold references of their own */
    b->routes = routes_get(routes);
    return 0;
}

static void namespace_free(struct namespace *ns)
{
    struct room *room, *tmp;
    HASH_ITER(hh, ns->rooms, room, tmp)
    room_free(room);
    audience_free(&ns->everyone);
    free(ns->channel.name);
    free(ns);
}

void broker_free(struct broker *b)
{
    assert(b->conn_count == 0);
    conns_end_closing(b);
    conns_free_dead(b);
    if (b->bus != NULL)
        bus_destroy(b->bus);
    requests_free(b);
    runs_free(b);
    struct namespace *ns, *tmp;
    HASH_ITER(hh, b->namespaces, ns, tmp)
    {
        HASH_DEL(b->namespaces, ns);
        namespace_free(ns);
    }
    for (unsigned d = 0; d < DIALECTS; d++)
        frame_put(b->ping[d]);
    compressed_forget(b);
    deflater_free(b->deflater);
    routes_free(b->routes);
    scratch_free(b);
    buf_free(&b->session_open);
    free(b->channel.name);
    free(b);
}

void broker_set_now(struct broker *b, uint64_t now)
{
    assert(now >= b->now);
    b->now = now;
}

uint64_t broker_now(const struct broker *b)
{
    return b->now;
}

static void distribute_all(struct broker *b)
{
    while (!list_empty(&b->audiences))
        audience_distribute(container_of(b->audiences.next, struct audience, touched));
}

uint64_t broker_turn(struct broker *b)
{
    timers_run(&b->timers, b->now);
    conns_end_closing(b);
    bus_turn(b->bus);
    distribute_all(b);
    conns_end_closing(b); /* fan-out closes slow connections */
    conns_flush(b);
    compressed_forget(b);
    conns_end_closing(b);
    conns_free_dead(b);
    b->metrics->v[M_BUS_QUEUE_BYTES] = b->bus->queued_bytes;
    b->metrics->v[M_BUS_CHANNELS] = HASH_COUNT(b->bus->channels);
    if (bus_pending(b->bus) || !list_empty(&b->closing) || !list_empty(&b->audiences))
        return 0;
    return timers_next(&b->timers, b->now);
}

size_t broker_connection_count(const struct broker *b)
{
    return b->conn_count;
}

static size_t drain_some(struct broker *b, size_t n, bool polling)
{
    list_for_each_safe (it, &b->conns) {
        struct conn *c = container_of(it, struct conn, all);
        if (n == 0)
            break;
        if (c->state != CONN_OPEN || (c->gauge == M_CONN_SOCKETIO_POLLING) != polling)
            continue;
        conn_close(c, CLOSE_DRAIN);
        n--;
    }
    return n;
}

void broker_drain(struct broker *b, size_t n)
{
    n = drain_some(b, n, true);
    (void)drain_some(b, n, false);
}

struct metrics *broker_metrics(struct broker *b)
{
    return b->metrics;
}

const struct settings *broker_settings(const struct broker *b)
{
    return b->settings;
}

struct timers *broker_timers(struct broker *b)
{
    return &b->timers;
}
