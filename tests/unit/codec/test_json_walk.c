/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over validated JSON: argument lists, placeholders, binaries. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/codec/json.h"
#include "tests/unit/codec/exact.h"

#define MAX_FOUND 4

struct row {
    const char *args;
    struct {
        const char *object;
        long num;
    } found[MAX_FOUND];
};

#define P(n) "{\"_placeholder\":true,\"num\":" #n "}"

static const struct row PLACEHOLDERS[] = {
    {"", {{NULL, 0}}},
    {"1,\"a\",null,[],{}", {{NULL, 0}}},
    {P(0), {{P(0), 0}}},
    {P(0) "," P(1) "," P(0), {{P(0), 0}, {P(1), 1}, {P(0), 0}}},
    {"[" P(3) "],{\"k\":" P(2) ",\"l\":[[" P(1) "]]}", {{P(3), 3}, {P(2), 2}, {P(1), 1}}},
    {"{\"num\":7,\"_placeholder\":true}", {{"{\"num\":7,\"_placeholder\":true}", 7}}},
    {"{ \"_placeholder\" : true , \"num\" : 4 } ", {{"{ \"_placeholder\" : true , \"num\" : 4 }", 4}}},
    {"{\"_place\\u0068older\":true,\"n\\u0075m\":1}", {{"{\"_place\\u0068older\":true,\"n\\u0075m\":1}", 1}}},
    {"{\"_placeholder\":true}", {{"{\"_placeholder\":true}", -1}}},
    {"{\"_placeholder\":true,\"num\":\"0\"}", {{"{\"_placeholder\":true,\"num\":\"0\"}", -1}}},
    {P(-1), {{P(-1), -1}}},
    {P(1.0), {{P(1.0), -1}}},
    {P(1e0), {{P(1e0), -1}}},
    {P(2147483647), {{P(2147483647), 2147483647}}},
    {P(2147483648), {{P(2147483648), -1}}},
    {P(99999999999999999999), {{P(99999999999999999999), -1}}},
    {"{\"_placeholder\":false,\"num\":0}", {{NULL, 0}}},
    {"{\"_placeholder\":1,\"num\":0}", {{NULL, 0}}},
    {"{\"_placeholder\":\"true\",\"num\":0}", {{NULL, 0}}},
    {"{\"placeholder\":true,\"num\":0}", {{NULL, 0}}},
    {"{\"num\":0}", {{NULL, 0}}},
    {"[\"_placeholder\",true]", {{NULL, 0}}},
    {"\"{\\\"_placeholder\\\":true,\\\"num\\\":0}\"", {{NULL, 0}}},
    /* of members with one key the last one counts, as in JavaScript */
    {"{\"_placeholder\":true,\"num\":0,\"num\":1}", {{"{\"_placeholder\":true,\"num\":0,\"num\":1}", 1}}},
    {"{\"_placeholder\":{\"_placeholder\":true,\"num\":0},\"num\":1}", {{P(0), 0}}},
    {"{\"a\\\\\":\"}{\",\"b\":" P(0) "}", {{P(0), 0}}},
    {"\"\\\\\"," P(0), {{P(0), 0}}},
    {"\"\\\\\\\"\"," P(0), {{P(0), 0}}},
};

/* Neither placeholders nor anything to pass on. */
static const char *const NO_PLACEHOLDERS[] = {
    P([0]),
    P({}),
    "{\"a\":[],\"_placeholder\":true,\"num\":0}",
    "{\"a\":" P(0) ",\"num\":1,\"_pl\\u0061ceholder\" : true}",
    "1,[{\"b\":{\"_placeholder\":true,\"num\":0,\"a\":{}}}]",
    "{\"_placeholder\":true,\"_placeholder\":false,\"num\":0}",
};

#define B(s) "{\"$binary\":" s "}"

static const struct row BINARIES[] = {
    {"", {{NULL, 0}}},
    {"1,{},{\"a\":1}", {{NULL, 0}}},
    {B("\"AQID\""), {{B("\"AQID\""), 6}}},
    {B("\"\""), {{B("\"\""), 2}}},
    {"[" B("\"AQID\"") ",{\"k\":" B("\"AA==\"") "}]", {{B("\"AQID\""), 6}, {B("\"AA==\""), 6}}},
    {" { \"$binary\" : \"AQID\" } ", {{"{ \"$binary\" : \"AQID\" }", 6}}},
    {"{\"\\u0024binary\":\"AQID\"}", {{"{\"\\u0024binary\":\"AQID\"}", 6}}},
    {B("1"), {{NULL, 0}}},
    {B("null"), {{NULL, 0}}},
    {B("[\"AQID\"]"), {{NULL, 0}}},
    {B(B("\"AQID\"")), {{B("\"AQID\""), 6}}},
    {"{\"$binary\":\"AQID\",\"a\":1}", {{NULL, 0}}},
    {"{\"a\":1,\"$binary\":\"AQID\"}", {{NULL, 0}}},
    {"{\"$binary\":\"a\",\"$binary\":\"b\"}", {{NULL, 0}}},
    {"{\"$binary\":\"a\",\"b\":" B("\"AQID\"") "}", {{B("\"AQID\""), 6}}},
    {"\"{\\\"$binary\\\":\\\"AQID\\\"}\"", {{NULL, 0}}},
};

static int next(bool placeholders, struct slice args, size_t *pos, struct slice *object, long *num)
{
    if (placeholders)
        return json_placeholder_next(args, pos, object, num);
    struct slice token;
    int rc = json_binary_next(args, pos, object, &token);
    if (rc == 1) {
        assert_true(token.p > object->p && token.p + token.n < object->p + object->n);
        assert_true(token.p[0] == '"' && token.p[token.n - 1] == '"');
        *num = (long)token.n;
    }
    return rc;
}

static void run(const struct row *rows, size_t n_rows, bool placeholders)
{
    for (size_t i = 0; i < n_rows; i++) {
        struct slice text = slice_of(rows[i].args), object;
        char *copy = exact_copy(text);
        struct slice args = {copy, text.n};
        size_t pos = 0, k = 0;
        long num;
        while (next(placeholders, args, &pos, &object, &num) == 1) {
            assert_true(k < MAX_FOUND && rows[i].found[k].object != NULL);
            if (!slice_is(object, rows[i].found[k].object) || num != rows[i].found[k].num)
                fail_msg("%s: %.*s, %ld", rows[i].args, SLICE_FMT(object), num);
            assert_ptr_equal(args.p + pos, object.p + object.n);
            k++;
        }
        if (rows[i].found[k].object != NULL)
            fail_msg("%s: only %zu", rows[i].args, k);
        assert_int_equal(next(placeholders, args, &pos, &object, &num), 0);
        free(copy);
    }
}

static void test_placeholders(void **state)
{
    (void)state;
    run(PLACEHOLDERS, sizeof PLACEHOLDERS / sizeof PLACEHOLDERS[0], true);
}

static void test_no_placeholders(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof NO_PLACEHOLDERS / sizeof NO_PLACEHOLDERS[0]; i++) {
        struct slice args = slice_of(NO_PLACEHOLDERS[i]), object;
        size_t pos = 0;
        long num;
        int rc;
        while ((rc = json_placeholder_next(args, &pos, &object, &num)) == 1)
            ;
        assert_int_equal(rc, ERR_PARSE);
    }
}

/* Deep nesting costs nothing extra, validated or not: half a second here would be minutes if it did. */
static void test_deep_is_not_slow(void **state)
{
    (void)state;
    enum { DEPTH = 200000 };
    static const char open[] = "{\"a\":";
    struct buf b;
    struct slice object, token;
    size_t pos = 0;
    long num;
    buf_init(&b, DEPTH * sizeof open);
    for (size_t i = 0; i < DEPTH; i++)
        assert_int_equal(buf_adds(&b, open), 0);
    assert_int_equal(json_placeholder_next(buf_slice(&b), &pos, &object, &num), 0);
    assert_int_equal(json_binary_next(buf_slice(&b), &(size_t){0}, &object, &token), 0);
    buf_free(&b);
}

static void test_binaries(void **state)
{
    (void)state;
    run(BINARIES, sizeof BINARIES / sizeof BINARIES[0], false);
}

static void test_args(void **state)
{
    (void)state;
    static const struct {
        const char *args, *values[MAX_FOUND + 1];
    } rows[] = {
        {"", {NULL}},
        {"  ", {NULL}},
        {"1", {"1", NULL}},
        {" 1 , -2.5e7 ", {"1", "-2.5e7", NULL}},
        {"\"a,b\",[1,2],{\"c\":[3,\"]\"]},null", {"\"a,b\"", "[1,2]", "{\"c\":[3,\"]\"]}", "null"}},
        {"\"\",\"\\\"\",\"\\\\\",\"\\\\\\\",\"", {"\"\"", "\"\\\"\"", "\"\\\\\"", "\"\\\\\\\",\""}},
        {"[ ] ,{ }\n,[[]]", {"[ ]", "{ }", "[[]]", NULL}},
        {"true,false,0", {"true", "false", "0", NULL}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice text = slice_of(rows[i].args), value;
        char *copy = exact_copy(text);
        struct slice rest = {copy, text.n};
        size_t k = 0;
        for (; json_args_next(&rest, &value); k++) {
            if (rows[i].values[k] == NULL || !slice_is(value, rows[i].values[k]))
                fail_msg("%s: %.*s", rows[i].args, SLICE_FMT(value));
        }
        assert_null(rows[i].values[k]);
        free(copy);
    }
}

static void walk_everything(struct slice args)
{
    struct slice rest = args, value, object;
    size_t left = rest.n, pos = 0;
    long num;
    while (json_args_next(&rest, &value)) {
        assert_true(value.n > 0 && value.p >= args.p && value.p + value.n <= args.p + args.n);
        assert_true(rest.n < left); /* it always ends */
        left = rest.n;
    }
    for (int placeholders = 0; placeholders < 2; placeholders++, pos = 0) {
        while (next(placeholders, args, &pos, &object, &num) == 1)
            assert_true(object.p >= args.p && object.p + object.n <= args.p + args.n && object.p[0] == '{' &&
                        object.p[object.n - 1] == '}');
    }
}

/* Text that nobody validated: nonsense may come out, but nothing outside is read and it ends. */
static void test_not_validated(void **state)
{
    (void)state;
    static const char *const tokens[] = {"{",
                                         "}",
                                         "[",
                                         "]",
                                         ",",
                                         ":",
                                         "\"",
                                         "\\",
                                         "true",
                                         "\"_placeholder\"",
                                         "\"num\"",
                                         "\"$binary\"",
                                         "0",
                                         " ",
                                         "{\"_placeholder\":true",
                                         "{\"$binary\":\"\""};
    uint32_t random = 99;
    for (int round = 0; round < 40000; round++) {
        const struct row *row =
            &PLACEHOLDERS[xorshift(&random) % (sizeof PLACEHOLDERS / sizeof PLACEHOLDERS[0])];
        char text[256];
        size_t n = strlen(row->args);
        memcpy(text, row->args, n);
        for (uint32_t times = xorshift(&random) % 4; times > 0; times--)
            n = mutate(text, n, sizeof text, tokens, sizeof tokens / sizeof tokens[0], &random);
        n = n == 0 ? 0 : n - xorshift(&random) % n;
        char *copy = exact_copy((struct slice){text, n});
        walk_everything((struct slice){copy, n});
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_args),
        cmocka_unit_test(test_placeholders),
        cmocka_unit_test(test_no_placeholders),
        cmocka_unit_test(test_binaries),
        cmocka_unit_test(test_deep_is_not_slow),
        cmocka_unit_test(test_not_validated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
