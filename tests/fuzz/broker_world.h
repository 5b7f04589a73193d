/* SPDX-License-Identifier: Apache-2.0 */
/* For fuzzers: a gateway without sockets whose clients speak lines of the input, with listeners of every
 * dialect who check what they hear. A line is a message of the speaker, but for those that begin with <  a
 * binary message       .  a turn of the loop         +  a second passes >  a polling body          @  its
 * socket takes nothing, or everything again       !  it leaves, another comes A byte 0x7f stands for the
 * speaker's own client id. */
#ifndef TESTS_FUZZ_BROKER_WORLD_H
#define TESTS_FUZZ_BROKER_WORLD_H

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#include "core/broker/state.h"
#include "core/codec/json.h"
#include "core/codec/websocket.h"
#include "core/dialect/engineio.h"
#include "core/dialect/plain.h"

static const char world_routes[] =
    "{\"/\":{\"user_from_auth\":\"u\",\"routes\":{"
    "\"join\":[{\"join\":\"$0\"},{\"ack\":[{\"room\":\"$0\",\"all\":\"$rooms\"}]}],\"leave\":[{\"leave\":\"$"
    "0\"},{\"ack\":[]}],"
    "\"e\":[{\"emit\":\"$1\",\"to\":\"$0\",\"except\":\"$id\",\"args\":\"$2..\"},{\"ack\":\"$args\"}],"
    "\"v\":[{\"emit\":\"v\",\"to\":[\"$0\",\"$1\",\"$rooms\"],\"volatile\":true,\"args\":[\"$args\",\"$"
    "auth\"]},"
    "{\"join\":\"$2\"},{\"ack\":[\"$user\",[\"$0\",{\"x\":\"$1..\"}]]}],"
    "\"q\":[{\"request\":\"$1\",\"to\":\"$0\",\"args\":\"$args\"}],"
    "\"$connect\":[{\"join\":\"r\"},{\"emit\":\"in\",\"to\":\"*\",\"args\":[\"$id\",\"$user\",\"$auth\"]}],"
    "\"$disconnect\":[{\"emit\":\"out\",\"to\":\"$rooms\",\"args\":[\"$reason\"]}],"
    "\"$leave\":[{\"emit\":\"left\",\"to\":\"$room\",\"args\":[\"$room\"]}],"
    "\"*\":[{\"emit\":\"$event\",\"to\":\"*\",\"args\":\"$args\"},{\"ack\":[\"$event\"]}]}},"
    "\"/"
    "b\":{\"routes\":{\"*\":[{\"emit\":\"$event\",\"to\":\"r\",\"args\":\"$args\"}],\"j\":[{\"join\":\"r\"}]}"
    "}}";

enum { WORLD_PEERS = 5 };

struct world_peer {
    struct conn *conn;
    struct buf wire;
    bool stuck, polling;
};

static struct world {
    struct settings settings;
    struct metrics metrics;
    struct routes *routes[2]; /* built-in, and ours */
    struct broker *broker;
    struct inflater *inflater;
    struct world_peer peer[WORLD_PEERS]; /* the first one speaks */
    void (*open)(struct world_peer *p);
} world;

/* What an unmodified client does with a packet that it cannot read is to disconnect. */
static void world_check_socketio(struct slice text)
{
    struct sio_packet packet;
    struct sio_limits limits = {.max_depth = 1024, .max_attachments = SIO_MAX_ATTACHMENTS};
    assert(text.n > 0);
    if (text.p[0] != '4')
        return;
    text = slice_from(text, 1);
    int err = sio_decode(text, &limits, &packet);
    assert(err == 0);
    assert(packet.type == SIO_CONNECT || packet.type == SIO_CONNECT_ERROR || packet.data.p[0] == '[');
    assert(packet.type == SIO_ACK || packet.type == SIO_BINARY_ACK || packet.name.n > 0 ||
           packet.type == SIO_CONNECT || packet.type == SIO_CONNECT_ERROR);
}

static void world_check_text(const struct dialect *d, struct slice text)
{
    struct slice value;
    if (d->index == DIALECT_SOCKETIO)
        world_check_socketio(text);
    if (d->index == DIALECT_JSON) {
        int err = json_check(text, 1024, &value);
        assert(err == 0 && value.p[0] == '{');
    }
}

/* An event has the lines event: and data:, and an empty one at its end. */
static void world_check_stream(struct slice s)
{
    assert(s.n >= 3 && memcmp(s.p + s.n - 2, "\n\n", 2) == 0);
    bool begin = true;
    while (s.n > 0) {
        const char *end = memchr(s.p, '\n', s.n);
        struct slice line = {s.p, (size_t)(end - s.p)};
        assert(memchr(line.p, '\r', line.n) == NULL);
        assert(line.n == 0 || line.p[0] == ':' || slice_starts(line, begin ? "event: " : "data: "));
        begin = line.n == 0;
        s = slice_from(s, line.n + 1);
    }
}

static void world_look(struct world_peer *p, const struct frame *f)
{
    struct slice rest = {f->bytes, f->n};
    struct ws_frame ws;
    struct buf inflated;
    size_t need;
    if (p->conn->dialect->index == DIALECT_SSE) {
        world_check_stream(rest);
        return;
    }
    while (rest.n > 0) {
        int got = ws_frame_next(&rest, SIZE_MAX, &ws, &need);
        assert(got == 1 && ws.fin && (!ws.rsv1 || p->conn->compressed));
        buf_init(&inflated, SIZE_MAX);
        if (ws.rsv1) {
            int err = inflate_payload(world.inflater, ws.payload, &inflated);
            assert(err == 0 && inflated.n > ws.payload.n);
            ws.payload = buf_slice(&inflated);
        }
        if (ws.opcode == WS_TEXT)
            world_check_text(p->conn->dialect, ws.payload);
        buf_free(&inflated);
    }
}

static void world_flush(struct conn *c)
{
    struct world_peer *p = c->io;
    while (!p->stuck && c->out.count > 0) {
        world_look(p, outq_at(&c->out, 0));
        conn_written(c, outq_at(&c->out, 0)->n);
    }
    c->behind = c->out.count > 0;
    if (c->state == CONN_CLOSING) {
        p->conn = NULL;
        conn_lost(c, CLOSE_LOST);
    }
}

static const struct transport world_websocket = {.name = "websocket", .flush = world_flush};

static inline void world_open_session(struct world_peer *p)
{
    struct session *s = session_open(world.broker, &world_websocket, p, true, SLICE_NONE, SLICE_NONE);
    p->conn = &s->conn;
}

static inline void world_open_plain(struct world_peer *p, const struct dialect *d, const char *room)
{
    struct slice name = slice_of(room);
    struct plain_request r = {.broker = world.broker,
                              .dialect = d,
                              .transport = &world_websocket,
                              .io = p,
                              .ns = SLICE_LIT("/"),
                              .rooms = &name,
                              .room_count = name.n > 0};
    if (plain_open(&r, &p->conn) != 0)
        p->conn = NULL;
}

static void world_settle(void)
{
    for (unsigned i = 0; i < 50 && broker_turn(world.broker) == 0; i++)
        continue;
}

static void world_begin(bool builtin, bool compress, void (*open)(struct world_peer *))
{
    char why[300];
    if (world.routes[0] == NULL) {
        static char id[] = "n";
        json_t *tree = json_loads(world_routes, 0, NULL);
        log_setup(LOG_ERROR, LOG_TEXT);
        settings_init(&world.settings);
        free(world.settings.node_id);
        world.settings.node_id = id;
        world.settings.max_message_bytes = 4096;
        world.settings.max_queue_frames = 1000;
        world.settings.ping_interval_ms = 3600000; /* nobody here answers */
        world.settings.max_pending_events = 20;
        world.settings.max_rooms_per_client = 4;
        world.settings.max_namespaces_per_connection = 2;
        world.settings.max_room_name_bytes = 20;
        world.settings.compression_min_bytes = 30;
        world.inflater = inflater_new();
        world.routes[0] = routes_compile(NULL, &world.settings, why, sizeof why);
        world.routes[1] = routes_compile(tree, &world.settings, why, sizeof why);
        json_decref(tree);
    }
    memset(&world.metrics, 0, sizeof world.metrics);
    memset(world.peer, 0, sizeof world.peer);
    world.broker = broker_new(&world.settings, world.routes[builtin ? 0 : 1], &world.metrics, 1);
    struct bus_handler handler = broker_bus_handler(world.broker);
    broker_set_bus(world.broker, memory_bus_new(&handler, 100000));
    world_settle();
    world.open = open;
    open(&world.peer[0]);
    world_open_session(&world.peer[1]);
    conn_message(world.peer[1].conn, SLICE_LIT("40"), false);
    world_open_plain(&world.peer[2], &dialect_json, "");
    world_open_plain(&world.peer[3], &dialect_raw, "r");
    world_open_plain(&world.peer[4], &dialect_sse, "r");
    world_settle();
    for (unsigned i = 1; compress && i < 4; i++)
        conn_compress(world.peer[i].conn);
    conn_message(world.peer[1].conn, SLICE_LIT("420[\"join\",\"r\"]"), false);
    world_settle();
}

static void world_lose(struct world_peer *p)
{
    struct conn *c = p->conn;
    p->conn = NULL;
    if (c != NULL)
        conn_lost(c, CLOSE_PEER);
}

/* The line with the speaker's id filled in, in a block of its own. */
static struct buf world_message(struct slice line)
{
    const struct conn *c = world.peer[0].conn;
    struct slice id = SLICE_NONE;
    struct buf b;
    buf_init(&b, SIZE_MAX);
    if (!list_empty(&c->clients))
        id = client_id(container_of(c->clients.next, struct client, in_conn));
    for (size_t i = 0; i < line.n; i++)
        (void)buf_add(&b, line.p[i] == 0x7f ? id : (struct slice){line.p + i, 1});
    char *exact = malloc(b.n > 0 ? b.n : 1);
    if (b.n > 0)
        memcpy(exact, b.p, b.n);
    free(b.p);
    b.p = exact;
    return b;
}

static void world_speak(struct slice line)
{
    struct world_peer *p = &world.peer[0];
    char first = line.n > 0 ? line.p[0] : '\0';
    bool special = first == '<' || first == '>';
    if (p->conn == NULL)
        p->stuck = false, world.open(p);
    if (p->conn == NULL)
        return;
    struct buf b = world_message(slice_from(line, special));
    if (first == '>' && p->conn->dialect->index == DIALECT_SOCKETIO) {
        int err =
            session_payload(container_of(p->conn, struct session, conn), &(struct slice){b.p, b.n}, UINT_MAX);
        assert(err == 0 || p->conn->state != CONN_OPEN);
    } else {
        conn_message(p->conn, buf_slice(&b), first == '<');
    }
    buf_free(&b);
}

static void world_line(struct slice line)
{
    struct world_peer *p = &world.peer[0];
    switch (line.n > 0 ? line.p[0] : '\0') {
    case '.':
        (void)broker_turn(world.broker);
        break;
    case '+':
        broker_set_now(world.broker, broker_now(world.broker) + 1000);
        world_settle();
        break;
    case '@':
        p->stuck = !p->stuck;
        if (p->conn != NULL)
            conn_touch(p->conn);
        break;
    case '!':
        world_lose(p);
        break;
    default:
        world_speak(line);
    }
}

/* Listeners keep what they were given: nobody else's words close them. */
static void world_end(void)
{
    world_settle();
    for (unsigned i = 1; i < WORLD_PEERS; i++)
        assert(world.peer[i].conn != NULL);
    for (unsigned i = 0; i < WORLD_PEERS; i++)
        world_lose(&world.peer[i]);
    world_settle();
    assert(world.metrics.v[M_CLIENTS] == 0 && world.metrics.v[M_MEMBERSHIPS] == 0);
    assert(world.metrics.v[M_QUEUE_BYTES] == 0);
    broker_free(world.broker);
}

static void world_run(struct slice input, void (*open)(struct world_peer *))
{
    if (input.n == 0)
        return;
    world_begin(input.p[0] & 1, input.p[0] & 2, open);
    struct slice rest = slice_from(input, 1);
    while (rest.n > 0) {
        const char *end = memchr(rest.p, '\n', rest.n);
        struct slice line = {rest.p, end != NULL ? (size_t)(end - rest.p) : rest.n};
        world_line(line);
        rest = slice_from(rest, line.n + (end != NULL));
    }
    world_end();
}

#endif
