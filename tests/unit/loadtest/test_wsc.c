/* SPDX-License-Identifier: Apache-2.0 */
/* The WebSocket client against a socket that the test itself answers on: frames whole, cut anywhere,
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
#include "loadtest/wsc.h"

#define REQUEST "GET / HTTP/1.1\r\n\r\n"
#define ANSWER  "HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

static struct event_base *base;
static struct wsc_loop loop;
static struct wsc client;
static int listener, server;
static char heard[1000], why[WSC_MAX_WHY];
static unsigned closed_count;

static void on_text(struct wsc *c, struct slice text)
{
    assert_ptr_equal(c, &client);
    size_t n = strlen(heard);
    snprintf(heard + n, sizeof heard - n, "%.*s|", SLICE_FMT(text));
    if (slice_is(text, "close now"))
        wsc_close(c);
}

static void on_closed(struct wsc *c, const char *reason)
{
    assert_int_equal(c->state, WSC_CLOSED);
    closed_count++;
    snprintf(why, sizeof why, "%s", reason);
}

static void on_after_read(struct wsc *c)
{
    assert_ptr_equal(c, &client);
}

static const struct wsc_ops ops = {.text = on_text, .closed = on_closed, .after_read = on_after_read};

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

static int setup(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int on = 1;
    heard[0] = why[0] = '\0';
    closed_count = 0;
    base = event_base_new();
    wsc_loop_init(&loop, base, 1000);
    wsc_init(&client, &loop, &ops);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(wsc_connect(&client, fd, (struct sockaddr *)&address, size, SLICE_LIT(REQUEST)), 0);
    server = accept(listener, NULL, NULL);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    turn();
    char request[100];
    assert_int_equal(recv(server, request, sizeof request, MSG_DONTWAIT), sizeof REQUEST - 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    wsc_close(&client);
    wsc_loop_free(&loop);
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
    assert_int_equal(client.state, WSC_OPEN);
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
    assert_int_equal(client.state, WSC_CLOSED);
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
    assert_null(client.rest); /* an idle client holds nothing */
}

static void fragments(void **state)
{
    (void)state;
    open_it();
    SEND("\x01\x02he\x89\x00\x00\x02ll\x80\x01o\x02\x01x\x80\x01y\x81\x01!");
    turn();
    assert_string_equal(heard, "hello|!|");
    assert_null(client.message.p);
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
}

static void queued_and_flushed(void **state)
{
    (void)state;
    char payload[200];
    enum ws_opcode opcode;
    open_it();
    assert_int_equal(wsc_queue(&client, WS_TEXT, SLICE_LIT("hello")), 0);
    assert_int_equal(recv(server, payload, sizeof payload, MSG_DONTWAIT), -1);
    wsc_flush(&client);
    assert_int_equal(receive_frame(payload, &opcode), 5);
    assert_int_equal(opcode, WS_TEXT);
    assert_memory_equal(payload, "hello", 5);
    assert_null(client.out.p);
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
    while (wsc_queue(&client, WS_TEXT, (struct slice){text, sizeof text}) == 0) {
        queued += sizeof text + 8;
        wsc_flush(&client);
        assert_true(queued < 64u << 20);
    }
    assert_true(client.wants_write && client.out.n > WSC_MAX_QUEUE - 2 * sizeof text);
    for (int idle = 0; received < queued && idle < 1000;) {
        ssize_t n = recv(server, bytes, sizeof bytes, MSG_DONTWAIT);
        idle = n > 0 ? 0 : idle + 1;
        received += n > 0 ? (uint64_t)n : 0;
        event_base_loop(base, EVLOOP_NONBLOCK);
    }
    assert_int_equal(received, queued);
    assert_int_equal(client.state, WSC_OPEN);
    assert_null(client.out.p);
    assert_false(client.wants_write);
}

static void closed_in_its_own_callback(void **state)
{
    (void)state;
    open_it();
    SEND("\x81\x09"
         "close now\x81\x05never");
    turn();
    assert_string_equal(heard, "close now|");
    assert_int_equal(client.state, WSC_CLOSED);
    assert_int_equal(closed_count, 0);
}

static void says_goodbye(void **state)
{
    (void)state;
    char payload[200];
    enum ws_opcode opcode;
    open_it();
    wsc_close(&client);
    assert_int_equal(receive_frame(payload, &opcode), 0);
    assert_int_equal(opcode, WS_CLOSE);
    assert_int_equal(closed_count, 0);
    wsc_close(&client);
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
    const struct CMUnitTest tests[] = {TEST(several_frames_in_one_read),
                                       TEST(one_byte_at_a_time),
                                       TEST(fragments),
                                       TEST(ping_is_answered),
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
