/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies in chunks: whole, byte by byte, broken. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "core/base/err.h"
#include "core/codec/http_chunks.h"
#include "tests/unit/codec/exact.h"

/* Feeds text in pieces of `step` bytes; the body is compacted at the front of `body`. Returns what decode
 * said last, and in *used how many bytes of the text were done with. */
static int feed(const char *text, size_t step, char *body, size_t *size, size_t *used)
{
    struct http_chunks c = {0};
    size_t n = strlen(text);
    int got = 0;
    *size = *used = 0;
    while (got == 0 && *used < n) {
        size_t piece = n - *used < step ? n - *used : step, done, made;
        char *p = exact_copy((struct slice){text + *used, piece});
        got = http_chunks_decode(&c, p, piece, &done, &made);
        assert_true(made <= done && done <= piece);
        memcpy(body + *size, p, made);
        *size += made;
        *used += done;
        free(p);
        if (got == 0)
            assert_int_equal(done, piece);
    }
    return got;
}

static void test_bodies(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int got;
        const char *body;
        size_t rest; /* bytes that follow */
    } rows[] = {
        {"0\r\n\r\n", 1, "", 0},
        {"5\r\nhello\r\n0\r\n\r\n", 1, "hello", 0},
        {"5\r\nhello\r\n0\r\n\r\nGET /", 1, "hello", 5},
        {"1\r\na\r\n002;x=\"y\" ; z\r\nbc\r\n0;last\r\nTrailer: 1\r\nB: 2\r\n\r\n", 1, "abc", 0},
        {"A\r\n0123456789\r\na \t\r\n0123456789\r\n0\r\n\r\n", 1, "01234567890123456789", 0},
        {"5\r\nhel", 0, "hel", 0},
        {"5\r\nhello\r\n0\r\n\r", 0, "hello", 0},
        {"g\r\n", ERR_PARSE, "", 0},
        {"\r\n", ERR_PARSE, "", 0},
        {";x\r\n", ERR_PARSE, "", 0},
        {"-1\r\n", ERR_PARSE, "", 0},
        {"1\na\n0\n\n", ERR_PARSE, "", 0},
        {"1\r\nab\r\n", ERR_PARSE, "a", 0},
        {"1\r\na\n\r\n", ERR_PARSE, "a", 0},
        {"1\r\r\n", ERR_PARSE, "", 0},
        {"1;\x01\r\n", ERR_PARSE, "", 0},
        {"0\r\nT\nx\r\n\r\n", ERR_PARSE, "", 0},
        {"0\r\nT\rx\r\n\r\n", ERR_PARSE, "", 0},
        {"1ffffffffffffffff\r\n", ERR_PARSE, "", 0},
        {"10000000000000000\r\n", ERR_PARSE, "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t step = 1; step <= strlen(rows[i].text); step++) {
            char body[64];
            size_t size, used;
            assert_int_equal(feed(rows[i].text, step, body, &size, &used), rows[i].got);
            assert_true(slice_is((struct slice){body, size}, rows[i].body) || rows[i].got < 0);
            if (rows[i].got == 1)
                assert_int_equal(strlen(rows[i].text) - used, rows[i].rest);
        }
    }
}

static void test_left(void **state)
{
    (void)state;
    struct http_chunks c = {0};
    char text[] = "fffff\r\nab";
    size_t used, made;
    assert_int_equal(http_chunks_decode(&c, text, sizeof text - 1, &used, &made), 0);
    assert_int_equal(made, 2);
    assert_int_equal(c.left, 0xfffff - 2);
}

/* Lines without end are cut off. */
static void test_long_lines(void **state)
{
    (void)state;
    static const char *const begins[] = {"1;", "0\r\n"};
    for (size_t i = 0; i < 2; i++) {
        struct http_chunks c = {0};
        char text[4];
        size_t used, made, fed = 0;
        int got;
        memcpy(text, begins[i], strlen(begins[i]));
        got = http_chunks_decode(&c, text, strlen(begins[i]), &used, &made);
        while (got == 0 && fed < 2 * HTTP_CHUNKS_TRAILER_MAX) {
            text[0] = 'x';
            got = http_chunks_decode(&c, text, 1, &used, &made);
            fed++;
        }
        assert_int_equal(got, ERR_PARSE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_left),
        cmocka_unit_test(test_long_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
