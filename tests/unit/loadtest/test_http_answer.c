/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP answers: heads and bodies of every framing, whole and one byte at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/err.h"
#include "loadtest/wire/http_answer.h"

static struct http_answer answer;
static char why[300], body[2000];
static size_t body_n;

static void take(struct slice part)
{
    assert_true(body_n + part.n <= sizeof body);
    if (part.n > 0)
        memcpy(body + body_n, part.p, part.n);
    body_n += part.n;
}

/* Feeds `text` in pieces of n bytes, as a connection would that keeps what is not taken. Returns how many
 * bytes the answer had; -1: refused; 0: it goes on. */
static long feed(const char *text, size_t n)
{
    static char bytes[HTTP_ANSWER_MAX_HEAD + 100];
    size_t all = strlen(text), kept = 0, used = 0;
    bool in_body = false;
    body_n = 0;
    for (size_t at = 0; at < all; at += n) {
        size_t more = all - at < n ? all - at : n;
        memcpy(bytes + kept, text + at, more);
        struct slice rest = {bytes, kept + more}, part;
        int got = in_body ? 1 : http_answer_head(&answer, &rest, why, sizeof why);
        if (got < 0)
            return -1;
        used += kept + more - rest.n;
        in_body = got == 1;
        if (in_body) {
            size_t before = rest.n;
            got = http_answer_body(&answer, &rest, &part);
            if (got < 0)
                return -1;
            take(part);
            used += before - rest.n;
            if (got == 1)
                return (long)used;
        }
        kept = rest.n;
        memmove(bytes, rest.p, kept);
    }
    return 0;
}

/* Answers end where they end, however they are cut. */
static void assert_answer(const char *head, const char *rest, int status, const char *expected, bool ends)
{
    char text[1000];
    strcpy(text, head);
    strcat(text, rest);
    size_t n = strlen(text);
    strcat(text, "HTTP/1.1 500 next");
    for (size_t piece = 1; piece <= strlen(text); piece++) {
        if (!ends)
            text[n] = '\0';
        assert_int_equal(feed(text, piece), ends ? (long)n : 0);
        assert_int_equal(answer.status, status);
        assert_int_equal(body_n, strlen(expected));
        assert_memory_equal(body, expected, body_n);
    }
}

static void lengths(void **state)
{
    (void)state;
    assert_answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello", 200, "hello", true);
    assert_true(answer.keep_alive);
    assert_string_equal(answer.line, "HTTP/1.1 200 OK");
    assert_answer("HTTP/1.1 404 \r\ncontent-length:0\r\nConnection: Close\r\n\r\n", "", 404, "", true);
    assert_false(answer.keep_alive);
    assert_answer("HTTP/1.1 204 No Content\r\n\r\n", "", 204, "", true);
    assert_answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "x", 200, "x",
                  true);
    assert_answer("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 1\r\n\r\n", "x", 200, "x",
                  true);
    assert_int_equal(answer.idle_s, 5);
}

static void chunks(void **state)
{
    (void)state;
    assert_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n",
                  "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n", 200, "hello world", true);
    assert_true(answer.event_stream && answer.keep_alive);
    assert_int_equal(feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\n", 1000), -1);
}

static void until_close(void **state)
{
    (void)state;
    assert_answer("HTTP/1.1 200 OK\r\n\r\n", "hello", 200, "hello", false);
    assert_false(answer.keep_alive);
    assert_answer("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", "hi", 200, "hi", true);
    assert_false(answer.keep_alive);
}

static void refused(void **state)
{
    (void)state;
    static char endless[HTTP_ANSWER_MAX_HEAD + 50];
    static const char *const bad[] = {"SSH-2.0-OpenSSH\r\n\r\n",
                                      "HTTP/2 200 OK\r\n\r\n",
                                      "HTTP/1.1 2x0 OK\r\n\r\n",
                                      "HTTP/1.1 099 OK\r\n\r\n",
                                      "HTTP/1.1 20\r\n\r\n",
                                      "HTTP/1.1 2000 OK\r\n\r\n",
                                      "HTTP/1.x 200 OK\r\n\r\n",
                                      "\r\n\r\n",
                                      "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n",
                                      "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
                                      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(feed(bad[i], 1000), -1);
        assert_int_equal(feed(bad[i], 1), -1);
    }
    memset(endless, 'a', sizeof endless - 1);
    memcpy(endless, "HTTP/1.1 200 OK\r\n", 17);
    assert_int_equal(feed(endless, 1000), -1);
    assert_string_equal(why, "the headers of the answer are longer than 16384 bytes");
}

/* The bound is the same however the head comes. */
static void largest_head(void **state)
{
    static char head[HTTP_ANSWER_MAX_HEAD + 2];
    (void)state;
    for (size_t n = HTTP_ANSWER_MAX_HEAD; n <= HTTP_ANSWER_MAX_HEAD + 1; n++) {
        memset(head, 'a', n);
        memcpy(head, "HTTP/1.1 204 No\r\nX:", 19);
        memcpy(head + n - 4, "\r\n\r\n", 4);
        for (size_t piece = n; piece >= n / 2; piece -= n / 2)
            assert_int_equal(feed(head, piece), n <= HTTP_ANSWER_MAX_HEAD ? (long)n : -1);
    }
}

static void refusals(void **state)
{
    (void)state;
    http_answer_refusal(why, sizeof why, SLICE_LIT("HTTP/1.1 404 Not Found"), SLICE_LIT("no\nway"));
    assert_string_equal(why, "the server answered \"HTTP/1.1 404 Not Found\": no way");
    http_answer_refusal(why, sizeof why, SLICE_LIT("HTTP/1.1 404 Not Found"), SLICE_NONE);
    assert_string_equal(why, "the server answered \"HTTP/1.1 404 Not Found\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lengths),      cmocka_unit_test(chunks),
                                       cmocka_unit_test(until_close),  cmocka_unit_test(refused),
                                       cmocka_unit_test(largest_head), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
