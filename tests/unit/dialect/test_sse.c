/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events: the exact bytes of every event. */
#include "tests/unit/broker/fixture.h"

static struct node *n;
static struct peer *s;

static int setup(void **state)
{
    (void)state;
    n = node_new("max_rooms_per_client=3 ping_interval_ms=100", NULL);
    s = sse(n, "a,b");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    node_free(n);
    return 0;
}

static void publish_event(const char *room, struct event e)
{
    assert_int_equal(broker_publish(n->broker, SLICE_LIT("/"), slice_of(room), &e, 0, NULL, NULL), 0);
    settle(n);
}

static void event(const char *name, const char *args, const char *expected)
{
    publish_event("a", (struct event){.name = slice_of(name), .args = slice_of(args)});
    heard(s, expected);
}

static void events(void **state)
{
    (void)state;
    event("\"chat\"", "{\"a\":1},\"x\"", "event: chat\ndata: [{\"a\":1},\"x\"]\n\n");
    event("\"chat\"", "", "event: chat\ndata: []\n\n");
    event("7", "null", "event: 7\ndata: [null]\n\n");
    event("\"two words: \xc3\xa9\"", "1", "event: two words: \xc3\xa9\ndata: [1]\n\n");
    event("\"caf\\u00e9\"", "1", "event: caf\xc3\xa9\ndata: [1]\n\n");
    event("\"a\\\"b\"", "1", "event: a\"b\ndata: [1]\n\n");
}

/* An EventSource fires these itself. */
static void names_of_its_own(void **state)
{
    (void)state;
    event("\"error\"", "1", "event: $error\ndata: [1]\n\n");
    event("\"open\"", "1", "event: $open\ndata: [1]\n\n");
    event("\"op\\u0065n\"", "1", "event: $open\ndata: [1]\n\n");
    event("\"message\"", "1", "event: message\ndata: [1]\n\n");
    event("\"opened\"", "1", "event: opened\ndata: [1]\n\n");
}

/* No name can end the line, or the event. */
static void names_stay_on_their_line(void **state)
{
    (void)state;
    event("\"a\\nevent: b\"", "1", "event: a\\nevent: b\ndata: [1]\n\n");
    event("\"a\\r\\u000a\"", "1", "event: a\\r\\u000a\ndata: [1]\n\n");
    event("\"a\\u0000\"", "1", "event: a\\u0000\ndata: [1]\n\n");
}

static void data_over_lines(void **state)
{
    (void)state;
    event("\"e\"", "{\n\"a\":\r1}", "event: e\ndata: [{\ndata: \"a\":\ndata: 1}]\n\n");
    event("\"e\"", "1,\r\n2", "event: e\ndata: [1,\ndata: \ndata: 2]\n\n");
    event("\"e\"", "\"a\\nb\"", "event: e\ndata: [\"a\\nb\"]\n\n");
}

static void binary(void **state)
{
    (void)state;
    publish_event("a", (struct event){.name = SLICE_LIT("\"e\""),
                                      .args = SLICE_LIT("1,{\"_placeholder\":true,\"num\":0}"),
                                      .attachments = 1,
                                      .attachment = {SLICE_LIT("\x01\x02\x03")}});
    heard(s, "event: e\ndata: [1,{\"$binary\":\"AQID\"}]\n\n");
}

static void rooms_and_the_namespace(void **state)
{
    struct peer *p = sio(n, "/");
    (void)state;
    publish_event("b", (struct event){.name = SLICE_LIT("\"e\"")});
    heard(s, "event: e\ndata: []\n\n");
    publish_event("c", (struct event){.name = SLICE_LIT("\"e\"")});
    heard(s, "");
    say(p, "42[\"to all\"]");
    settle(n);
    heard(s, "event: to all\ndata: []\n\n");
    conn_message(s->conn, SLICE_LIT("anything"), false); /* there is no way to send */
    settle(n);
    assert_false(s->closed);
}

static void opening(void **state)
{
    (void)state;
    struct peer *none = sse(n, NULL);
    assert_int_equal(none->readies, 1);
    assert_null(plain(n, &dialect_sse, "/", NULL, "a,b,c,d"));
    assert_int_equal(open_error, ERR_TOO_MANY_ROOMS);
    assert_null(plain(n, &dialect_sse, "/", NULL, "a,,b"));
    assert_int_equal(open_error, ERR_ROOM_NAME);
    assert_null(plain(n, &dialect_sse, "/x", NULL, "a"));
    assert_int_equal(open_error, ERR_NAMESPACE);
    struct peer *twice = sse(n, "d,d");
    assert_int_equal(twice->readies, 1);
    publish_event("d", (struct event){.name = SLICE_LIT("\"e\"")});
    heard(twice, "event: e\ndata: []\n\n");
}

static void heartbeats(void **state)
{
    (void)state;
    advance(n, 99);
    heard(s, "");
    advance(n, 1);
    heard(s, ":\n\n");
    advance(n, 300);
    heard(s, ":\n\n:\n\n:\n\n");
    assert_false(s->closed);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(events),          TEST(names_of_its_own), TEST(names_stay_on_their_line),
        TEST(data_over_lines), TEST(binary),           TEST(rooms_and_the_namespace),
        TEST(opening),         TEST(heartbeats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
