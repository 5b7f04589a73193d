/* SPDX-License-Identifier: Apache-2.0 */
/* Publications: every kind of target, over two nodes; what is refused and how it is counted; what comes from
 * the bus and is not ours. */
#include "tests/unit/broker/fixture.h"

static const char routes[] =
    "{\"/\":{\"routes\":{"
    "\"join\":[{\"join\":\"$0\"},{\"ack\":[{\"ok\":true,\"room\":\"$0\"}]}],"
    "\"all\":[{\"emit\":\"m\",\"to\":\"*\",\"args\":\"$args\"}],"
    "\"all but me\":[{\"emit\":\"m\",\"to\":\"*\",\"except\":\"$id\",\"args\":\"$args\"}],"
    "\"all but\":[{\"emit\":\"m\",\"to\":\"*\",\"except\":[\"$0\",\"$1\"]}],"
    "\"to\":[{\"emit\":\"m\",\"to\":\"$0\",\"args\":\"$1..\"},{\"ack\":[]}],"
    "\"to but me\":[{\"emit\":\"m\",\"to\":\"$0\",\"except\":\"$id\"}],"
    "\"to both\":[{\"emit\":\"m\",\"to\":[\"$0\",\"$1\"]},{\"ack\":[]}],"
    "\"rooms\":[{\"emit\":\"m\",\"to\":\"$rooms\"},{\"ack\":[]}],"
    "\"rooms but\":[{\"emit\":\"m\",\"to\":\"$rooms\",\"except\":\"$0\"}],"
    "\"v\":[{\"emit\":\"v\",\"to\":\"$0\",\"volatile\":true},{\"ack\":[]}],"
    "\"v but me\":[{\"emit\":\"v\",\"to\":\"$0\",\"except\":\"$id\",\"volatile\":true}],"
    "\"name\":[{\"emit\":\"$0\",\"to\":\"$id\"},{\"ack\":[]}]}},\"/b\":{}}";

static struct wire *w;
static struct node *a, *b;
static struct peer *p, *q, *r, *s; /* p and q at a; r (Socket.IO) and s (JSON) at b */

static int setup(void **state)
{
    (void)state;
    w = wire_new();
    a = node_on(w, "a", NULL, routes);
    b = node_on(w, "b", NULL, routes);
    p = sio(a, "/");
    q = sio(a, "/");
    r = sio(b, "/");
    s = json(b);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    node_free(a);
    node_free(b);
    wire_free(w);
    return 0;
}

static void send(struct peer *from, const char *message)
{
    say(from, message);
    settle_all(w);
}

/* Which of the four heard event m (without arguments), e.g. "pq r" as "pqr". */
static void reached(const char *who)
{
    struct peer *const peers[] = {p, q, r, s};
    for (size_t i = 0; i < 4; i++) {
        const char *m = i < 3 ? "42[\"m\"]\n" : "{\"event\":\"m\",\"args\":[]}\n";
        heard(peers[i], strchr(who, "pqrs"[i]) != NULL ? m : "");
    }
}

static void join_s(const char *room)
{
    sayf(s, "{\"event\":\"join\",\"args\":[\"%s\"]}", room);
    settle_all(w);
}

static void to_everybody(void **state)
{
    (void)state;
    send(p, "42[\"all\"]");
    reached("pqrs");
    send(r, "42[\"all but me\"]");
    reached("pqs");
    send(s, "{\"event\":\"all but me\"}");
    reached("pqr");
    send(p, "42[\"all\",{ \"x\": 1.0 }, \"\\u00e9\"]"); /* byte for byte */
    heard(p, "42[\"m\",{ \"x\": 1.0 }, \"\\u00e9\"]\n");
    heard(r, "42[\"m\",{ \"x\": 1.0 }, \"\\u00e9\"]\n");
    heard(q, "42[\"m\",{ \"x\": 1.0 }, \"\\u00e9\"]\n");
    heard(s, "{\"event\":\"m\",\"args\":[{ \"x\": 1.0 }, \"\\u00e9\"]}\n");
    assert_int_equal(metric(a, M_PUB_ACCEPTED), 2);
    assert_int_equal(metric(b, M_PUB_ACCEPTED), 2);
    assert_int_equal(metric(a, M_DELIVERIES), 8); /* to p and q */
}

static void to_a_room(void **state)
{
    (void)state;
    join(p, "x");
    join(r, "x");
    join_s("x");
    send(q, "42[\"to\",\"x\"]"); /* from outside */
    heard(p, "42[\"m\"]\n");
    heard(q, "");
    heard(r, "42[\"m\"]\n");
    heard(s, "{\"event\":\"m\",\"args\":[],\"room\":\"x\"}\n");
    send(r, "42[\"to but me\",\"x\"]");
    heard(p, "42[\"m\"]\n");
    heard(r, "");
    heard(s, "{\"event\":\"m\",\"args\":[],\"room\":\"x\"}\n");
    send(q, "42[\"to\",\"nobody is here\"]");
    reached("");
}

static void to_a_client(void **state)
{
    (void)state;
    sayf(p, "42[\"to\",\"%s\"]", id_of(q)); /* of this node */
    settle_all(w);
    reached("q");
    sayf(p, "42[\"to\",\"%s\"]", id_of(r)); /* of another one */
    settle_all(w);
    reached("r");
    sayf(p, "42[\"to\",\"%s\"]", id_of(s));
    settle_all(w);
    reached("s");
    sayf(p, "42[\"to\",\"%s\"]", id_of(p));
    settle_all(w);
    reached("p");
    send(p, "421[\"to\",\"~a~0123456789abcdef\"]"); /* nobody, but its node might have known */
    heard(p, "431[]\n");
    send(p, "422[\"to\",\"~a\"]");
    assert_true(heard_part(p, "432[{\"ok\":false,\"error\":{\"code\":\"gone\""));
}

static void clients_of_other_namespaces_are_not_here(void **state)
{
    struct peer *z = sio(b, "/b");
    (void)state;
    sayf(p, "42[\"to\",\"%s\"]", id_of(z));
    settle_all(w);
    heard(z, "");
    send(p, "42[\"all\"]");
    heard(z, "");
}

/* A client in both rooms gets one copy. */
static void to_several(void **state)
{
    (void)state;
    join(p, "x");
    join(p, "y");
    join(r, "x");
    join(r, "y");
    join_s("y");
    send(q, "42[\"to both\",\"x\",\"y\"]");
    reached("prs");
    send(q, "42[\"to both\",\"x\",\"x\"]");
    reached("pr");
    sayf(q, "42[\"to both\",\"x\",\"%s\"]", id_of(r));
    settle_all(w);
    reached("pr");
    sayf(q, "42[\"to both\",\"%s\",\"%s\"]", id_of(s), id_of(q));
    settle_all(w);
    reached("qs");
    send(p, "42[\"rooms\"]");
    reached("prs");
    send(q, "421[\"rooms\"]"); /* none: nothing to do, and no error */
    heard(q, "431[]\n");
    reached("");
    send(p, "42[\"rooms but\",\"y\"]");
    reached("");
}

static void except_rooms_and_clients(void **state)
{
    (void)state;
    join(p, "x");
    join(r, "x");
    send(p, "42[\"all but\",\"x\",\"nobody\"]");
    reached("qs");
    sayf(p, "42[\"all but\",\"%s\",\"%s\"]", id_of(q), id_of(s));
    settle_all(w);
    reached("pr");
    sayf(p, "42[\"all but\",\"x\",\"%s\"]", id_of(s));
    settle_all(w);
    reached("q");
    sayf(r, "42[\"rooms but\",\"%s\"]", id_of(r));
    settle_all(w);
    reached("p");
}

static void volatile_is_dropped_for_those_behind(void **state)
{
    (void)state;
    join(p, "x");
    join(q, "x");
    send(r, "42[\"v\",\"x\"]");
    heard(p, "42[\"v\"]\n");
    heard(q, "42[\"v\"]\n");
    q->take = 0;
    send(r, "42[\"all\"]");
    send(r, "42[\"v\",\"x\"]");
    send(r, "42[\"v but me\",\"x\"]");
    sayf(r, "42[\"v\",\"%s\"]", id_of(q));
    settle_all(w);
    heard(p, "42[\"m\"]\n42[\"v\"]\n42[\"v\"]\n");
    assert_int_equal(metric(a, M_DROP_VOLATILE), 3);
    q->take = SIZE_MAX;
    conn_touch(q->conn);
    send(r, "42[\"v\",\"x\"]");
    heard(q, "42[\"m\"]\n42[\"v\"]\n"); /* it has caught up by the time this one comes */
}

/* Several in one turn reach a client that keeps up. */
static void volatile_in_one_turn(void **state)
{
    (void)state;
    join(p, "x");
    for (unsigned i = 0; i < 5; i++)
        say(r, "42[\"v\",\"x\"]");
    settle_all(w);
    heard(p, "42[\"v\"]\n42[\"v\"]\n42[\"v\"]\n42[\"v\"]\n42[\"v\"]\n");
    assert_int_equal(metric(a, M_DROP_VOLATILE), 0);
}

static void refused_name(const char *name, const char *code)
{
    char part[100];
    sayf(p, "421[\"name\",%s]", name);
    settle_all(w);
    snprintf(part, sizeof part, "431[{\"ok\":false,\"error\":{\"code\":\"%s\"", code);
    assert_true(heard_part(p, part));
    forget(p);
}

static void event_names(void **state)
{
    char longest[300];
    (void)state;
    static const char *const reserved[] = {"\"connect\"",       "\"connect_error\"", "\"disconnect\"",
                                           "\"disconnecting\"", "\"newListener\"",   "\"removeListener\"",
                                           "\"$welcome\"",      "\"\\u0063onnect\"", "\"\\u0024x\""};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        refused_name(reserved[i], "reserved_event");
    refused_name("true", "bad_event_name");
    refused_name("[]", "bad_event_name");
    refused_name("{}", "bad_event_name");
    refused_name("\"\\ud800\"", "bad_event_name");
    memset(longest, 'x', sizeof longest);
    longest[0] = '"';
    longest[258] = '"';
    longest[259] = '\0';
    refused_name(longest, "bad_event_name");
    say(p, "421[\"name\"]"); /* none at all */
    settle_all(w);
    assert_true(heard_part(p, "\"bad_event_name\""));
    assert_int_equal(refusals(a, ERR_RESERVED_EVENT), 9);
    assert_int_equal(refusals(a, ERR_EVENT_NAME), 6);
    assert_int_equal(metric(a, M_PUB_REFUSED), 0); /* they never were publications */
    forget(p);
    send(p, "42[\"name\",\"connection\"]");
    send(p, "42[\"name\",-1.5e3]");
    heard(p, "42[\"connection\"]\n42[-1.5e3]\n");
    say(p, "421[\"$x\"]"); /* as an event of a client, too */
    settle_all(w);
    assert_true(heard_part(p, "\"reserved_event\""));
}

static void room_names_of_a_list_are_checked(void **state)
{
    char name[300];
    (void)state;
    memset(name, 'x', sizeof name);
    name[257] = '\0';
    sayf(p, "421[\"to\",\"%s\"]", name);
    settle_all(w);
    assert_true(heard_part(p, "\"bad_room_name\""));
    forget(p);
    sayf(p, "421[\"to both\",\"y\",\"%s\"]", name);
    settle_all(w);
    assert_true(heard_part(p, "\"bad_room_name\""));
    forget(p);
    sayf(p, "421[\"to both\",\"y\",\"~%s\"]", name);
    settle_all(w);
    assert_true(heard_part(p, "\"bad_room_name\""));
    forget(p);
    send(p, "421[\"to\",7]");
    assert_true(heard_part(p, "\"bad_room_name\""));
}

static void an_ack_means_accepted(void **state)
{
    (void)state;
    wire_hold(a, true);
    say(p, "421[\"to\",\"x\"]");
    settle_all(w);
    heard(p, "");
    wire_hold(a, false);
    settle_all(w);
    heard(p, "431[]\n");
    wire_hold(a, true);
    say(p, "422[\"to\",\"x\"]");
    say(p, "42[\"to\",\"x\"]"); /* nobody waits, but it is counted */
    turn(a);
    wire_down(a);
    turn(a);
    assert_true(heard_part(p, "432[{\"ok\":false,\"error\":{\"code\":\"unavailable\""));
    assert_int_equal(metric(a, M_PUB_FAILED), 2); /* the nonce of a probe is no publication */
    forget(p);
    send(p, "423[\"to\",\"x\"]"); /* refused at once */
    assert_true(heard_part(p, "433[{\"ok\":false,\"error\":{\"code\":\"unavailable\""));
    assert_int_equal(metric(a, M_PUB_REFUSED), 1);
    assert_int_equal(refusals(a, ERR_UNAVAILABLE), 3);
}

/* The publisher leaves before the bus has answered. */
static void nobody_is_left_to_tell(void **state)
{
    (void)state;
    wire_hold(a, true);
    say(p, "421[\"to\",\"x\"]");
    lose(p);
    turn(a);
    wire_hold(a, false);
    settle_all(w);
    assert_int_equal(metric(a, M_PUB_ACCEPTED), 1);
}

static void the_bus_queue_has_a_bound(void **state)
{
    struct node *n = node_new("max_bus_queue_bytes=65536", routes);
    struct peer *one = sio(n, "/");
    char text[20000];
    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "421[\"to\",\"x\",\"", 14);
    memcpy(text + sizeof text - 3, "\"]", 3);
    for (unsigned i = 0; i < 4; i++)
        say(one, text);
    settle(n);
    assert_int_equal(refusals(n, ERR_OVERLOADED), 1);
    heard(one,
          "431[{\"ok\":false,\"error\":{\"code\":\"overloaded\",\"message\":\"too much is queued, try again "
          "later\"}}]\n431[]\n431[]\n431[]\n");
    node_free(n);
}

/* --- HTTP --- */

struct outcome {
    unsigned calls;
    int err;
};

static void outcome(void *arg, int err)
{
    struct outcome *o = arg;
    o->calls++;
    o->err = err;
}

static int http(const char *ns, const char *room, const char *name, struct outcome *o)
{
    struct event e = {.name = slice_of(name), .args = SLICE_LIT("1")};
    return broker_publish(a->broker, slice_of(ns), slice_of(room), &e, 0, outcome, o);
}

static void from_outside(void **state)
{
    struct outcome o = {0, 1};
    (void)state;
    join(r, "x");
    assert_int_equal(http("/", "x", "\"m\"", &o), 0);
    assert_int_equal(o.calls, 0);
    settle_all(w);
    assert_int_equal(o.calls, 1);
    assert_int_equal(o.err, 0);
    heard(r, "42[\"m\",1]\n");
    assert_int_equal(http("/nope", "x", "\"m\"", &o), ERR_NAMESPACE);
    assert_int_equal(http("/", "", "\"m\"", &o), ERR_ROOM_NAME);
    assert_int_equal(http("/", "~a", "\"m\"", &o), ERR_GONE);
    assert_int_equal(http("/", "x", "\"connect\"", &o), ERR_RESERVED_EVENT);
    assert_int_equal(http("/", "x", "", &o), ERR_EVENT_NAME);
    assert_int_equal(http("/", "x\xff", "\"m\"", &o), ERR_ROOM_NAME);
    assert_int_equal(http("/", id_of(r), "\"m\"", &o), 0); /* one client */
    settle_all(w);
    assert_int_equal(o.calls, 2);
    heard(r, "42[\"m\",1]\n");
    assert_int_equal(http("/", "x", "\"m\"", &o), 0);
    broker_forget(a->broker, &o);
    settle_all(w);
    assert_int_equal(o.calls, 2);
    heard(r, "42[\"m\",1]\n");
    wire_hold(a, true);
    assert_int_equal(http("/", "x", "\"m\"", &o), 0);
    wire_down(a);
    assert_int_equal(o.err, ERR_UNAVAILABLE);
    assert_int_equal(http("/", "x", "\"m\"", &o), ERR_UNAVAILABLE);
}

/* --- from the bus --- */

static void inject(const char *channel, struct publication pub, const char *room)
{
    struct buf bytes;
    struct slice name = slice_of(room);
    buf_init(&bytes, 10000);
    pub.node = SLICE_LIT("zz");
    assert_int_equal(
        envelope_encode(&bytes, &pub, (struct names_in){&name, room[0] != '\0'}, (struct names_in){NULL, 0}),
        0);
    wire_inject(w, channel, buf_slice(&bytes));
    settle_all(w);
    buf_free(&bytes);
}

static void strange_things_on_the_bus(void **state)
{
    (void)state;
    struct publication pub = {.kind = PUB_EVENT, .ns = SLICE_LIT("/"), .event.name = SLICE_LIT("\"m\"")};
    join(p, "x");
    inject("roomcast:n:/", pub, "");
    reached("pqrs");
    static const char *const names[] = {"", "\"", "m\"", "true", " \"m\""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        pub.event.name = slice_of(names[i]);
        inject("roomcast:n:/", pub, "");
        pub.kind = PUB_REQUEST;
        inject("roomcast:g:a", pub, id_of(p));
        pub.kind = PUB_EVENT;
    }
    reached("");
    assert_int_equal(metric(a, M_DROP_ENVELOPE), 10);
    pub.event.name = SLICE_LIT("\"m\"");
    pub.ns = SLICE_LIT("/nope"); /* a namespace that we do not have */
    inject("roomcast:n:/", pub, "");
    pub.ns = SLICE_NONE;
    inject("roomcast:n:/", pub, "");
    pub.ns = SLICE_LIT("/b"); /* on the channel of a room of / */
    inject("roomcast:r:/,x", pub, "x");
    reached("");
    pub.kind = PUB_REPLY; /* to nothing that was asked */
    pub.event.name = SLICE_NONE;
    inject("roomcast:g:a", pub, "");
    pub.kind = PUB_NONCE;
    inject("roomcast:g:a", pub, "");
    wire_inject(w, "roomcast:n:/", SLICE_LIT("\x02\x01whatever"));
    wire_inject(w, "roomcast:n:/", SLICE_LIT("\x01\x09"));
    wire_inject(w, "roomcast:n:/", SLICE_NONE);
    settle_all(w);
    assert_int_equal(metric(a, M_DROP_VERSION), 1);
    assert_int_equal(metric(a, M_DROP_ENVELOPE), 12);
    reached("");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(to_everybody),
        TEST(to_a_room),
        TEST(to_a_client),
        TEST(clients_of_other_namespaces_are_not_here),
        TEST(to_several),
        TEST(except_rooms_and_clients),
        TEST(volatile_is_dropped_for_those_behind),
        TEST(volatile_in_one_turn),
        TEST(event_names),
        TEST(room_names_of_a_list_are_checked),
        TEST(an_ack_means_accepted),
        TEST(nobody_is_left_to_tell),
        TEST(the_bus_queue_has_a_bound),
        TEST(from_outside),
        TEST(strange_things_on_the_bus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
