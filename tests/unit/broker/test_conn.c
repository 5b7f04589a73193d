/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: the queue and its bounds, heartbeats to the millisecond, and every order of closing and
 * losing. */
#include "tests/unit/broker/fixture.h"

static struct frame *frame_of(const char *text)
{
    size_t n = strlen(text);
    struct frame *f = frame_new(n + 2);
    assert_non_null(f);
    assert_true(n < 126);
    f->bytes[0] = (char)0x81;
    f->bytes[1] = (char)n;
    memcpy(f->bytes + 2, text, n);
    return f;
}

static bool send_text(struct peer *p, const char *text)
{
    struct frame *f = frame_of(text);
    bool queued = conn_send(p->conn, f);
    frame_put(f);
    return queued;
}

static void a_queue_is_first_in_first_out(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p = sio(n, "/");
    char text[20];
    uint64_t bytes = 0;
    (void)state;
    p->take = 0;
    for (unsigned i = 0; i < 9; i++) { /* past two growths of the ring */
        snprintf(text, sizeof text, "4m%u", i);
        assert_true(send_text(p, text));
        bytes += strlen(text) + 2;
    }
    assert_int_equal(p->conn->out.count, 9);
    assert_int_equal(p->conn->out.bytes, bytes);
    assert_int_equal(metric(n, M_QUEUE_BYTES), bytes);
    turn(n);
    assert_true(p->conn->behind);
    p->take = 6; /* a frame and a byte of the next one */
    conn_touch(p->conn);
    turn(n);
    assert_int_equal(p->conn->out.offset, 1);
    assert_int_equal(p->conn->out.bytes, bytes - 6);
    heard(p, "4m0\n");
    assert_true(send_text(p, "4m9")); /* while the ring's head has moved */
    for (unsigned i = 0; i < 3; i++) {
        conn_touch(p->conn);
        turn(n);
    }
    heard(p, "4m1\n4m2\n4m3\n");
    p->take = SIZE_MAX;
    conn_touch(p->conn);
    turn(n);
    heard(p, "4m4\n4m5\n4m6\n4m7\n4m8\n4m9\n");
    assert_null(p->conn->out.ring); /* an idle connection holds no buffer */
    assert_int_equal(metric(n, M_QUEUE_BYTES), 0);
    assert_false(p->conn->behind);
    node_free(n);
}

/* Every way to cut the same bytes. */
static void partial_writes_lose_nothing(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p = sio(n, "/");
    (void)state;
    for (size_t step = 1; step < 14; step++) {
        p->take = step;
        assert_true(send_text(p, "4"));
        assert_true(send_text(p, "4bc"));
        assert_true(send_text(p, "4def"));
        for (unsigned i = 0; i < 20; i++) {
            conn_touch(p->conn);
            turn(n);
        }
        heard(p, "4\n4bc\n4def\n");
    }
    assert_int_equal(p->conn->out.count, 0);
    node_free(n);
}

static void one_write_in_a_turn(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p = sio(n, "/");
    (void)state;
    unsigned before = p->flushes;
    assert_true(send_text(p, "4a"));
    assert_true(send_text(p, "4b"));
    conn_touch(p->conn);
    turn(n);
    assert_int_equal(p->flushes, before + 1);
    turn(n);
    assert_int_equal(p->flushes, before + 1);
    heard(p, "4a\n4b\n");
    node_free(n);
}

static void a_slow_reader_is_closed_by_bytes(void **state)
{
    struct node *n = node_new("max_queue_bytes=1024", NULL);
    struct peer *p = sio(n, "/");
    char text[102];
    (void)state;
    memset(text, '4', 100);
    text[100] = '\0';
    p->take = 0;
    for (unsigned i = 0; i < 10; i++)
        assert_true(send_text(p, text));
    assert_int_equal(p->conn->out.bytes, 1020);
    assert_true(send_text(p, "44")); /* 1024 exactly */
    assert_false(send_text(p, ""));
    assert_int_equal(closes(n, CLOSE_SLOW), 1);
    assert_int_equal(metric(n, M_DROP_CLOSED), 1);
    assert_int_equal(metric(n, M_QUEUE_BYTES), 0); /* nothing more is sent to it */
    assert_int_equal(p->conn->state, CONN_CLOSING);
    turn(n);
    closed_for(p, CLOSE_SLOW);
    heard(p, "");
    node_free(n);
}

static void a_slow_reader_is_closed_by_frames(void **state)
{
    struct node *n = node_new("max_queue_frames=16", NULL);
    struct peer *p = sio(n, "/");
    (void)state;
    p->take = 0;
    for (unsigned i = 0; i < 16; i++)
        assert_true(send_text(p, "4"));
    assert_false(send_text(p, "4"));
    turn(n);
    closed_for(p, CLOSE_SLOW);
    node_free(n);
}

static void one_large_frame_is_always_taken(void **state)
{
    struct node *n = node_new("max_queue_bytes=1024", NULL);
    struct peer *p = sio(n, "/");
    struct frame *f = frame_new(5000);
    (void)state;
    memset(f->bytes, 'x', 5000);
    p->take = 0;
    assert_true(conn_send(p->conn, f));
    frame_put(f);
    assert_int_equal(p->conn->state, CONN_OPEN);
    node_free(n);
}

static void volatile_frames_are_for_those_who_keep_up(void **state)
{
    struct node *n = node_new("max_queue_frames=16", NULL);
    struct peer *p = sio(n, "/");
    struct frame *f = frame_of("4v");
    (void)state;
    for (unsigned i = 0; i < 16; i++) /* what this turn has queued does not make it slow */
        assert_true(conn_send_volatile(p->conn, f));
    assert_false(conn_send_volatile(p->conn, f)); /* a full queue is no reason to close it for this */
    assert_int_equal(p->conn->state, CONN_OPEN);
    assert_int_equal(metric(n, M_DROP_VOLATILE), 1);
    p->take = 0;
    turn(n);
    assert_true(p->conn->behind);
    p->take = 7;
    conn_touch(p->conn);
    turn(n);
    assert_false(conn_send_volatile(p->conn, f)); /* something still waits */
    assert_int_equal(metric(n, M_DROP_VOLATILE), 2);
    p->take = SIZE_MAX;
    conn_touch(p->conn);
    turn(n);
    assert_true(conn_send_volatile(p->conn, f));
    frame_put(f);
    node_free(n);
}

static void pings_and_pongs_to_the_millisecond(void **state)
{
    struct node *n = node_new("ping_interval_ms=300 ping_timeout_ms=200", NULL);
    struct peer *p = sio(n, "/");
    (void)state;
    advance(n, 299);
    heard(p, "");
    advance(n, 1);
    heard(p, "2\n");
    advance(n, 150);
    say(p, "3");
    settle(n);
    advance(n, 299); /* from the pong on */
    heard(p, "");
    advance(n, 1);
    heard(p, "2\n");
    advance(n, 199);
    say(p, "42[\"other traffic\"]"); /* is no pong */
    settle(n);
    assert_false(p->closed);
    advance(n, 1);
    closed_for(p, CLOSE_PING_TIMEOUT);
    assert_int_equal(closes(n, CLOSE_PING_TIMEOUT), 1);
    node_free(n);
}

static void an_unasked_pong_means_nothing(void **state)
{
    struct node *n = node_new("ping_interval_ms=300 ping_timeout_ms=200", NULL);
    struct peer *p = sio(n, "/");
    (void)state;
    advance(n, 200);
    say(p, "3");
    settle(n);
    advance(n, 100);
    heard(p, "2\n");
    node_free(n);
}

/* The others get WebSocket pings, and streams a comment that nobody answers. */
static void plain_dialects_have_heartbeats(void **state)
{
    struct node *n = node_new("ping_interval_ms=300 ping_timeout_ms=200", NULL);
    struct peer *j = json(n), *r = raw(n, "r"), *s = sse(n, "r");
    (void)state;
    advance(n, 300);
    heard(j, "(ping)\n");
    heard(r, "(ping)\n");
    heard(s, ":\n\n");
    conn_pong(j->conn);
    advance(n, 200);
    assert_false(j->closed);
    closed_for(r, CLOSE_PING_TIMEOUT);
    advance(n, 100);
    heard(j, "(ping)\n");
    heard(s, ":\n\n");
    node_free(n);
}

/* The timer must not run on for a connection whose memory goes. */
static void a_ping_into_a_full_queue(void **state)
{
    struct node *n = node_new("ping_interval_ms=300 ping_timeout_ms=200 max_queue_frames=16", NULL);
    struct peer *p = sio(n, "/");
    (void)state;
    p->take = 0;
    for (unsigned i = 0; i < 16; i++)
        assert_true(send_text(p, "4"));
    advance(n, 300);
    closed_for(p, CLOSE_SLOW);
    advance(n, 1000);
    node_free(n);
}

static void close_then_lost(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p = sio(n, "/"), *q = sio(n, "/");
    (void)state;
    p->no_close = true;
    conn_close(p->conn, CLOSE_DRAIN);
    conn_close(p->conn, CLOSE_SLOW); /* the first reason stays */
    assert_int_equal(p->conn->reason, CLOSE_DRAIN);
    assert_int_equal(p->conn->client_count, 1); /* nothing dies inside of a call */
    say(p, "42[\"too late\"]");                 /* ignored */
    assert_false(send_text(p, "4"));
    turn(n);
    assert_int_equal(p->conn->client_count, 0);
    assert_int_equal(broker_connection_count(n->broker), 2);
    settle(n);
    heard(q, "");
    conn_lost(p->conn, CLOSE_LOST);
    p->conn = NULL;
    turn(n);
    assert_int_equal(closes(n, CLOSE_DRAIN), 1);
    assert_int_equal(closes(n, CLOSE_LOST), 0);
    assert_int_equal(broker_connection_count(n->broker), 1);
    node_free(n);
}

static void close_and_lost_in_one_turn(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p = sio(n, "/"), *q = sio(n, "/");
    (void)state;
    conn_close(p->conn, CLOSE_PROTOCOL);
    lose(p);
    lose(q);
    assert_int_equal(metric(n, M_CLIENTS), 2);
    turn(n);
    assert_int_equal(metric(n, M_CLIENTS), 0);
    assert_int_equal(closes(n, CLOSE_PROTOCOL), 1);
    assert_int_equal(closes(n, CLOSE_PEER), 1);
    node_free(n);
}

static void a_kind_close_sends_what_is_queued(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p = sio(n, "/"), *q = sio(n, "/");
    (void)state;
    assert_true(send_text(p, "4last"));
    assert_true(send_text(q, "4last"));
    conn_close(p->conn, CLOSE_DRAIN);
    conn_close(q->conn, CLOSE_SLOW);
    turn(n);
    heard(p, "4last\n");
    heard(q, "");
    node_free(n);
}

static void draining_takes_n(void **state)
{
    struct node *n = node_new(NULL, NULL);
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        sio(n, "/");
    broker_drain(n->broker, 2);
    broker_drain(n->broker, 1); /* those that close already do not count */
    settle(n);
    assert_int_equal(broker_connection_count(n->broker), 2);
    assert_int_equal(closes(n, CLOSE_DRAIN), 3);
    broker_drain(n->broker, 100);
    settle(n);
    assert_int_equal(broker_connection_count(n->broker), 0);
    node_free(n);
}

static void the_token_bucket(void **state)
{
    struct node *n = node_new("max_events_per_second=10 max_events_burst=3", NULL);
    struct peer *p = sio(n, "/");
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        sayf(p, "42%u[\"leave\",\"r\"]", i);
    settle(n);
    assert_int_equal(refusals(n, ERR_RATE_LIMITED), 2);
    assert_true(heard_part(p, "432[{\"ok\":true}]\n"));
    assert_true(heard_part(p, "433[{\"ok\":false,\"error\":{\"code\":\"rate_limited\""));
    forget(p);
    advance(n, 99);
    say(p, "427[\"leave\",\"r\"]");
    settle(n);
    assert_int_equal(refusals(n, ERR_RATE_LIMITED), 3);
    forget(p);
    advance(n, 1);
    say(p, "428[\"leave\",\"r\"]");
    settle(n);
    heard(p, "438[{\"ok\":true}]\n");
    node_free(n);
}

/* Acks wait for the bus; a peer that sends on all the same has gone too far. */
static void unfinished_events_pause_and_close(void **state)
{
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", "max_pending_events=4", NULL);
    struct peer *p = sio(n, "/");
    (void)state;
    wire_hold(n, true);
    for (unsigned i = 0; i < 3; i++)
        sayf(p, "42%u[\"x\"]", i);
    assert_false(p->paused);
    say(p, "423[\"x\"]");
    assert_true(p->paused);
    assert_int_equal(p->conn->pending_events, 4);
    wire_hold(n, false);
    settle_all(w);
    assert_false(p->paused);
    assert_int_equal(p->conn->pending_events, 0);
    forget(p);
    wire_hold(n, true);
    for (unsigned i = 0; i < 7; i++)
        sayf(p, "42%u[\"x\"]", i);
    assert_int_equal(p->conn->state, CONN_OPEN);
    say(p, "427[\"x\"]");
    turn(n);
    closed_for(p, CLOSE_PENDING);
    wire_hold(n, false);
    settle_all(w);
    node_free(n);
    wire_free(w);
}

/* Events that wait behind a join are copied. */
static void waiting_events_are_bounded_in_bytes(void **state)
{
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", "max_message_bytes=1024 max_attachments=1", NULL);
    struct peer *p = sio(n, "/");
    char text[600];
    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "42[\"e\",\"", 8);
    memcpy(text + sizeof text - 3, "\"]", 3);
    wire_hold(n, true);
    say(p, "42[\"join\",\"r\"]");
    say(p, text);
    assert_false(p->paused);
    say(p, text);
    assert_true(p->paused);
    wire_hold(n, false);
    settle_all(w);
    assert_false(p->paused);
    assert_int_equal(p->conn->pending_bytes, 0);
    wire_hold(n, true);
    say(p, "42[\"join\",\"r2\"]");
    for (unsigned i = 0; i < 7; i++)
        say(p, text);
    turn(n);
    closed_for(p, CLOSE_PENDING);
    wire_hold(n, false);
    settle_all(w);
    node_free(n);
    wire_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_is_first_in_first_out),
        cmocka_unit_test(partial_writes_lose_nothing),
        cmocka_unit_test(one_write_in_a_turn),
        cmocka_unit_test(a_slow_reader_is_closed_by_bytes),
        cmocka_unit_test(a_slow_reader_is_closed_by_frames),
        cmocka_unit_test(one_large_frame_is_always_taken),
        cmocka_unit_test(volatile_frames_are_for_those_who_keep_up),
        cmocka_unit_test(pings_and_pongs_to_the_millisecond),
        cmocka_unit_test(an_unasked_pong_means_nothing),
        cmocka_unit_test(plain_dialects_have_heartbeats),
        cmocka_unit_test(a_ping_into_a_full_queue),
        cmocka_unit_test(close_then_lost),
        cmocka_unit_test(close_and_lost_in_one_turn),
        cmocka_unit_test(a_kind_close_sends_what_is_queued),
        cmocka_unit_test(draining_takes_n),
        cmocka_unit_test(the_token_bucket),
        cmocka_unit_test(unfinished_events_pause_and_close),
        cmocka_unit_test(waiting_events_are_bounded_in_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
