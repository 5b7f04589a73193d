/* SPDX-License-Identifier: Apache-2.0 */
/* The WebSocket handshake: the request, and answers of all kinds, one byte at a time too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "loadtest/handshake.h"

#define GOOD                                                                                                 \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"                                             \
    "sec-websocket-accept:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\nConnection: Upgrade\r\n\r\n"

static char why[200];

static int answer(const char *text, size_t *used)
{
    return handshake_answer(slice_of(text), used, why, sizeof why);
}

static void request(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(handshake_request(&out, "example:3000", SLICE_LIT("/ws?a=b")), 0);
    assert_true(slice_starts(buf_slice(&out), "GET /ws?a=b HTTP/1.1\r\nHost: example:3000\r\n"));
    buf_addc(&out, '\0');
    assert_non_null(strstr(out.p, "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    assert_non_null(strstr(out.p, "\r\n\r\n"));
    buf_free(&out);
}

static void accepted(void **state)
{
    (void)state;
    size_t used = 0;
    assert_int_equal(answer(GOOD "frames", &used), 1);
    assert_int_equal(used, sizeof GOOD - 1);
    for (size_t n = 0; n < sizeof GOOD - 1; n++)
        assert_int_equal(handshake_answer((struct slice){GOOD, n}, &used, why, sizeof why), 0);
}

static void refused(void **state)
{
    (void)state;
    size_t used;
    assert_int_equal(answer("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nno\nws", &used), -1);
    assert_string_equal(why, "the server answered \"HTTP/1.1 404 Not Found\": no ws");
    assert_int_equal(answer("HTTP/1.1 503 \r\n\r\n", &used), -1);
    assert_int_equal(answer("SSH-2.0-OpenSSH", &used), -1);
    assert_string_equal(why, "the server does not speak HTTP");
    assert_int_equal(answer("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: no\r\n\r\n", &used),
                     -1);
    assert_int_equal(answer("HTTP/1.1 101 Switching Protocols\r\n\r\n", &used), -1);
}

static void endless(void **state)
{
    (void)state;
    static char text[HANDSHAKE_MAX_ANSWER + 1];
    size_t used;
    memset(text, 'a', sizeof text);
    memcpy(text, "HTTP/1.1 101", 12);
    assert_int_equal(handshake_answer((struct slice){text, sizeof text - 2}, &used, why, sizeof why), 0);
    assert_int_equal(handshake_answer((struct slice){text, sizeof text}, &used, why, sizeof why), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(request), cmocka_unit_test(accepted),
                                       cmocka_unit_test(refused), cmocka_unit_test(endless)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
