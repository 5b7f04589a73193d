/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP request heads: what is read from them, what is refused, and where they end. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>

#include "core/base/err.h"
#include "core/codec/http.h"
#include "tests/unit/codec/exact.h"

#define GET "GET / HTTP/1.1\r\n"

static int parse(const char *text, struct http_head *head)
{
    char *p = exact_copy(slice_of(text));
    int err = http_head_parse((struct slice){p, strlen(text)}, head);
    free(p);
    return err;
}

static void test_request_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int err;
        enum http_method method;
        const char *path, *query;
        bool keep_alive;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", 0, HTTP_GET, "/", "", true},
        {"\r\n\r\nGET / HTTP/1.1\r\n\r\n", 0, HTTP_GET, "/", "", true},
        {"POST /a%2Fb?x=1&y=%20 HTTP/1.0\r\n\r\n", 0, HTTP_POST, "/a%2Fb", "x=1&y=%20", false},
        {"HEAD /a//b/../c?? HTTP/1.1\r\n\r\n", 0, HTTP_HEAD, "/a//b/../c", "?", true},
        {"OPTIONS * HTTP/1.1\r\n\r\n", 0, HTTP_OPTIONS, "*", "", true},
        {"get / HTTP/1.1\r\n\r\n", 0, HTTP_OTHER_METHOD, "/", "", true},
        {"GET http://host:1/p?q HTTP/1.1\r\n\r\n", 0, HTTP_GET, "/p", "q", true},
        {"GET HTTP://host HTTP/1.1\r\n\r\n", 0, HTTP_GET, "/", "", true},
        {"GET / HTTP/1.7\r\n\r\n", 0, HTTP_GET, "/", "", true},
        {"GET / HTTP/2.0\r\n\r\n", ERR_VERSION, 0, NULL, NULL, false},
        {"PRI * HTTP/2.0\r\n\r\n", ERR_VERSION, 0, NULL, NULL, false},
        {"GET / HTTP/1.1", ERR_PARSE, 0, NULL, NULL, false},
        {"GET / HTTP/1.1\r\n", ERR_PARSE, 0, NULL, NULL, false},
        {"GET / HTTP/1.1\n\n", ERR_PARSE, 0, NULL, NULL, false},
        {"GET / HTTP/1.1\r\n\n", ERR_PARSE, 0, NULL, NULL, false},
        {"GET /\r\n\r\n", ERR_PARSE, 0, NULL, NULL, false},
        {"GET  / HTTP/1.1\r\n\r\n", ERR_PARSE, 0, NULL, NULL, false},
        {"GET / x HTTP/1.1\r\n\r\n", ERR_PARSE, 0, NULL, NULL, false},
        {"GET / HTTP/1.1 \r\n\r\n", ERR_PARSE, 0, NULL, NULL, false},
        {"GET /\x01 HTTP/1.1\r\n\r\n", ERR_PARSE, 0, NULL, NULL, false},
        {"G\"T / HTTP/1.1\r\n\r\n", ERR_PARSE, 0, NULL, NULL, false},
        {" / HTTP/1.1\r\n\r\n", ERR_PARSE, 0, NULL, NULL, false},
        {"", ERR_PARSE, 0, NULL, NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct http_head head;
        char *p = exact_copy(slice_of(rows[i].text));
        assert_int_equal(http_head_parse((struct slice){p, strlen(rows[i].text)}, &head), rows[i].err);
        if (rows[i].err == 0) {
            assert_int_equal(head.method, rows[i].method);
            assert_true(slice_is(head.path, rows[i].path));
            assert_true(slice_is(head.query, rows[i].query));
            assert_int_equal(head.keep_alive, rows[i].keep_alive);
        }
        free(p);
    }
}

static void test_headers(void **state)
{
    (void)state;
    struct http_head head;
    static const char text[] =
        GET "Origin:  http://a \t\r\nX-Other: x\r\nORIGIN: http://b\r\nContent-Length: 12\r\n"
            "Connection: foo, Upgrade\r\nConnection: close\r\nIf-None-Match:\r\n\r\n";
    assert_int_equal(http_head_parse(slice_of(text), &head), 0);
    assert_true(slice_is(head.header[HTTP_ORIGIN], "http://b"));
    assert_true(head.has_length && head.length == 12 && !head.chunked);
    assert_true(head.wants_upgrade && !head.keep_alive);
    assert_true(head.header[HTTP_IF_NONE_MATCH].p != NULL && head.header[HTTP_IF_NONE_MATCH].n == 0);
    assert_null(head.header[HTTP_AUTHORIZATION].p);
    assert_int_equal(http_head_parse(slice_of("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), &head), 0);
    assert_true(head.keep_alive);
    assert_int_equal(http_head_parse(slice_of(GET "Transfer-Encoding: chunked\r\n\r\n"), &head), 0);
    assert_true(head.chunked && !head.has_length);
}

static void test_refused_headers(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "X: a\n\r\n",
        "X: a\rb\r\n\r\n",
        "X: a\x01\r\n\r\n",
        "X: a\x7f\r\n\r\n",
        "X\r\n\r\n",
        ": x\r\n\r\n",
        "X : y\r\n\r\n",
        " X: folded\r\n\r\n",
        "X: y\r\n folded\r\n\r\n",
        "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "Content-Length: 1, 1\r\n\r\n",
        "Content-Length: -1\r\n\r\n",
        "Content-Length: +1\r\n\r\n",
        "Content-Length: 0x1\r\n\r\n",
        "Content-Length:\r\n\r\n",
        "Content-Length: 1234567890123456789\r\n\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "X: y\r\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[256];
        struct http_head head;
        snprintf(text, sizeof text, GET "%s", rows[i]);
        assert_int_equal(parse(text, &head), ERR_PARSE);
    }
    struct http_head head;
    assert_int_equal(parse("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", &head), ERR_PARSE);
}

/* One byte at a time, every head ends where it ends; what is wrong ends early, so that it is refused early.
 */
static void test_end(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t end;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\nrest\r\n\r\n", 18},
        {"\r\nGET / HTTP/1.1\r\nA: b\r\n\r\n", 26},
        {"GET / HTTP/1.1\r\nA: b\r\n", 0},
        {"GET / HTTP/1.1\n\n", 15},
        {"GET / HTTP/1.1\r\nA: b\nC: d\r\n", 21},
        {"\r\n\r\n", 0},
        {"\n", 1},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t n = strlen(rows[i].text), seen = 0, found = 0;
        for (size_t have = 0; have <= n && found == 0; have++) {
            char *p = exact_copy((struct slice){rows[i].text, have});
            found = http_head_end((struct slice){p, have}, seen);
            assert_int_equal(found, http_head_end((struct slice){p, have}, 0));
            seen = have;
            free(p);
        }
        assert_int_equal(found, rows[i].end);
    }
}

static void test_lists(void **state)
{
    (void)state;
    assert_true(http_list_has(slice_of("a, B ,,c"), "b"));
    assert_true(http_list_has(slice_of("x"), "X"));
    assert_false(http_list_has(slice_of("ab, c d"), "a"));
    assert_false(http_list_has(SLICE_NONE, "a"));
    struct slice rest = slice_of(" ,a ,\tb"), one;
    assert_true(http_list_next(&rest, &one) && slice_is(one, "a"));
    assert_true(http_list_next(&rest, &one) && slice_is(one, "b"));
    assert_false(http_list_next(&rest, &one));
}

static void test_query(void **state)
{
    (void)state;
    struct slice rest = slice_of("a=1&&b&=x&c=d=e"), key, value;
    assert_true(http_query_next(&rest, &key, &value) && slice_is(key, "a") && slice_is(value, "1"));
    assert_true(http_query_next(&rest, &key, &value) && slice_is(key, "b") && slice_is(value, ""));
    assert_true(http_query_next(&rest, &key, &value) && slice_is(key, "") && slice_is(value, "x"));
    assert_true(http_query_next(&rest, &key, &value) && slice_is(key, "c") && slice_is(value, "d=e"));
    assert_false(http_query_next(&rest, &key, &value));
}

static void test_decode(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        bool in_query;
        const char *out;
    } rows[] = {
        {"a%2Fb", false, "a/b"}, {"a+b", false, "a+b"}, {"a+b", true, "a b"},   {"%41%6d", true, "Am"},
        {"%", true, "%"},        {"%4", true, "%4"},    {"%zz", true, "%zz"},   {"%%41", true, "%A"},
        {"%2B", true, "+"},      {"", true, ""},        {"%C3%A9", false, "é"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[16];
        char *in = exact_copy(slice_of(rows[i].in));
        size_t n = http_decode((struct slice){in, strlen(rows[i].in)}, rows[i].in_query, out);
        assert_true(slice_is((struct slice){out, n}, rows[i].out));
        free(in);
    }
}

/* A header that stands on several lines, whatever the case of its name. */
static void test_header_lines(void **state)
{
    (void)state;
    const char *text =
        GET "A: 1\r\nx-list: one , two\r\nX-List:\r\nB: x-list: no\r\nX-LIST:\tthree\r\n\r\nx-list: past\r\n";
    const char *const expected[] = {"one , two", "", "three"};
    struct http_head head;
    char *p = exact_copy(slice_of(text));
    assert_int_equal(http_head_parse((struct slice){p, strlen(text)}, &head), 0);
    struct slice lines = head.lines, value;
    for (unsigned i = 0; i < 3; i++) {
        assert_true(http_header_next(&lines, "x-list", &value));
        assert_true(slice_is(value, expected[i]));
    }
    assert_false(http_header_next(&lines, "x-list", &value));
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_line),    cmocka_unit_test(test_headers),
        cmocka_unit_test(test_refused_headers), cmocka_unit_test(test_end),
        cmocka_unit_test(test_lists),           cmocka_unit_test(test_query),
        cmocka_unit_test(test_decode),          cmocka_unit_test(test_header_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
