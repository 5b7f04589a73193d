/* SPDX-License-Identifier: Apache-2.0 */
/* String tokens: to bytes and back. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <jansson.h>

#include "core/base/err.h"
#include "core/base/utf8.h"
#include "core/codec/json.h"
#include "tests/unit/codec/exact.h"

#define REPLACEMENT "\xef\xbf\xbd"

static const struct {
    const char *token;
    struct slice bytes;
} UNESCAPED[] = {
    {"\"\"", SLICE_LIT("")},
    {"\"abc\"", SLICE_LIT("abc")},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", SLICE_LIT("\"\\/\b\f\n\r\t")},
    {"\"\\u0000\"", SLICE_LIT("\0")},
    {"\"a\\u0000b\"", SLICE_LIT("a\0b")},
    {"\"\\u0041\\u00e9\\u20aC\"", SLICE_LIT("A\xc3\xa9\xe2\x82\xac")},
    {"\"\\uD834\\udD1e\"", SLICE_LIT("\xf0\x9d\x84\x9e")},
    {"\"\\ud800\\udc00\\udbff\\udfff\"", SLICE_LIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf")},
    {"\"\\ud7ff\\ue000\\uffff\"", SLICE_LIT("\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf")},
    {"\"\xf0\x9d\x84\x9e and \\u007f\"", SLICE_LIT("\xf0\x9d\x84\x9e and \x7f")},
    {"\"long enough \\n for several steps of eight \\n\"",
     SLICE_LIT("long enough \n for several steps of eight \n")},
};

static const char *const NOT_UNESCAPED[] = {
    "\"\\ud800\"",
    "\"\\udc00\"",
    "\"\\ud800\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\ud800x\"",
    "\"\\ud800\\n\"",
    "\"\\ud800\\u0041\"",
    "\"a\\udbff\"",
    "\"\\ud800\\ue000\"",
    /* no string tokens at all */
    "",
    "\"",
    "a",
    "1",
    "null",
    "\"a",
    "a\"",
    "\"\\\"",
    "\"a\"b\"",
    "\"a\" ",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\n\"",
    "\"\xff\"",
    "[\"a\"]",
};

static long unescape(struct slice token, char **out)
{
    char *copy = exact_copy(token);
    *out = malloc(token.n); /* enough, the header says */
    long n = json_unescape((struct slice){copy, token.n}, *out);
    free(copy);
    return n;
}

static void test_unescape(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof UNESCAPED / sizeof UNESCAPED[0]; i++) {
        char *out;
        long n = unescape(slice_of(UNESCAPED[i].token), &out);
        assert_int_equal(n, UNESCAPED[i].bytes.n);
        assert_memory_equal(out, UNESCAPED[i].bytes.p, (size_t)n);
        free(out);
    }
    for (size_t i = 0; i < sizeof NOT_UNESCAPED / sizeof NOT_UNESCAPED[0]; i++) {
        char *out;
        assert_int_equal(unescape(slice_of(NOT_UNESCAPED[i]), &out), ERR_PARSE);
        free(out);
    }
}

static void test_unescape_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof UNESCAPED / sizeof UNESCAPED[0]; i++) {
        for (size_t n = 0; n < strlen(UNESCAPED[i].token); n++) {
            char *out;
            assert_int_equal(unescape((struct slice){UNESCAPED[i].token, n}, &out), ERR_PARSE);
            free(out);
        }
    }
}

static void test_string_is(void **state)
{
    (void)state;
    static const struct {
        const char *token, *z;
        bool is;
    } rows[] = {
        {"\"\"", "", true},
        {"\"a\"", "a", true},
        {"\"a\"", "b", false},
        {"\"a\"", "", false},
        {"\"a\"", "ab", false},
        {"\"ab\"", "a", false},
        {"\"\\u0061b\"", "ab", true},
        {"\"\\u0061b\"", "a", false},
        {"\"\\u0061b\"", "abc", false},
        {"\"conn\\u0065ct\"", "connect", true},
        {"\"conn\\u0065ct\"", "connect_error", false},
        {"\"conn\\u0045ct\"", "connect", false},
        {"\"\\u20ac\"", "\xe2\x82\xac", true},
        {"\"\\u20ac\"", "\xe2\x82", false},
        {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", true},
        {"\"\\ud83d\"", "\xf0\x9f\x98\x80", false},
        {"\"\\/\\\\\"", "/\\", true},
        {"\"a\\u0000\"", "a", false},
        {"\"a\\n\"", "a\n", true},
        {"a", "a", false},
        {"\"", "", false},
        {"", "", false},
        {"null", "null", false},
        {"1", "1", false},
        {"\"a", "", false},
        {"\"\\x61\"", "a", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice token = slice_of(rows[i].token);
        char *copy = exact_copy(token);
        if (json_string_is((struct slice){copy, token.n}, rows[i].z) != rows[i].is)
            fail_msg("%s is %s", rows[i].token, rows[i].z);
        free(copy);
    }
}

static const struct {
    struct slice bytes;
    const char *token;
} QUOTED[] = {
    {SLICE_NONE, "\"\""},
    {SLICE_LIT("abc"), "\"abc\""},
    {SLICE_LIT("\"\\/\b\f\n\r\t"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
    {SLICE_LIT("\0\x01\x0b\x1e\x1f\x7f"), "\"\\u0000\\u0001\\u000b\\u001e\\u001f\x7f\""},
    {SLICE_LIT("\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e"), "\"\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e\""},
    {SLICE_LIT("\xe2\x80\xa8"), "\"\xe2\x80\xa8\""},
    {SLICE_LIT("\xff"), "\"" REPLACEMENT "\""},
    {SLICE_LIT("a\x80z"), "\"a" REPLACEMENT "z\""},
    {SLICE_LIT("\xc3"), "\"" REPLACEMENT "\""},
    {SLICE_LIT("\xc3("), "\"" REPLACEMENT "(\""},
    {SLICE_LIT("\xe2\x82"), "\"" REPLACEMENT REPLACEMENT "\""},
    {SLICE_LIT("\xed\xa0\x80"), "\"" REPLACEMENT REPLACEMENT REPLACEMENT "\""},
    {SLICE_LIT("\xc0\x80"), "\"" REPLACEMENT REPLACEMENT "\""},
    {SLICE_LIT("a text of several steps of eight\nbytes \xe2\x82\xac"),
     "\"a text of several steps of eight\\nbytes \xe2\x82\xac\""},
};

static void test_quote(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof QUOTED / sizeof QUOTED[0]; i++) {
        size_t want = strlen(QUOTED[i].token);
        char *copy = exact_copy(QUOTED[i].bytes);
        struct slice bytes = {copy, QUOTED[i].bytes.n};
        struct buf b;
        buf_init(&b, 2 + want);
        assert_int_equal(buf_adds(&b, "x="), 0);
        assert_int_equal(json_quoted_size(bytes), want);
        assert_int_equal(json_quote(&b, bytes), 0);
        assert_int_equal(b.n, 2 + want);
        assert_memory_equal(b.p, "x=", 2);
        assert_memory_equal(b.p + 2, QUOTED[i].token, want);
        buf_free(&b);
        free(copy);
    }
}

static void test_quote_past_the_bound(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5);
    assert_int_equal(json_quote(&b, SLICE_LIT("a")), 0);
    assert_int_equal(json_quote(&b, SLICE_LIT("b")), ERR_TOO_LARGE);
    assert_true(slice_is(buf_slice(&b), "\"a\""));
    buf_free(&b);
}

/* Random bytes: what quote makes, jansson reads; and unescape gives back what was UTF-8. */
static void test_round_trip(void **state)
{
    (void)state;
    static const char *const tokens[] = {
        "\"", "\\", "\n", "\x1f", "abcdefgh", "\xc3\xa9", "\xf0\x9d\x84\x9e", "\xff", "u"};
    uint32_t random = 7;
    char text[64];
    size_t n = 0;
    struct buf b;
    buf_init(&b, 1000);
    for (int round = 0; round < 20000; round++) {
        n = mutate(text, n, sizeof text, tokens, sizeof tokens / sizeof tokens[0], &random);
        struct slice bytes = {text, n};
        buf_clear(&b);
        assert_int_equal(json_quote(&b, bytes), 0);
        assert_int_equal(b.n, json_quoted_size(bytes));
        json_t *read = json_loadb(b.p, b.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(read);
        char *out;
        long m = unescape(buf_slice(&b), &out);
        assert_int_equal(m, json_string_length(read));
        assert_memory_equal(out, json_string_value(read), (size_t)m);
        assert_true(!utf8_valid(bytes) || slice_eq(bytes, (struct slice){out, (size_t)m}));
        free(out);
        json_decref(read);
    }
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unescape),
        cmocka_unit_test(test_unescape_truncated),
        cmocka_unit_test(test_string_is),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_quote_past_the_bound),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
