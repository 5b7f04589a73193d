/* SPDX-License-Identifier: Apache-2.0 */
/* The WebSocket handshake: the request, and answers of all kinds, one byte at a time too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "loadtest/wire/handshake.h"
#include "loadtest/wire/http_answer.h"

#define GOOD                                                                                                 \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"                                             \
    "sec-websocket-accept:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\nConnection: Upgrade\r\n\r\n"

static char why[200];

static struct handshake_answer got;

static int answer(const char *text)
{
    return handshake_answer(slice_of(text), false, &got, why, sizeof why);
}

static void request(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(handshake_request(&out, "example:3000", SLICE_LIT("/ws?a=b"), false), 0);
    assert_true(slice_starts(buf_slice(&out), "GET /ws?a=b HTTP/1.1\r\nHost: example:3000\r\n"));
    buf_addc(&out, '\0');
    assert_non_null(strstr(out.p, "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"));
    assert_non_null(strstr(out.p, "\r\n\r\n"));
    assert_null(strstr(out.p, "Extensions"));
    buf_clear(&out);
    assert_int_equal(handshake_request(&out, "example:3000", SLICE_LIT("/ws"), true), 0);
    buf_addc(&out, '\0');
    assert_non_null(strstr(out.p,
                           "\r\nSec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; "
                           "server_no_context_takeover\r\n"));
    buf_free(&out);
}

static void accepted(void **state)
{
    (void)state;
    assert_int_equal(answer(GOOD "frames"), 1);
    assert_int_equal(got.used, sizeof GOOD - 1);
    assert_false(got.deflate);
    for (size_t n = 0; n < sizeof GOOD - 1; n++)
        assert_int_equal(handshake_answer((struct slice){GOOD, n}, false, &got, why, sizeof why), 0);
}

static void refused(void **state)
{
    (void)state;
    assert_int_equal(answer("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nno\nws"), -1);
    assert_string_equal(why, "the server answered \"HTTP/1.1 404 Not Found\": no ws");
    assert_int_equal(answer("HTTP/1.1 503 \r\n\r\n"), -1);
    assert_int_equal(answer("SSH-2.0-OpenSSH"), -1);
    assert_string_equal(why, "the server does not speak HTTP");
    assert_int_equal(answer("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: no\r\n\r\n"), -1);
    assert_int_equal(answer("HTTP/1.1 101 Switching Protocols\r\n\r\n"), -1);
}

static int extensions(const char *value, bool offered)
{
    char text[400];
    snprintf(text, sizeof text,
             "HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
             "Sec-WebSocket-Extensions: %s\r\n\r\n",
             value);
    return handshake_answer(slice_of(text), offered, &got, why, sizeof why);
}

static void compression(void **state)
{
    (void)state;
    assert_int_equal(extensions("permessage-deflate; server_no_context_takeover", true), 1);
    assert_true(got.deflate);
    assert_int_equal(extensions("permessage-deflate; server_no_context_takeover", false), -1);
    assert_non_null(strstr(why, "none was offered"));
    assert_int_equal(extensions("permessage-deflate", true), -1);
    assert_non_null(strstr(why, "extension \"permessage-deflate\", but"));
    assert_int_equal(extensions("bzip; server_no_context_takeover", true), -1);
    assert_int_equal(handshake_answer(SLICE_LIT(GOOD), true, &got, why, sizeof why), 1);
    assert_false(got.deflate);
}

static void endless(void **state)
{
    (void)state;
    static char text[HTTP_ANSWER_MAX_HEAD + 1];
    memset(text, 'a', sizeof text);
    memcpy(text, "HTTP/1.1 101", 12);
    assert_int_equal(handshake_answer((struct slice){text, sizeof text - 2}, false, &got, why, sizeof why),
                     0);
    assert_int_equal(handshake_answer((struct slice){text, sizeof text}, false, &got, why, sizeof why), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(request), cmocka_unit_test(accepted),
                                       cmocka_unit_test(refused), cmocka_unit_test(compression),
                                       cmocka_unit_test(endless)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
