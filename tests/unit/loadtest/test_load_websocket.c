/* SPDX-License-Identifier: Apache-2.0 */
/* The wire over WebSocket: frames whole, cut anywhere, fragmented, compressed; pings; pauses; what is queued;
 * and starting again. How a connection ends is in test_load_websocket_end.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "loadtest/clock.h"
#include "tests/unit/loadtest/websocket_peer.h"

#define WAIT_US 5000000

static void several_frames_in_one_read(void **state)
{
    (void)state;
    SEND(ANSWER "\x81\x03one\x81\x00\x82\x02zz\x81\x03two");
    await_read();
    assert_string_equal(heard, "one||two|"); /* the binary one is of no interest */
}

static void one_byte_at_a_time(void **state)
{
    (void)state;
    static const char bytes[] = ANSWER "\x81\x03one\x89\x00\x81\x7e\x00\x7e"
                                       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                       "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
                                       "\x81\x03two";
    for (size_t i = 0; i < sizeof bytes - 1; i++) {
        send_bytes(bytes + i, 1);
        await_read();
    }
    assert_int_equal(strlen(heard), 4 + 127 + 4);
    assert_memory_equal(heard + 4 + 127, "two|", 4);
    assert_null(client->stream.rest); /* an idle client holds nothing */
}

static void fragments(void **state)
{
    (void)state;
    open_it();
    SEND("\x01\x02he\x89\x00\x00\x02ll\x80\x01o\x02\x01x\x80\x01y\x81\x01!");
    await_read();
    assert_string_equal(heard, "hello|!|");
    assert_null(client->message.p);
}

static void ping_is_answered(void **state)
{
    (void)state;
    char payload[200];
    enum ws_opcode opcode;
    open_it();
    SEND("\x89\x04ping");
    await_read();
    assert_int_equal(receive_frame(payload, &opcode), 4);
    assert_int_equal(opcode, WS_PONG);
    assert_memory_equal(payload, "ping", 4);
    assert_int_equal(loop.pings, 1);
}

static void opened_by_the_answer_to_a_ping(void **state)
{
    (void)state;
    char payload[200];
    enum ws_opcode opcode;
    SEND(ANSWER "\x81\x01x");
    await_read();
    assert_int_equal(receive_frame(payload, &opcode), 0);
    assert_int_equal(opcode, WS_PING);
    assert_string_equal(heard, "x|");
    assert_int_equal(opened_count, 0);
    assert_string_equal(wire_waits_for(wire), "the answer to a ping");
    SEND("\x8a\x00\x8a\x00");
    await_read();
    assert_int_equal(opened_count, 1);
}

static void paused(void **state)
{
    (void)state;
    open_it();
    wire_pause(wire, true);
    SEND("\x81\x03one");
    await_unread();
    assert_string_equal(heard, "");
    wire_pause(wire, false);
    await_read();
    assert_string_equal(heard, "one|");
}

static void closed_and_started_in_its_own_callback(void **state)
{
    (void)state;
    open_it();
    SEND("\x81\x05"
         "again\x81\x05never\x81\x10");
    await_read();
    assert_string_equal(heard, "again|");
    take_request();
    SEND(ANSWER "\x81\x03two");
    await_read();
    assert_string_equal(heard, "again|two|");
    assert_int_equal(opened_count, 2);
    assert_int_equal(closed_count, 0);
}

static void started_again(void **state)
{
    (void)state;
    open_it();
    wire_close(wire);
    close(server);
    start();
    take_request();
    SEND(ANSWER "\x01\x02");
    await_read();
    close(server);
    await_closed(1);
    start();
    take_request();
    SEND(ANSWER "\x81\x03two");
    await_read();
    assert_string_equal(heard, "two|");
}

/* "aaaaaaaaaa" and "hello", compressed with Z_SYNC_FLUSH, the last four bytes taken off. */
#define TEN_AS "\x4a\x4c\x84\x01\x00\x00"
#define HELLO  "\xca\x48\xcd\xc9\xc9\x07\x00"

static void inflates(void **state)
{
    (void)state;
    SEND(
        "HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Extensions: "
        "permessage-deflate; server_no_context_takeover\r\n\r\n");
    SEND("\xc1\x07" HELLO "\x81\x02no\xc1\x06" TEN_AS "\x41\x03\xf2\x48\xcd\x89\x00\x80\x04\xc9\xc9\x07\x00");
    await_read();
    assert_string_equal(heard, "hello|no|aaaaaaaaaa|Hello|");
    SEND("\xc1\x02\xff\xff");
    assert_ended("badly compressed");
}

/* A block may say that it is the last one (RFC 7692, section 7.2.3.4). */
static void inflates_a_last_block(void **state)
{
    (void)state;
    SEND(
        "HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Extensions: "
        "permessage-deflate; server_no_context_takeover\r\n\r\n");
    SEND("\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00\xc1\x07" HELLO);
    await_read();
    assert_string_equal(heard, "Hello|hello|");
    SEND("\xc1\x04\xca\x48\xcd\xc9"); /* as HELLO begins */
    assert_ended("badly compressed");
}

/* 2,000 times the same byte are a few bytes compressed. */
static void inflates_too_much(void **state)
{
    (void)state;
    SEND(
        "HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Extensions: "
        "permessage-deflate; server_no_context_takeover\r\n\r\n");
    SEND("\xc1\x12\x4a\x4c\x1c\x05\xa3\x60\x14\x8c\x82\x51\x30\x0a\x46\xc1\x50\x07\x00\x00");
    assert_ended("more than 1000 bytes");
}

static void queued_and_flushed(void **state)
{
    (void)state;
    char payload[200];
    enum ws_opcode opcode;
    open_it();
    assert_int_equal(wire_queue(wire, SLICE_LIT("hello"), 1), 0);
    assert_int_equal(recv(server, payload, sizeof payload, MSG_DONTWAIT), -1);
    wire_flush(wire);
    assert_int_equal(receive_frame(payload, &opcode), 5);
    assert_int_equal(opcode, WS_TEXT);
    assert_memory_equal(payload, "hello", 5);
    assert_null(client->stream.out.p);
}

/* A server that does not read: the queue grows up to its bound, then messages are refused and the rest
 * arrives. */
static void back_pressure(void **state)
{
    (void)state;
    static char text[60000], bytes[1 << 16];
    uint64_t queued = 0, received = 0;
    open_it();
    memset(text, 'a', sizeof text);
    while (wire_queue(wire, (struct slice){text, sizeof text}, 1) == 0) {
        queued += sizeof text + 8;
        wire_flush(wire);
        assert_true(queued < 64u << 20);
    }
    assert_true(client->stream.wants_write && client->stream.out.n > WIRE_MAX_QUEUE - 2 * sizeof text);
    for (uint64_t end = clock_us() + WAIT_US; received < queued && clock_us() < end;) {
        ssize_t n = recv(server, bytes, sizeof bytes, MSG_DONTWAIT);
        received += n > 0 ? (uint64_t)n : 0;
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    assert_int_equal(received, queued);
    assert_int_equal(client->state, WEBSOCKET_OPEN);
    assert_null(client->stream.out.p);
    assert_false(client->stream.wants_write);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(several_frames_in_one_read),
        TEST(one_byte_at_a_time),
        TEST(fragments),
        TEST(ping_is_answered),
        cmocka_unit_test_setup_teardown(opened_by_the_answer_to_a_ping, setup_ping, teardown),
        TEST(paused),
        TEST(closed_and_started_in_its_own_callback),
        TEST(started_again),
        cmocka_unit_test_setup_teardown(inflates, setup_deflate, teardown),
        cmocka_unit_test_setup_teardown(inflates_a_last_block, setup_deflate, teardown),
        cmocka_unit_test_setup_teardown(inflates_too_much, setup_deflate, teardown),
        TEST(queued_and_flushed),
        TEST(back_pressure)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
