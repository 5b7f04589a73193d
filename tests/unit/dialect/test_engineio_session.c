/* SPDX-License-Identifier: Apache-2.0 */
/* Engine.IO sessions: ids, polling payloads in both directions, and the upgrade. */
#include "tests/unit/broker/fixture.h"

#include <limits.h>

static struct node *n;

static int setup(void **state)
{
    (void)state;
    n = node_new("ping_interval_ms=300 ping_timeout_ms=200 connect_timeout_ms=1000 max_message_bytes=5000",
                 NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    node_free(n);
    return 0;
}

static const struct transport nowhere = {.name = "polling", .flush = NULL};

static struct session *open_with(const char *sid)
{
    struct session *s =
        session_open(n->broker, &nowhere, NULL, false, slice_of(sid), SLICE_LIT("2001:db8:0:0:0:0:0:1"));
    assert_non_null(s);
    return s;
}

static bool has_sid(const struct session *s, const char *sid)
{
    return slice_is((struct slice){s->sid, s->sid_size}, sid);
}

static void ids(void **state)
{
    struct session *s[6];
    char longest[70];
    (void)state;
    s[0] = open_with("0123456789abcdef");
    s[1] = open_with("0123456789abcdef"); /* taken */
    s[2] = open_with("0123456789abcde");  /* too short */
    s[3] = open_with("0123456789abcde/");
    memset(longest, '~', sizeof longest);
    longest[64] = '\0';
    s[4] = open_with(longest);
    longest[64] = '.';
    longest[65] = '\0';
    s[5] = open_with(longest);
    assert_true(has_sid(s[0], "0123456789abcdef"));
    assert_int_equal(s[1]->sid_size, 24);
    assert_int_equal(s[2]->sid_size, 24);
    assert_int_equal(s[3]->sid_size, 24);
    assert_int_equal(s[4]->sid_size, 64);
    assert_int_equal(s[5]->sid_size, 24);
    assert_memory_not_equal(s[1]->sid, s[2]->sid, 24);
    assert_string_equal(s[0]->conn.peer, "2001:db8:0:0:0:0:0:1");
    assert_ptr_equal(session_find(n->broker, SLICE_LIT("0123456789abcdef")), s[0]);
    conn_close(&s[0]->conn, CLOSE_PEER);
    assert_ptr_equal(session_find(n->broker, SLICE_LIT("0123456789abcdef")), s[0]); /* it closes */
    assert_null(session_find(n->broker, SLICE_LIT("0123456789abcdeg")));
    assert_null(session_find(n->broker, SLICE_NONE));
    for (unsigned i = 0; i < 6; i++)
        conn_lost(&s[i]->conn, CLOSE_LOST);
    assert_null(session_find(n->broker, SLICE_LIT("0123456789abcdef")));
    settle(n);
    struct session *again = open_with("0123456789abcdef"); /* free again */
    assert_true(has_sid(again, "0123456789abcdef"));
    conn_lost(&again->conn, CLOSE_LOST);
}

static void polling(void **state)
{
    struct peer *p = sio_polling(n);
    (void)state;
    poll_get(p);
    heardf(p,
           "0{\"sid\":\"%.*s\",\"upgrades\":[\"websocket\"],\"pingInterval\":300,\"pingTimeout\":200,"
           "\"maxPayload\":5000}\n",
           session_of_peer(p)->sid_size, session_of_peer(p)->sid);
    assert_int_equal(post(p, "40"), 0);
    poll_get(p); /* held */
    settle(n);
    heardf(p, "40{\"sid\":\"%s\"}\n", id_of(p));
    assert_false(p->get);
    assert_int_equal(post(p, "42[\"a\"]\x1e"
                             "421[\"join\",\"r\"]\x1e"
                             "42[\"b\",\"\xc3\xa9\"]"),
                     0);
    settle(n);
    poll_get(p);
    heard(p, "431[{\"ok\":true,\"room\":\"r\"}]\x1e" /* what goes to the namespace comes at the turn's end */
             "42[\"a\"]\x1e"
             "42[\"b\",\"\xc3\xa9\"]\n");
    poll_get(p);
    advance(n, 300);
    heard(p, "2\n");
    assert_int_equal(post(p, "3"), 0);
    advance(n, 299);
    assert_int_equal(metric(n, M_CONN_SOCKETIO_POLLING), 1);
    lose(p);
    settle(n);
}

/* A binary event may be split over requests, in both directions. */
static void attachments_across_payloads(void **state)
{
    struct peer *p = sio_polling(n), *q = sio(n, "/");
    (void)state;
    assert_int_equal(post(p, "40"), 0);
    settle(n);
    poll_get(p);
    forget(p);
    assert_int_equal(
        post(p, "452-[\"x\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]"), 0);
    settle(n);
    assert_int_equal(post(p, "bAQID"), 0);
    assert_int_equal(post(p, "b\x1e"
                             "42[\"y\"]"),
                     0);
    settle(n);
    heard(q, "452-[\"x\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]\n<010203>\n<>\n"
             "42[\"y\"]\n");
    poll_get(p);
    heard(p, "452-[\"x\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]\x1e"
             "bAQID\x1e"
             "b\x1e"
             "42[\"y\"]\n");
    assert_int_equal(metric(n, M_QUEUE_BYTES), 0);
}

static void bad_payloads(void **state)
{
    static const char *const bad[] = {"",
                                      "\x1e",
                                      "3\x1e",
                                      "3\x1e\x1e"
                                      "3",
                                      "9",
                                      "bA===",
                                      "42[\"a\"]\x1e"
                                      "x"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct peer *p = sio_polling(n);
        assert_int_equal(post(p, "40"), 0);
        settle(n);
        (void)post(p, bad[i]);
        settle(n);
        closed_for(p, CLOSE_PARSE);
    }
    struct peer *p = sio_polling(n);
    assert_int_equal(post(p, "40\x1e"
                             "2\x1e"
                             "42[\"after\"]"),
                     0); /* a heartbeat in the wrong direction ends it there */
    settle(n);
    closed_for(p, CLOSE_PROTOCOL);
    assert_int_equal(metric(n, M_EVENTS_IN), 1);
    p = sio_polling(n);
    assert_int_equal(post(p, "1"), 0);
    assert_int_equal(session_payload(session_of_peer(p), &SLICE_LIT("3"), UINT_MAX),
                     0); /* ignored: it closes */
    settle(n);
    closed_for(p, CLOSE_PEER);
}

static void a_payload_in_parts(void **state)
{
    struct peer *p = sio_polling(n);
    struct slice body = SLICE_LIT("40\x1e"
                                  "42[\"a\"]\x1e"
                                  "42[\"b\"]\x1e"
                                  "42[\"c\"]");
    (void)state;
    assert_int_equal(session_payload(session_of_peer(p), &body, 2), 1);
    assert_int_equal(metric(n, M_EVENTS_IN), 1);
    assert_true(slice_is(body, "42[\"b\"]\x1e"
                               "42[\"c\"]"));
    assert_int_equal(session_payload(session_of_peer(p), &body, 2), 0);
    assert_int_equal(metric(n, M_EVENTS_IN), 3);
    body = SLICE_LIT("42[\"d\"]\x1e");
    assert_int_equal(session_payload(session_of_peer(p), &body, 1), 1);
    assert_int_equal(body.n, 0); /* a packet that is empty, and not the end */
    assert_int_equal(session_payload(session_of_peer(p), &body, 1), ERR_PARSE);
    settle(n);
    closed_for(p, CLOSE_PARSE);
}

static void volatile_between_polls(void **state)
{
    struct peer *p = sio_polling(n);
    struct frame *f = frame_new(3);
    (void)state;
    memcpy(f->bytes,
           "\x81\x01"
           "4",
           3);
    poll_get(p);
    assert_false(conn_send_volatile(p->conn, f)); /* no GET is held */
    poll_get(p);
    forget(p);
    assert_true(conn_send_volatile(p->conn, f));
    settle(n);
    heard(p, "4\n");
    frame_put(f);
}

struct upgraded {
    unsigned flushes;
};

static void upgraded_flush(struct conn *c)
{
    struct upgraded *u = c->io;
    u->flushes++;
    conn_written(c, c->out.bytes);
    if (c->state == CONN_CLOSING)
        conn_lost(c, CLOSE_LOST);
}

static const struct transport websocket = {.name = "websocket", .flush = upgraded_flush};

static void upgrading(void **state)
{
    struct peer *p = sio_polling(n);
    struct session *s = session_of_peer(p);
    struct upgraded u = {0};
    (void)state;
    assert_int_equal(post(p, "40"), 0);
    settle(n);
    poll_get(p);
    assert_int_equal(session_probe_begin(s), 0);
    assert_int_equal(session_probe_begin(s), ERR_BAD_REQUEST); /* by another WebSocket */
    assert_int_equal(session_probe_message(s, SLICE_LIT("2probe"), false), PROBE_PONG);
    assert_int_equal(session_probe_message(s, SLICE_LIT("2"), false), PROBE_FAIL);
    assert_int_equal(session_probe_message(s, SLICE_LIT("5"), true), PROBE_FAIL);
    session_probe_end(s);
    assert_int_equal(session_probe_begin(s), 0); /* it may be tried again */
    forget(p);
    assert_int_equal(post(p, "42[\"on polling\"]"), 0); /* until the "5" it is on polling */
    poll_get(p);
    settle(n);
    heard(p, "42[\"on polling\"]\n");
    assert_int_equal(post(p, "42[\"left over\"]"), 0);
    settle(n);
    assert_true(p->conn->behind);
    assert_int_equal(session_probe_message(s, SLICE_LIT("5"), false), PROBE_SWITCH);
    session_switch(s, &websocket, &u);
    p->conn = NULL; /* the peer's part is played by `u` now */
    assert_int_equal(metric(n, M_CONN_SOCKETIO_POLLING), 0);
    assert_int_equal(metric(n, M_CONN_SOCKETIO_WEBSOCKET), 1);
    settle(n);
    assert_int_equal(u.flushes, 1);
    assert_int_equal(s->conn.out.count, 0);
    assert_int_equal(session_probe_begin(s), ERR_BAD_REQUEST);
    conn_message(&s->conn, SLICE_LIT("41"), false);
    conn_close(&s->conn, CLOSE_DRAIN);
    assert_int_equal(session_probe_message(s, SLICE_LIT("5"), false), PROBE_FAIL);
    settle(n);
}

static void a_closing_session_is_not_upgraded(void **state)
{
    struct peer *p = sio_polling(n);
    (void)state;
    conn_close(p->conn, CLOSE_DRAIN);
    assert_int_equal(session_probe_begin(session_of_peer(p)), ERR_BAD_REQUEST);
}

static void error_texts(void **state)
{
    (void)state;
    assert_string_equal(eio_error_message(EIO_UNKNOWN_TRANSPORT), "Transport unknown");
    assert_string_equal(eio_error_message(EIO_UNKNOWN_SID), "Session ID unknown");
    assert_string_equal(eio_error_message(EIO_BAD_METHOD), "Bad handshake method");
    assert_string_equal(eio_error_message(EIO_BAD_REQUEST), "Bad request");
    assert_string_equal(eio_error_message(EIO_FORBIDDEN), "Forbidden");
    assert_string_equal(eio_error_message(EIO_BAD_VERSION), "Unsupported protocol version");
}

/* A body that may not grow: what did not fit is still there. */
static void a_payload_without_memory(void **state)
{
    struct peer *p = sio_polling(n);
    struct buf body;
    (void)state;
    buf_init(&body, 10);
    assert_int_equal(session_take(session_of_peer(p), &body), ERR_NOMEM);
    assert_int_equal(p->conn->out.count, 1);
    buf_free(&body);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ids),
        TEST(polling),
        TEST(attachments_across_payloads),
        TEST(bad_payloads),
        TEST(a_payload_in_parts),
        TEST(volatile_between_polls),
        TEST(upgrading),
        TEST(a_closing_session_is_not_upgraded),
        TEST(error_texts),
        TEST(a_payload_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
