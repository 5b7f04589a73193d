/* SPDX-License-Identifier: Apache-2.0 */
/* The raw dialect: messages verbatim to a room and from it. */
#include "tests/unit/broker/fixture.h"

static void publish_args(struct node *n, const char *room, struct event *e)
{
    e->name = SLICE_LIT("\"any\"");
    assert_int_equal(broker_publish(n->broker, SLICE_LIT("/"), slice_of(room), e, 0, NULL, NULL), 0);
    settle(n);
}

static void in(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p = sio(n, "/"), *r = raw(n, "x"), *other = raw(n, "y");
    (void)state;
    join(p, "x");
    say(r, "he said \"hi\"\n\x01\xc3\xa9");
    settle(n);
    heard(p, "42[\"message\",\"he said \\\"hi\\\"\\n\\u0001\xc3\xa9\"]\n");
    heard(r, "he said \"hi\"\n\x01\xc3\xa9\n"); /* it is a member of its room */
    heard(other, "");
    say_binary(r, "\x00\x01", 2);
    settle(n);
    heard(p, "451-[\"message\",{\"_placeholder\":true,\"num\":0}]\n<0001>\n");
    heard(r, "<0001>\n");
    say(r, "");
    say_binary(r, "", 0);
    settle(n);
    heard(r, "\n<>\n");
    assert_int_equal(metric(n, M_EVENTS_IN), 5);
    assert_int_equal(r->conn->pending_events, 0);
    node_free(n);
}

static void out(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *r = raw(n, "x");
    (void)state;
    static const struct {
        const char *args, *text;
    } cases[] = {{"\"a\\u00e9\\\"\",2", "a\xc3\xa9\"\n"},
                 {"1.50", "1.50\n"},
                 {"{\"a\": [1]},2", "{\"a\": [1]}\n"},
                 {"null", "null\n"},
                 {"\"\"", "\n"},
                 {"\"\\ud800\"", "\"\\ud800\"\n"},
                 {"", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct event e = {.args = slice_of(cases[i].args)};
        publish_args(n, "x", &e);
        heard(r, cases[i].text);
    }
    struct event e = {.attachments = 2, .attachment = {SLICE_LIT("\x01"), SLICE_LIT("\x02\x03")}};
    e.args = SLICE_LIT("{\"_placeholder\":true,\"num\":1},7");
    publish_args(n, "x", &e);
    heard(r, "<0203>\n");
    e.args = SLICE_LIT("[{\"_placeholder\":true,\"num\":0}]");
    publish_args(n, "x", &e);
    heard(r, "[{\"$binary\":\"AQ==\"}]\n");
    e.args = SLICE_LIT("{\"_placeholder\":true,\"num\":0}");
    e.attachments = 0;
    publish_args(n, "x", &e);
    heard(r, "{\"_placeholder\":true,\"num\":0}\n");
    node_free(n);
}

/* Until it hears its room it is not read. */
static void opening(void **state)
{
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", NULL, NULL);
    (void)state;
    wire_hold(n, true);
    struct peer *r = plain(n, &dialect_raw, "/", NULL, "x"), *gone = plain(n, &dialect_raw, "/", NULL, "x");
    assert_true(r->paused);
    assert_false(r->ready);
    lose(gone);
    turn(n);
    wire_hold(n, false);
    settle_all(w);
    assert_true(r->ready);
    assert_int_equal(r->readies, 1);
    assert_false(r->paused);
    struct peer *second = plain(n, &dialect_raw, "/", NULL, "x"); /* the room is there */
    assert_true(second->ready);
    assert_false(second->paused);
    wire_hold(n, true);
    struct peer *third = plain(n, &dialect_raw, "/", NULL, "y");
    wire_down(n);
    turn(n);
    closed_for(third, CLOSE_JOIN_FAILED);
    assert_null(plain(n, &dialect_raw, "/", NULL, "x"));
    assert_int_equal(open_error, ERR_UNAVAILABLE);
    assert_null(plain(n, &dialect_raw, "/", NULL, "~x"));
    assert_int_equal(open_error, ERR_ROOM_NAME);
    assert_int_equal(refusals(n, ERR_ROOM_NAME), 1);
    node_free(n);
    wire_free(w);
}

/* There are no acks: whoever cannot publish is closed, so that it knows. */
static void failures_close(void **state)
{
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", "max_events_per_second=1 max_events_burst=2", NULL);
    struct peer *r = raw(n, "x"), *s = raw(n, "x"), *t = raw(n, "x");
    (void)state;
    say(r, "1");
    say(r, "2");
    say(r, "3");
    settle_all(w);
    closed_for(r, CLOSE_PUBLISH_FAILED);
    assert_int_equal(refusals(n, ERR_RATE_LIMITED), 1);
    wire_hold(n, true);
    say(s, "1");
    say(t, "1");
    lose(t); /* before its publication is accepted */
    turn(n);
    wire_down(n);
    turn(n);
    closed_for(s, CLOSE_PUBLISH_FAILED);
    node_free(n);
    wire_free(w);
}

/* A life-cycle route that joins, too, does not hold up the connection or let it loose early. */
static void beside_a_connect_route(void **state)
{
    static const char routes[] = "{\"/\":{\"routes\":{\"$connect\":[{\"join\":\"lobby\"}]}}}";
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", NULL, routes);
    struct room *room;
    (void)state;
    struct peer *first = raw(n, "x");
    wire_hold(n, true);
    struct peer *r = plain(n, &dialect_raw, "/", NULL, "y");
    assert_false(r->ready);
    wire_hold(n, false);
    settle_all(w);
    assert_true(r->ready);
    assert_int_equal(r->readies, 1);
    lose(r);
    lose(first);
    settle(n);
    advance(n, 20000);
    room = room_find(namespace_find(n->broker, SLICE_LIT("/")), SLICE_LIT("lobby"));
    assert_null(room);
    struct peer *s = plain(n, &dialect_sse, "/", NULL, NULL); /* no rooms of its own, but the route's */
    settle_all(w);
    assert_true(s->ready);
    assert_int_equal(s->readies, 1);
    assert_int_equal(metric(n, M_MEMBERSHIPS), 1);
    node_free(n);
    wire_free(w);
}

/* Joins under way count: the limit is the client's, not the request's. */
static void a_connect_route_that_takes_the_last_place(void **state)
{
    static const char routes[] = "{\"/\":{\"routes\":{\"$connect\":[{\"join\":\"lobby\"}]}}}";
    struct node *n = node_new("max_rooms_per_client=1", routes);
    struct peer *r = plain(n, &dialect_raw, "/", NULL, "y");
    (void)state;
    settle(n);
    closed_for(r, CLOSE_JOIN_FAILED);
    assert_false(r->ready);
    node_free(n);
}

static void unaccepted_messages_pause(void **state)
{
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", "max_pending_events=2", NULL);
    struct peer *r = raw(n, "x");
    (void)state;
    wire_hold(n, true);
    say(r, "1");
    assert_false(r->paused);
    say(r, "2");
    assert_true(r->paused);
    wire_hold(n, false);
    settle_all(w);
    assert_false(r->paused);
    heard(r, "1\n2\n");
    node_free(n);
    wire_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in),
        cmocka_unit_test(out),
        cmocka_unit_test(opening),
        cmocka_unit_test(failures_close),
        cmocka_unit_test(beside_a_connect_route),
        cmocka_unit_test(a_connect_route_that_takes_the_last_place),
        cmocka_unit_test(unaccepted_messages_pause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
