/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in which a connection over WebSocket ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/err.h"
#include "tests/unit/loadtest/websocket_peer.h"

static void closed_in_its_own_callback(void **state)
{
    (void)state;
    open_it();
    SEND("\x81\x09"
         "close now\x81\x05never");
    await_read();
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
    const struct CMUnitTest tests[] = {TEST(closed_in_its_own_callback),
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
