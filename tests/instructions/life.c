/* SPDX-License-Identifier: Apache-2.0 */
/* Connections come, live and go. */
#include "core/base/xalloc.h"
#include "tests/instructions/measure.h"
#include "tests/instructions/world.h"

/* --- heartbeats: connections that were opened evenly over an interval --- */

#define CONNECTIONS 10000
#define STEP_MS     25

static struct conn *pinged[CONNECTIONS];
static unsigned pinged_count;
static uint64_t pongs;

static void note_ping(struct conn *c)
{
    pinged[pinged_count++] = c;
    conn_written(c, c->out.bytes);
}

static const struct transport transport_heartbeat = {.name = "websocket", .flush = note_ping};

static void pass(uint64_t ms)
{
    broker_set_now(world.broker, broker_now(world.broker) + ms);
    turn();
}

static void heartbeat_set_up(const struct measure *m, unsigned all)
{
    uint64_t steps = world.settings.ping_interval_ms / STEP_MS;
    (void)m;
    (void)all;
    assert(CONNECTIONS % steps == 0);
    for (uint64_t i = 0; i < steps; i++) {
        for (uint64_t k = 0; k < CONNECTIONS / steps; k++) {
            (void)open_socketio(&transport_heartbeat);
            pinged_count = 0; /* it was only greeted */
        }
        pass(STEP_MS);
    }
}

static void heartbeat(const struct measure *m, unsigned n)
{
    uint64_t steps = n * (world.settings.ping_interval_ms / STEP_MS);
    (void)m;
    for (; steps > 0; steps--) {
        for (; pinged_count > 0; pongs++)
            conn_message(pinged[--pinged_count], SLICE_LIT("3"), false);
        pass(STEP_MS);
    }
}

static uint64_t heartbeats(void)
{
    return pongs;
}

/* --- a client comes, joins a room that exists, and goes --- */

static struct conn **clients;
static unsigned client_count;

static void come_and_join(const struct measure *m, unsigned n)
{
    (void)m;
    for (; n > 0; n--) {
        struct conn *c = open_socketio(&transport_sink);
        say(c, "420[\"join\",\"room-00000\"]");
        turn();
        clients[client_count++] = c;
    }
}

static void go(const struct measure *m, unsigned n)
{
    (void)m;
    for (; n > 0; n--) {
        conn_lost(clients[--client_count], CLOSE_PEER);
        turn();
    }
}

static void come_set_up(const struct measure *m, unsigned all)
{
    char text[ROOM_NAME_MAX];
    (void)m;
    clients = xcalloc(all, sizeof(struct conn *));
    (void)open_member(DIALECT_SOCKETIO, room_name(text, 0));
}

static void go_set_up(const struct measure *m, unsigned all)
{
    come_set_up(m, all);
    come_and_join(m, all);
}

static uint64_t joined(void)
{
    assert(world.metrics.v[M_ACKS_SENT] + 1 == world.metrics.v[M_MEMBERSHIPS]);
    return world.metrics.v[M_ACKS_SENT];
}

static uint64_t gone(void)
{
    assert(broker_connection_count(world.broker) == world.metrics.v[M_MEMBERSHIPS]);
    return world.metrics.closes[CLOSE_PEER];
}

static const struct measure table[] = {
    {"heartbeat, 10,000 connections", .per = "ping and pong", .repetitions = 1, .units = CONNECTIONS,
     .set_up = heartbeat_set_up, .repeat = heartbeat, .done = heartbeats},
    {"connect and join", .per = "client", .repetitions = 500, .units = 1, .set_up = come_set_up,
     .repeat = come_and_join, .done = joined},
    {"disconnect", .per = "client", .repetitions = 500, .units = 1, .set_up = go_set_up, .repeat = go,
     .done = gone},
};

const struct measures measures_life = {table, sizeof table / sizeof table[0]};
