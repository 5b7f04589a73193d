/* SPDX-License-Identifier: Apache-2.0 */
/* The broker under test and its clients. */
#include "tests/instructions/world.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/broker/routes.h"

struct world world;

/* In place of the C library's: identifiers decide where hash tables put things. */
ssize_t getrandom(void *p, size_t n, unsigned flags)
{
    static uint64_t state = 88172645463325252u;
    char *to = p;
    (void)flags;
    for (size_t i = 0; i < n; i += sizeof state) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        memcpy(to + i, &state, n - i < sizeof state ? n - i : sizeof state);
    }
    return (ssize_t)n;
}

static void sink_flush(struct conn *c)
{
    if (c->out.bytes > 0)
        conn_written(c, c->out.bytes);
    if (c->state == CONN_CLOSING)
        conn_lost(c, CLOSE_LOST);
}

const struct transport transport_sink = {.name = "websocket", .flush = sink_flush};

void world_init(void)
{
    char why[300];
    struct settings *s = &world.settings;
    log_setup(LOG_ERROR, LOG_TEXT);
    hash_seed(1);
    json_object_seed(1); /* of jansson, which reads the routes */
    settings_init(s);
    if (settings_set(s, SLICE_LIT("node_id"), SLICE_LIT("gateway-1"), why, sizeof why) != 0)
        abort();
    struct routes *routes = routes_compile(NULL, s, why, sizeof why);
    assert(routes != NULL);
    world.broker = broker_new(s, routes, &world.metrics, 1000);
    world.handler = broker_bus_handler(world.broker);
    world.bus = memory_bus_new(&world.handler, (size_t)s->max_bus_queue_bytes);
    broker_set_bus(world.broker, world.bus);
    settle();
    assert(broker_ready(world.broker));
}

void turn(void)
{
    (void)broker_turn(world.broker);
}

void settle(void)
{
    while (broker_turn(world.broker) == 0)
        continue;
}

void say(struct conn *c, const char *text)
{
    conn_message(c, slice_of(text), false);
}

struct conn *open_socketio(const struct transport *t)
{
    struct session *s = session_open(world.broker, t, NULL, true, SLICE_NONE, SLICE_LIT("192.0.2.1"));
    assert(s != NULL);
    settle();
    say(&s->conn, "40");
    settle();
    return &s->conn;
}

static struct conn *open_plain(const struct dialect *d, struct slice room)
{
    struct plain_request r = {.broker = world.broker,
                              .dialect = d,
                              .transport = &transport_sink,
                              .peer = SLICE_LIT("192.0.2.1"),
                              .ns = SLICE_LIT("/"),
                              .rooms = &room,
                              .room_count = d->index != DIALECT_JSON};
    struct conn *c;
    if (plain_open(&r, &c) != 0)
        abort();
    settle();
    return c;
}

struct conn *open_member(enum dialect_index dialect, struct slice room)
{
    static const struct dialect *const plain[DIALECTS] = {NULL, &dialect_json, &dialect_raw, &dialect_sse};
    uint64_t before = world.metrics.v[M_MEMBERSHIPS];
    char text[100];
    struct conn *c =
        dialect == DIALECT_SOCKETIO ? open_socketio(&transport_sink) : open_plain(plain[dialect], room);
    if (dialect == DIALECT_SOCKETIO) {
        snprintf(text, sizeof text, "42[\"join\",\"%.*s\"]", SLICE_FMT(room));
        say(c, text);
    } else if (dialect == DIALECT_JSON) {
        snprintf(text, sizeof text, "{\"event\":\"join\",\"args\":[\"%.*s\"]}", SLICE_FMT(room));
        say(c, text);
    }
    settle();
    assert(world.metrics.v[M_MEMBERSHIPS] == before + 1);
    return c;
}

struct slice room_name(char *name, unsigned i)
{
    int n = snprintf(name, ROOM_NAME_MAX, "room-%05u", i);
    assert(n > 0 && n < ROOM_NAME_MAX);
    return (struct slice){name, (size_t)n};
}
