/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes and peers of the broker's tests. */
#include "tests/unit/broker/fixture.h"

#include <limits.h>

#include "core/base/xalloc.h"
#include "core/codec/websocket.h"

int open_error;

/* --- what a peer hears --- */

static void put_message(struct buf *text, const struct ws_frame *f)
{
    if (f->opcode == WS_TEXT) {
        assert_int_equal(buf_add(text, f->payload), 0);
    } else if (f->opcode == WS_BINARY) {
        assert_int_equal(buf_addc(text, '<'), 0);
        for (size_t i = 0; i < f->payload.n; i++)
            assert_int_equal(buf_addf(text, "%02x", (unsigned char)f->payload.p[i]), 0);
        assert_int_equal(buf_addc(text, '>'), 0);
    } else {
        assert_int_equal(f->opcode, WS_PING);
        assert_int_equal(buf_adds(text, "(ping)"), 0);
    }
    assert_int_equal(buf_addc(text, '\n'), 0);
}

static void put_inflated(struct peer *p, const struct ws_frame *f)
{
    struct ws_frame plain = *f;
    struct inflater *inflater = inflater_new();
    struct buf out;
    buf_init(&out, SIZE_MAX);
    assert_int_equal(inflate_payload(inflater, f->payload, &out), 0);
    assert_true(out.n > f->payload.n);
    plain.payload = buf_slice(&out);
    put_message(&p->text, &plain);
    p->compressed++;
    buf_free(&out);
    inflater_free(inflater);
}

static void decode(struct peer *p)
{
    struct slice rest = buf_slice(&p->wire);
    struct ws_frame f;
    size_t need;
    int got;
    while ((got = ws_frame_next(&rest, SIZE_MAX, &f, &need)) == 1) {
        assert_true(f.fin);
        if (f.rsv1)
            put_inflated(p, &f);
        else
            put_message(&p->text, &f);
    }
    assert_int_equal(got, 0);
    buf_consume(&p->wire, p->wire.n - rest.n);
}

/* At most n bytes of the queue go into `to`. */
static void take(struct conn *c, size_t n, struct buf *to)
{
    size_t taken = 0;
    for (uint32_t i = 0; i < c->out.count && taken < n; i++) {
        const struct frame *f = outq_at(&c->out, i);
        size_t offset = i == 0 ? c->out.offset : 0;
        size_t some = f->n - offset < n - taken ? f->n - offset : n - taken;
        assert_int_equal(buf_add(to, (struct slice){f->bytes + offset, some}), 0);
        taken += some;
    }
    if (taken > 0)
        conn_written(c, taken);
}

static void finish_close(struct peer *p)
{
    struct conn *c = p->conn;
    if (c->state != CONN_CLOSING || p->no_close || (c->out.count > 0 && p->take > 0))
        return;
    p->closed = true;
    p->reason = c->reason;
    p->conn = NULL;
    conn_lost(c, CLOSE_LOST);
}

static void flush(struct conn *c, bool frames)
{
    struct peer *p = c->io;
    assert_ptr_equal(p->conn, c);
    p->flushes++;
    p->entries = c->out.count;
    take(c, p->take, frames ? &p->wire : &p->text);
    c->behind = c->out.count > 0;
    if (frames)
        decode(p);
    finish_close(p);
}

static void websocket_flush(struct conn *c)
{
    flush(c, true);
}

static void stream_flush(struct conn *c)
{
    flush(c, false);
}

static void polling_take(struct peer *p)
{
    size_t before = p->text.n;
    struct buf body;
    buf_init(&body, SIZE_MAX);
    assert_int_equal(session_take(session_of_peer(p), &body), 0);
    assert_int_equal(buf_add(&p->text, buf_slice(&body)), 0);
    if (p->text.n > before)
        assert_int_equal(buf_addc(&p->text, '\n'), 0);
    buf_free(&body);
    p->get = false;
    p->conn->behind = true;
}

static void polling_flush(struct conn *c)
{
    struct peer *p = c->io;
    p->flushes++;
    p->entries = c->out.count;
    if (p->get && c->out.count > 0)
        polling_take(p);
    if (c->state == CONN_CLOSING) {
        conn_written(c, c->out.bytes);
        finish_close(p);
    }
}

static void pause_peer(struct conn *c, bool paused)
{
    struct peer *p = c->io;
    assert_int_not_equal(p->paused, paused);
    p->paused = paused;
    p->pauses += paused;
}

static void ready(struct conn *c)
{
    struct peer *p = c->io;
    p->ready = true;
    p->readies++;
}

static const struct transport websocket = {"websocket", websocket_flush, ready, pause_peer};
static const struct transport polling = {"polling", polling_flush, NULL, NULL};
static const struct transport stream = {"stream", stream_flush, ready, NULL};

/* --- nodes --- */

static void set(struct settings *s, const char *pairs)
{
    char why[200], *copy = strdup(pairs), *save = NULL;
    assert_non_null(copy);
    for (char *pair = strtok_r(copy, " ", &save); pair != NULL; pair = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(pair, '=');
        assert_non_null(equals);
        *equals = '\0';
        if (settings_set(s, slice_of(pair), slice_of(equals + 1), why, sizeof why) != 0)
            fail_msg("%s", why);
    }
    free(copy);
}

struct routes *compile(const struct settings *settings, const char *routes)
{
    char why[500] = "";
    json_error_t error;
    json_t *tree = routes != NULL ? json_loads(routes, 0, &error) : NULL;
    if (routes != NULL && tree == NULL)
        fail_msg("%s in %s", error.text, routes);
    struct routes *r = routes_compile(tree, settings, why, sizeof why);
    json_decref(tree);
    if (r == NULL)
        fail_msg("%s", why);
    return r;
}

static struct node *start(struct wire *w, const char *node_id, const char *settings, const char *routes)
{
    struct node *n = xcalloc(1, sizeof *n);
    log_setup(LOG_ERROR, LOG_TEXT);
    settings_init(&n->settings);
    set(&n->settings, node_id);
    if (settings != NULL)
        set(&n->settings, settings);
    n->routes = compile(&n->settings, routes);
    n->broker = broker_new(&n->settings, n->routes, &n->metrics, 1000);
    struct bus_handler handler = broker_bus_handler(n->broker);
    n->bus = w != NULL ? wire_bus_new(w, n, &handler)
                       : memory_bus_new(&handler, (size_t)n->settings.max_bus_queue_bytes);
    broker_set_bus(n->broker, n->bus);
    settle(n);
    assert_true(broker_ready(n->broker));
    return n;
}

struct node *node_new(const char *settings, const char *routes)
{
    return start(NULL, "node_id=n1", settings, routes);
}

struct node *node_on(struct wire *w, const char *node_id, const char *settings, const char *routes)
{
    char pair[64];
    snprintf(pair, sizeof pair, "node_id=%s", node_id);
    return start(w, pair, settings, routes);
}

/* Nothing may be left of what the connections were. */
static void gauges_are_zero(const struct node *n)
{
    static const enum metric gauges[] = {M_CONN_SOCKETIO_POLLING, M_CONN_SOCKETIO_WEBSOCKET,
                                         M_CONN_JSON_WEBSOCKET,   M_CONN_RAW_WEBSOCKET,
                                         M_CONN_SSE_STREAM,       M_CLIENTS,
                                         M_MEMBERSHIPS,           M_QUEUE_BYTES,
                                         M_CONN_COMPRESSED};
    for (size_t i = 0; i < sizeof gauges / sizeof gauges[0]; i++)
        assert_int_equal(n->metrics.v[gauges[i]], 0);
}

void node_free(struct node *n)
{
    for (unsigned i = 0; i < n->peer_count; i++)
        lose(n->peers[i]);
    assert_int_equal(broker_connection_count(n->broker), 0);
    broker_free(n->broker);
    gauges_are_zero(n);
    assert_int_equal(n->metrics.v[M_ROOMS], 0);
    routes_free(n->routes);
    settings_free(&n->settings);
    for (unsigned i = 0; i < n->peer_count; i++) {
        buf_free(&n->peers[i]->text);
        buf_free(&n->peers[i]->wire);
        free(n->peers[i]);
    }
    free(n);
}

uint64_t metric(const struct node *n, enum metric which)
{
    return n->metrics.v[which];
}

uint64_t refusals(const struct node *n, int err)
{
    return n->metrics.refusals[-err];
}

uint64_t closes(const struct node *n, enum close_reason why)
{
    return n->metrics.closes[why];
}

void turn(struct node *n)
{
    n->next = broker_turn(n->broker);
}

void settle(struct node *n)
{
    unsigned rounds = 0;
    do {
        assert_true(rounds++ < 100);
        turn(n);
    } while (n->next == 0);
}

void advance(struct node *n, uint64_t ms)
{
    uint64_t end = broker_now(n->broker) + ms;
    settle(n);
    while (broker_now(n->broker) + n->next <= end) {
        broker_set_now(n->broker, broker_now(n->broker) + n->next);
        settle(n);
    }
    broker_set_now(n->broker, end);
}

/* --- peers --- */

static struct peer *peer_new(struct node *n)
{
    struct peer *p = xcalloc(1, sizeof *p);
    assert_true(n->peer_count < NODE_PEERS);
    n->peers[n->peer_count++] = p;
    p->node = n;
    p->take = SIZE_MAX;
    buf_init(&p->text, SIZE_MAX);
    buf_init(&p->wire, SIZE_MAX);
    return p;
}

struct session *session_of_peer(struct peer *p)
{
    return container_of(p->conn, struct session, conn);
}

struct peer *sio_open(struct node *n)
{
    struct peer *p = peer_new(n);
    p->conn = &session_open(n->broker, &websocket, p, true, SLICE_NONE, SLICE_LIT("192.0.2.1"))->conn;
    settle(n);
    return p;
}

struct peer *sio_polling(struct node *n)
{
    struct peer *p = peer_new(n);
    p->conn = &session_open(n->broker, &polling, p, false, SLICE_NONE, SLICE_NONE)->conn;
    settle(n);
    return p;
}

struct peer *sio(struct node *n, const char *ns)
{
    struct peer *p = sio_open(n);
    if (strcmp(ns, "/") == 0)
        say(p, "40");
    else
        sayf(p, "40%s,", ns);
    settle(n);
    assert_non_null(p->conn);
    (void)id_of(p);
    forget(p);
    return p;
}

const char *id_of(struct peer *p)
{
    if (p->conn != NULL && !list_empty(&p->conn->clients)) {
        struct client *cl = container_of(p->conn->clients.next, struct client, in_conn);
        snprintf(p->id, sizeof p->id, "%.*s", SLICE_FMT(client_id(cl)));
    }
    return p->id;
}

static size_t split(const char *rooms, struct slice *v, size_t most)
{
    size_t n = 0;
    while (rooms != NULL) {
        const char *comma = strchr(rooms, ',');
        assert_true(n < most);
        v[n++] = comma != NULL ? (struct slice){rooms, (size_t)(comma - rooms)} : slice_of(rooms);
        rooms = comma != NULL ? comma + 1 : NULL;
    }
    return n;
}

struct peer *plain(struct node *n, const struct dialect *d, const char *ns, const char *auth,
                   const char *rooms)
{
    struct peer *p = peer_new(n);
    struct slice names[20];
    size_t count = split(rooms, names, 20);
    struct plain_request r = {.broker = n->broker,
                              .dialect = d,
                              .transport = d->index == DIALECT_SSE ? &stream : &websocket,
                              .io = p,
                              .peer = SLICE_LIT("2001:db8::1"),
                              .ns = slice_of(ns),
                              .auth = auth != NULL ? slice_of(auth) : SLICE_NONE,
                              .rooms = names,
                              .room_count = count};
    open_error = plain_open(&r, &p->conn);
    if (open_error != 0)
        assert_null(p->conn);
    else
        (void)id_of(p);
    return open_error == 0 ? p : NULL;
}

struct peer *json(struct node *n)
{
    struct peer *p = plain(n, &dialect_json, "/", NULL, NULL);
    assert_non_null(p);
    settle(n);
    assert_true(heard_part(p, "$welcome"));
    forget(p);
    return p;
}

struct peer *raw(struct node *n, const char *room)
{
    struct peer *p = plain(n, &dialect_raw, "/", NULL, room);
    assert_non_null(p);
    settle(n);
    assert_true(p->ready);
    return p;
}

struct peer *sse(struct node *n, const char *rooms)
{
    struct peer *p = plain(n, &dialect_sse, "/", NULL, rooms);
    assert_non_null(p);
    settle(n);
    assert_true(p->ready);
    return p;
}

/* The bytes in a block of their own, so that reading past them is found. */
static void message(struct peer *p, struct slice bytes, bool binary)
{
    char *exact = malloc(bytes.n > 0 ? bytes.n : 1);
    assert_non_null(exact);
    memcpy(exact, bytes.p, bytes.n);
    assert_non_null(p->conn);
    conn_message(p->conn, (struct slice){exact, bytes.n}, binary);
    free(exact);
}

void say(struct peer *p, const char *text)
{
    message(p, slice_of(text), false);
}

void say_binary(struct peer *p, const char *bytes, size_t n)
{
    message(p, (struct slice){bytes, n}, true);
}

__attribute__((format(printf, 1, 0))) static char *print(const char *fmt, va_list ap)
{
    char *text = NULL;
    assert_true(vasprintf(&text, fmt, ap) >= 0);
    return text;
}

void sayf(struct peer *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = print(fmt, ap);
    va_end(ap);
    say(p, text);
    free(text);
}

int post(struct peer *p, const char *body)
{
    size_t n = strlen(body);
    char *exact = malloc(n > 0 ? n : 1);
    assert_non_null(exact);
    memcpy(exact, body, n);
    int err = session_payload(session_of_peer(p), &(struct slice){exact, n}, UINT_MAX);
    free(exact);
    return err;
}

void poll_get(struct peer *p)
{
    p->get = true;
    p->conn->behind = false;
    if (p->conn->out.count > 0)
        polling_take(p);
}

void join(struct peer *p, const char *room)
{
    sayf(p, "42999[\"join\",\"%s\"]", room);
    settle(p->node);
    heardf(p, "43999[{\"ok\":true,\"room\":\"%s\"}]\n", room);
}

void lose(struct peer *p)
{
    struct conn *c = p->conn;
    p->conn = NULL;
    if (c != NULL)
        conn_lost(c, CLOSE_PEER);
}

void forget(struct peer *p)
{
    buf_clear(&p->text);
}

void heard(struct peer *p, const char *expected)
{
    assert_int_equal(buf_addc(&p->text, '\0'), 0);
    assert_string_equal(p->text.p, expected);
    assert_int_equal(p->text.n - 1, strlen(expected));
    forget(p);
}

void heardf(struct peer *p, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = print(fmt, ap);
    va_end(ap);
    heard(p, text);
    free(text);
}

bool heard_part(struct peer *p, const char *part)
{
    return p->text.n > 0 && memmem(p->text.p, p->text.n, part, strlen(part)) != NULL;
}

void closed_for(struct peer *p, enum close_reason why)
{
    assert_true(p->closed);
    assert_string_equal(close_reason_name(p->reason), close_reason_name(why));
}
