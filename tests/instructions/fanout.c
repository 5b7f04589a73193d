/* SPDX-License-Identifier: Apache-2.0 */
/* Deliveries: a publication comes from the bus, as the bus over Redis hands it on, and goes to the members of
 * its room and, at the end of the turn, to their sockets. */
#include <string.h>

#include "core/base/buf.h"
#include "core/broker/state.h"
#include "tests/instructions/measure.h"
#include "tests/instructions/world.h"

#define ROOMS_MAX    1000
#define MESSAGES_MAX 100
#define CHANNEL      "roomcast:r:/,"

static struct {
    struct buf channel, envelope[MESSAGES_MAX];
} room[ROOMS_MAX];

/* except: a client id, or empty. */
static void publication_of(struct buf *b, struct slice name, struct slice except)
{
    struct publication pub = {.kind = PUB_EVENT,
                              .sequence = 1,
                              .node = SLICE_LIT("gateway-2"),
                              .ns = SLICE_LIT("/"),
                              .event = {.name = SLICE_LIT(EVENT_NAME), .args = SLICE_LIT(EVENT_ARGS)}};
    buf_init(b, SIZE_MAX);
    if (envelope_encode(b, &pub, (struct names_in){&name, 1}, (struct names_in){&except, except.n > 0}) != 0)
        abort();
}

static struct slice id_of(const struct conn *c)
{
    return client_id(container_of(c->clients.next, struct client, in_conn));
}

static void room_set_up(const struct measure *m, unsigned i)
{
    char text[ROOM_NAME_MAX];
    struct slice name = room_name(text, i);
    buf_init(&room[i].channel, SIZE_MAX);
    if (buf_adds(&room[i].channel, CHANNEL) != 0 || buf_add(&room[i].channel, name) != 0)
        abort();
    for (unsigned k = 0; k < m->members; k++) {
        struct conn *c = open_member(m->dialect, name);
        if (k < m->messages)
            publication_of(&room[i].envelope[k], name, m->excepted ? id_of(c) : SLICE_NONE);
    }
}

static void fanout_set_up(const struct measure *m, unsigned all)
{
    (void)all;
    assert(m->rooms <= ROOMS_MAX && m->messages <= MESSAGES_MAX && m->messages <= m->members);
    assert(m->units == m->rooms * (m->members - m->excepted) * m->messages);
    for (unsigned i = 0; i < m->rooms; i++)
        room_set_up(m, i);
}

static void fanout(const struct measure *m, unsigned n)
{
    for (; n > 0; n--) {
        for (unsigned k = 0; k < m->messages; k++)
            for (unsigned i = 0; i < m->rooms; i++) {
                struct bus_channel *channel = bus_find(world.bus, buf_slice(&room[i].channel));
                world.handler.deliver(world.handler.arg, channel, buf_slice(&room[i].envelope[k]));
            }
        turn();
    }
}

static uint64_t deliveries(void)
{
    assert(world.metrics.v[M_QUEUE_BYTES] == 0); /* and they are written */
    return world.metrics.v[M_DELIVERIES];
}

#define FANOUT .per = "delivery", .set_up = fanout_set_up, .repeat = fanout, .done = deliveries

static const struct measure table[] = {
    {"delivery, room of 1,000", FANOUT, .repetitions = 20, .units = 1000, .rooms = 1, .members = 1000,
     .messages = 1},
    {"delivery, room of 1,000, 100 messages in a turn", FANOUT, .repetitions = 5, .units = 100000, .rooms = 1,
     .members = 1000, .messages = 100},
    {"delivery, room of 1,000, sender excepted", FANOUT, .repetitions = 20, .units = 999, .rooms = 1,
     .members = 1000, .messages = 1, .excepted = true},
    {"delivery, room of 1,000, sender excepted, 100 messages in a turn", FANOUT, .repetitions = 5,
     .units = 99900, .rooms = 1, .members = 1000, .messages = 100, .excepted = true},
    {"delivery, 1,000 rooms of 5", FANOUT, .repetitions = 5, .units = 5000, .rooms = 1000, .members = 5,
     .messages = 1},
    {"delivery, 1,000 rooms of 5, sender excepted", FANOUT, .repetitions = 5, .units = 4000, .rooms = 1000,
     .members = 5, .messages = 1, .excepted = true},
    {"delivery, room of 5, JSON", FANOUT, .repetitions = 100, .units = 5, .rooms = 1, .members = 5,
     .messages = 1, .dialect = DIALECT_JSON},
    {"delivery, room of 5, raw", FANOUT, .repetitions = 100, .units = 5, .rooms = 1, .members = 5,
     .messages = 1, .dialect = DIALECT_RAW},
    {"delivery, room of 5, SSE", FANOUT, .repetitions = 100, .units = 5, .rooms = 1, .members = 5,
     .messages = 1, .dialect = DIALECT_SSE},
};

const struct measures measures_fanout = {table, sizeof table / sizeof table[0]};
