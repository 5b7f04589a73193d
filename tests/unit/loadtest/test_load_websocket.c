/* SPDX-License-Identifier: Apache-2.0 */
/* The wire over WebSocket against a socket that the test itself answers on: frames whole, cut anywhere,
 * fragmented; pings; the ways in which a connection ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/list.h"
#include "loadtest/wire/websocket.h"

#define ANSWER "HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

static struct event_base *base;
static struct wire_loop loop;
static struct wire *wire;
static struct websocket *client;
static struct target target;
static const struct sources sources;
static int listener, server;
static char heard[1000], why[WIRE_MAX_WHY];
static unsigned opened_count, closed_count;

static void start(void)
{
    struct endpoint to = {.target = &target, .sources = &sources};
    int on = 1;
    assert_int_equal(wire_start(wire, &to, SLICE_LIT("/x")), 0);
    server = accept(listener, NULL, NULL);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void on_opened(struct wire *w)
{
    assert_ptr_equal(w, wire);
    opened_count++;
}

static void on_text(struct wire *w, struct slice text)
{
    assert_ptr_equal(w, wire);
    size_t n = strlen(heard);
    snprintf(heard + n, sizeof heard - n, "%.*s|", SLICE_FMT(text));
    if (slice_is(text, "close now") || slice_is(text, "again"))
        wire_close(w);
    if (slice_is(text, "again")) {
        close(server);
        start();
    }
}

static void on_closed(struct wire *w, const char *reason)
{
    assert_ptr_equal(w, wire);
    assert_int_equal(client->state, WEBSOCKET_CLOSED);
    closed_count++;
    snprintf(why, sizeof why, "%s", reason);
}

static void on_after_read(struct wire *w)
{
    assert_ptr_equal(w, wire);
}

static const struct wire_events events = {
    .opened = on_opened, .text = on_text, .closed = on_closed, .after_read = on_after_read};

/* Runs the loop until nothing has happened for some milliseconds. */
static void turn(void)
{
    for (int i = 0; i < 3; i++) {
        usleep(1000);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
}

static void send_bytes(const char *p, size_t n)
{
    assert_int_equal(send(server, p, n, MSG_NOSIGNAL), n);
}

#define SEND(literal) send_bytes(literal, sizeof(literal) - 1)

static void take_request(void)
{
    char request[1000];
    turn();
    ssize_t n = recv(server, request, sizeof request - 1, MSG_DONTWAIT);
    assert_true(n > 0);
    request[n] = '\0';
    assert_int_equal(strncmp(request, "GET /x HTTP/1.1\r\n", 17), 0);
}

static int begin(bool deflate, bool ping_first)
{
    struct sockaddr_in *address = (struct sockaddr_in *)&target.addr;
    target = (struct target){.host = "127.0.0.1", .port = "80", .addr_len = sizeof *address};
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    heard[0] = why[0] = '\0';
    opened_count = closed_count = 0;
    base = event_base_new();
    wire_loop_init(&loop, base, 1000);
    loop.offer_deflate = deflate;
    loop.ping_first = ping_first;
    wire = wire_new(&wire_websocket, &loop, &events, NULL);
    client = container_of(wire, struct websocket, wire);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)address, target.addr_len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)address, &target.addr_len), 0);
    start();
    take_request();
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return begin(false, false);
}

static int setup_deflate(void **state)
{
    (void)state;
    return begin(true, false);
}

static int setup_ping(void **state)
{
    (void)state;
    return begin(false, true);
}

static int teardown(void **state)
{
    (void)state;
    wire_free(wire);
    wire_loop_free(&loop);
    event_base_free(base);
    if (server >= 0)
        close(server);
    close(listener);
    return 0;
}

static void open_it(void)
{
    SEND(ANSWER);
    turn();
    assert_int_equal(client->state, WEBSOCKET_OPEN);
    assert_int_equal(opened_count, 1);
}

/* What the client sent last, unmasked: one small frame. */
static size_t receive_frame(char *payload, enum ws_opcode *opcode)
{
    unsigned char frame[200];
    ssize_t n = recv(server, frame, sizeof frame, MSG_DONTWAIT);
    assert_true(n >= 6 && (frame[1] & 0x80) && n == 6 + (frame[1] & 0x7f));
    *opcode = frame[0] & 0xf;
    for (ssize_t i = 6; i < n; i++)
        payload[i - 6] = (char)(frame[i] ^ frame[2 + (i - 6) % 4]);
    return (size_t)n - 6;
}

static void assert_ended(const char *expected)
{
    turn();
    assert_int_equal(client->state, WEBSOCKET_CLOSED);
    assert_int_equal(closed_count, 1);
    if (!strstr(why, expected))
        fail_msg("\"%s\" does not say \"%s\"", why, expected);
}

static void several_frames_in_one_read(void **state)
{
    (void)state;
    SEND(ANSWER "\x81\x03one\x81\x00\x82\x02zz\x81\x03two");
    turn();
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
        usleep(200);
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    turn();
    assert_int_equal(strlen(heard), 4 + 127 + 4);
    assert_memory_equal(heard + 4 + 127, "two|", 4);
    assert_null(client->stream.rest); /* an idle client holds nothing */
}

static void fragments(void **state)
{
    (void)state;
    open_it();
    SEND("\x01\x02he\x89\x00\x00\x02ll\x80\x01o\x02\x01x\x80\x01y\x81\x01!");
    turn();
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
    turn();
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
    turn();
    assert_int_equal(receive_frame(payload, &opcode), 0);
    assert_int_equal(opcode, WS_PING);
    assert_string_equal(heard, "x|");
    assert_int_equal(opened_count, 0);
    assert_string_equal(wire_waits_for(wire), "the answer to a ping");
    SEND("\x8a\x00\x8a\x00");
    turn();
    assert_int_equal(opened_count, 1);
}

static void paused(void **state)
{
    (void)state;
    open_it();
    wire_pause(wire, true);
    SEND("\x81\x03one");
    turn();
    assert_string_equal(heard, "");
    wire_pause(wire, false);
    turn();
    assert_string_equal(heard, "one|");
}

static void closed_and_started_in_its_own_callback(void **state)
{
    (void)state;
    open_it();
    SEND("\x81\x05"
         "again\x81\x05never\x81\x10");
    turn();
    assert_string_equal(heard, "again|");
    take_request();
    SEND(ANSWER "\x81\x03two");
    turn();
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
    turn();
    close(server);
    turn();
    assert_int_equal(closed_count, 1);
    start();
    take_request();
    SEND(ANSWER "\x81\x03two");
    turn();
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
    turn();
    assert_string_equal(heard, "hello|no|aaaaaaaaaa|Hello|");
    SEND("\xc1\x02\xff\xff");
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
    for (int idle = 0; received < queued && idle < 1000;) {
        ssize_t n = recv(server, bytes, sizeof bytes, MSG_DONTWAIT);
        idle = n > 0 ? 0 : idle + 1;
        received += n > 0 ? (uint64_t)n : 0;
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    assert_int_equal(received, queued);
    assert_int_equal(client->state, WEBSOCKET_OPEN);
    assert_null(client->stream.out.p);
    assert_false(client->stream.wants_write);
}

static void closed_in_its_own_callback(void **state)
{
    (void)state;
    open_it();
    SEND("\x81\x09"
         "close now\x81\x05never");
    turn();
    assert_string_equal(heard, "close now|");
    assert_int_equal(client->state, WEBSOCKET_CLOSED);
    assert_int_equal(closed_count, 0);
}

static void says_goodbye(void **state)
{
    (void)state;
    char payload[200];
    enum ws_opcode opcode;
    open_it();
    wire_close(wire);
    assert_int_equal(receive_frame(payload, &opcode), 0);
    assert_int_equal(opcode, WS_CLOSE);
    assert_int_equal(closed_count, 0);
    wire_close(wire);
}

static void refused(void **state)
{
    (void)state;
    SEND("HTTP/1.1 403 Forbidden\r\n\r\n");
    assert_ended("403 Forbidden");
}

static void server_closes(void **state)
{
    (void)state;
    open_it();
    SEND("\x88\x08\x03\xf1reason");
    assert_ended("code 1009, reason");
}

static void server_closes_without_code(void **state)
{
    (void)state;
    open_it();
    SEND("\x88\x00");
    assert_ended("without a code");
}

static void server_vanishes(void **state)
{
    (void)state;
    open_it();
    close(server);
    server = -1;
    assert_ended("closed the connection");
}

static void server_resets(void **state)
{
    (void)state;
    struct linger now = {1, 0};
    open_it();
    setsockopt(server, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(server);
    server = -1;
    assert_ended(strerror(ECONNRESET));
}

static void bad_frame(void **state)
{
    (void)state;
    open_it();
    SEND("\x81\x81masked");
    assert_ended("bad WebSocket frame");
}

static void too_large_frame(void **state)
{
    (void)state;
    open_it();
    SEND("\x81\x7e\x03\xe9");
    assert_ended(err_text(ERR_TOO_LARGE));
}

static void too_large_in_fragments(void **state)
{
    (void)state;
    char fragment[4 + 900] = {0x01, 0x7e, 900 >> 8, (char)(900 & 0xff)};
    open_it();
    send_bytes(fragment, sizeof fragment);
    fragment[0] = 0x00;
    send_bytes(fragment, sizeof fragment);
    assert_ended("more than 1000 bytes");
}

static void fragments_in_the_wrong_order(void **state)
{
    (void)state;
    open_it();
    SEND("\x80\x01x");
    assert_ended("wrong order");
}

static void whole_message_between_fragments(void **state)
{
    (void)state;
    open_it();
    SEND("\x01\x01x\x81\x01y");
    assert_ended("wrong order");
}

static void compressed(void **state)
{
    (void)state;
    open_it();
    SEND("\xc1\x01x");
    assert_ended("");
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
        cmocka_unit_test_setup_teardown(inflates_too_much, setup_deflate, teardown),
        TEST(queued_and_flushed),
        TEST(back_pressure),
        TEST(closed_in_its_own_callback),
        TEST(says_goodbye),
        TEST(refused),
        TEST(server_closes),
        TEST(server_closes_without_code),
        TEST(server_vanishes),
        TEST(server_resets),
        TEST(bad_frame),
        TEST(too_large_frame),
        TEST(too_large_in_fragments),
        TEST(fragments_in_the_wrong_order),
        TEST(whole_message_between_fragments),
        TEST(compressed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
