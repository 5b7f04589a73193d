/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing: a client's message goes through its route and the memory bus to a room with one member, and the
 * answer back; each in a turn of its own. */
#include "tests/instructions/measure.h"
#include "tests/instructions/world.h"

static const char *const messages[DIALECTS] = {
    [DIALECT_SOCKETIO] = "4217[\"publish\",\"room-00000\"," EVENT_NAME "," EVENT_ARGS "]",
    [DIALECT_JSON] =
        "{\"event\":\"publish\",\"args\":[\"room-00000\"," EVENT_NAME "," EVENT_ARGS "],\"ack\":17}",
    [DIALECT_RAW] = EVENT_TEXT,
};

static struct conn *publisher;

/* A raw client publishes to its own room only: it is the one member. */
static void publish_set_up(const struct measure *m, unsigned all)
{
    char text[ROOM_NAME_MAX];
    (void)all;
    publisher = open_member(m->dialect, room_name(text, m->dialect == DIALECT_RAW ? 0 : 1));
    if (m->dialect != DIALECT_RAW)
        (void)open_member(DIALECT_SOCKETIO, room_name(text, 0));
}

static void publish(const struct measure *m, unsigned n)
{
    struct slice message = slice_of(messages[m->dialect]);
    for (; n > 0; n--) {
        conn_message(publisher, message, false);
        turn();
    }
}

static uint64_t delivered_and_acked(void)
{
    assert(world.metrics.v[M_ACKS_SENT] == world.metrics.v[M_DELIVERIES]);
    return world.metrics.v[M_ACKS_SENT];
}

static uint64_t delivered(void)
{
    return world.metrics.v[M_DELIVERIES];
}

#define PUBLISH .per = "publish", .repetitions = 500, .units = 1, .set_up = publish_set_up, .repeat = publish

static const struct measure table[] = {
    {"publish with ack, Socket.IO", PUBLISH, .dialect = DIALECT_SOCKETIO, .done = delivered_and_acked},
    {"publish with ack, JSON", PUBLISH, .dialect = DIALECT_JSON, .done = delivered_and_acked},
    {"publish, raw", PUBLISH, .dialect = DIALECT_RAW, .done = delivered},
};

const struct measures measures_publish = {table, sizeof table / sizeof table[0]};
