/* SPDX-License-Identifier: Apache-2.0 */
/* Which texts are JSON, and where they are cut. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <jansson.h>
#include <stdio.h>

#include "core/base/err.h"
#include "core/codec/json.h"
#include "tests/unit/codec/exact.h"
#include "tests/unit/codec/json_texts.h"

static int check(struct slice text, unsigned max_depth)
{
    char *copy = exact_copy(text);
    struct slice value = SLICE_NONE;
    int rc = json_check((struct slice){copy, text.n}, max_depth, &value);
    if (rc == 0) {
        assert_true(value.n > 0 && value.p >= copy && value.p + value.n <= copy + text.n);
        assert_false(strchr(" \t\n\r", value.p[0]) || strchr(" \t\n\r", value.p[value.n - 1]));
    }
    free(copy);
    return rc;
}

static void test_valid(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof VALID / sizeof VALID[0]; i++) {
        if (check(slice_of(VALID[i]), 64) != 0)
            fail_msg("refused: %s", VALID[i]);
    }
}

static void test_invalid(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof INVALID / sizeof INVALID[0]; i++) {
        if (check(slice_of(INVALID[i]), 64) != ERR_PARSE)
            fail_msg("not ERR_PARSE: %s", INVALID[i]);
    }
    assert_int_equal(check(SLICE_LIT("[1\0]"), 64), ERR_PARSE);
    assert_int_equal(check(SLICE_LIT("\"\0\""), 64), ERR_PARSE);
    assert_int_equal(check(SLICE_LIT("1\0"), 64), ERR_PARSE);
}

/* 1 accepted, 0 refused, -1 when jansson has another opinion by design: it also refuses numbers that it
 * cannot hold, lone surrogates, and U+0000 in keys, and takes a zero byte for the end. */
static int jansson_accepts(struct slice text)
{
    if (memchr(text.p, 0, text.n) != NULL)
        return -1;
    json_error_t error;
    json_t *tree = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (tree != NULL) {
        json_decref(tree);
        return 1;
    }
    enum json_error_code code = json_error_code(&error);
    bool other = code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
                 strncmp(error.text, "invalid Unicode", 15) == 0;
    return other ? -1 : 0;
}

static int compared, accepted;

static void compare(struct slice text)
{
    int want = jansson_accepts(text);
    if (want < 0)
        return;
    int rc = check(text, JSON_MAX_DEPTH);
    compared++;
    accepted += rc == 0;
    if ((rc == 0) != (want == 1))
        fail_msg("%d, but jansson %s: %.*s", rc, want ? "accepts" : "refuses", SLICE_FMT(text));
}

static void test_every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof VALID / sizeof VALID[0]; i++) {
        for (size_t n = 1; n < strlen(VALID[i]); n++)
            compare((struct slice){VALID[i], n});
    }
}

static void test_mutations_against_jansson(void **state)
{
    (void)state;
    static const char *const tokens[] = {
        "[", "]", "{", "}",       ",",   ":",    "\"",   "\\",     " ",     "0",        "1",
        "-", ".", "e", "\\u00e9", "\\n", "true", "null", "\"k\":", "[1,2]", "\xc3\xa9", "\x1f"};
    uint32_t random = 20240607;
    char text[512];
    compared = accepted = 0;
    for (int round = 0; round < 60000; round++) {
        const char *seed = VALID[xorshift(&random) % (sizeof VALID / sizeof VALID[0])];
        size_t n = strlen(seed);
        memcpy(text, seed, n);
        for (uint32_t times = 1 + xorshift(&random) % 3; times > 0; times--)
            n = mutate(text, n, sizeof text, tokens, sizeof tokens / sizeof tokens[0], &random);
        if (n > 0)
            compare((struct slice){text, n});
    }
    assert_true(compared > 50000 && accepted > 5000);
}

static void nested(char *out, size_t depth, const char *open, const char *close)
{
    *out = 0;
    for (size_t i = 0; i < depth; i++)
        out = stpcpy(out, open);
    out = stpcpy(out, "1");
    for (size_t i = 0; i < depth; i++)
        out = stpcpy(out, close);
}

static void test_depth(void **state)
{
    (void)state;
    static char text[20 * JSON_MAX_DEPTH];
    static const unsigned limits[] = {1, 2, 63, 64, 65, 127, 128, 129, JSON_MAX_DEPTH};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        unsigned limit = limits[i];
        nested(text, limit, "[", "]");
        assert_int_equal(check(slice_of(text), limit), 0);
        assert_int_equal(check(slice_of(text), limit - 1), ERR_TOO_DEEP);
        nested(text, limit, "{\"k\":", "}");
        assert_int_equal(check(slice_of(text), limit), 0);
        assert_int_equal(check(slice_of(text), limit - 1), ERR_TOO_DEEP);
        nested(text, limit / 2, "[{\"k\": ", "} ]");
        assert_int_equal(check(slice_of(text), limit), 0);
    }
    nested(text, JSON_MAX_DEPTH + 1, "[", "]");
    assert_int_equal(check(slice_of(text), 1000000), ERR_TOO_DEEP);
    assert_int_equal(check(SLICE_LIT("1"), 0), 0);
    assert_int_equal(check(SLICE_LIT("[]"), 0), ERR_TOO_DEEP);
    assert_int_equal(check(SLICE_LIT("[[],[],[{}]]"), 3), 0);
    assert_int_equal(check(SLICE_LIT("[[],[],[{}]]"), 2), ERR_TOO_DEEP);
}

/* Brackets of the wrong kind at every depth, also across the words of the bit stack. */
static void test_mismatched_brackets(void **state)
{
    (void)state;
    static char text[20 * 200];
    for (size_t depth = 1; depth < 200; depth++) {
        for (size_t wrong = 0; wrong < depth; wrong++) {
            nested(text, depth, wrong % 2 ? "[" : "{\"k\":", wrong % 2 ? "]" : "}");
            size_t n = strlen(text);
            assert_int_equal(check((struct slice){text, n}, 200), 0);
            text[n - 1 - wrong] = wrong % 2 ? '}' : ']';
            assert_int_equal(check((struct slice){text, n}, 200), ERR_PARSE);
        }
    }
}

#define assert_slice(s, z)                                                                                   \
    do {                                                                                                     \
        if (!slice_is(s, z))                                                                                 \
            fail_msg("%.*s, not %s", SLICE_FMT(s), z);                                                       \
    } while (0)

static void test_elements(void **state)
{
    (void)state;
    struct slice v;
    struct json j;
    json_init(&j, SLICE_LIT(" [ \"a\" , {\"b\": [1]},[ ] , -1.5e3] x"), 3);
    assert_int_equal(json_enter(&j, '{'), ERR_PARSE);
    assert_int_equal(json_enter(&j, '['), 0);
    const char *want[] = {"\"a\"", "{\"b\": [1]}", "[ ]", "-1.5e3"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(json_element(&j, &v), 1);
        assert_slice(v, want[i]);
    }
    assert_int_equal(json_element(&j, &v), 0);
    assert_int_equal(j.depth, 3);
    assert_int_equal(json_end(&j), ERR_PARSE); /* the x */
}

static void test_members(void **state)
{
    (void)state;
    struct slice k, v;
    struct json j;
    json_init(&j, SLICE_LIT("{\"a\" : 1,\"a\":{} , \"\\u0062\":\"}\"}\n"), 2);
    assert_int_equal(json_enter(&j, '{'), 0);
    const char *want[] = {"\"a\"", "1", "\"a\"", "{}", "\"\\u0062\"", "\"}\""};
    for (size_t i = 0; i < 6; i += 2) {
        assert_int_equal(json_member(&j, &k, &v), 1);
        assert_slice(k, want[i]);
        assert_slice(v, want[i + 1]);
    }
    assert_int_equal(json_member(&j, &k, &v), 0);
    assert_int_equal(json_end(&j), 0);
}

static void test_enter_in_enter(void **state)
{
    (void)state;
    struct slice k, v;
    struct json j;
    json_init(&j, SLICE_LIT("[[1],{\"a\":2}]"), 2);
    assert_int_equal(json_enter(&j, '['), 0);
    assert_int_equal(json_enter(&j, '['), 0);
    assert_int_equal(json_element(&j, &v), 1);
    assert_int_equal(json_element(&j, &v), 0);
    assert_int_equal(json_element(&j, &v), 1);
    assert_slice(v, "{\"a\":2}");
    assert_int_equal(json_element(&j, &v), 0);
    assert_int_equal(json_end(&j), 0);

    json_init(&j, SLICE_LIT("[[1]]"), 1);
    assert_int_equal(json_enter(&j, '['), 0);
    assert_int_equal(json_enter(&j, '['), ERR_TOO_DEEP);
    assert_int_equal(json_element(&j, &v), ERR_TOO_DEEP);
    json_init(&j, SLICE_LIT("{\"a\":[]}"), 1);
    assert_int_equal(json_enter(&j, '{'), 0);
    assert_int_equal(json_member(&j, &k, &v), ERR_TOO_DEEP);
}

static void test_broken_containers(void **state)
{
    (void)state;
    static const char *const arrays[] = {"[", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "[x]", "[1,,2]"};
    static const char *const objects[] = {"{",         "{\"a\"",     "{\"a\":",    "{\"a\":1",
                                          "{\"a\":1,", "{\"a\":1,}", "{,\"a\":1}", "{a:1}",
                                          "{\"a\" 1}", "{\"a\":1]",  "{\"a\":x}",  "{1:1}"};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++) {
        struct slice v;
        struct json j;
        int rc;
        json_init(&j, slice_of(arrays[i]), 8);
        assert_int_equal(json_enter(&j, '['), 0);
        while ((rc = json_element(&j, &v)) == 1)
            ;
        assert_int_equal(rc, ERR_PARSE);
    }
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        struct slice k, v;
        struct json j;
        int rc;
        json_init(&j, slice_of(objects[i]), 8);
        assert_int_equal(json_enter(&j, '{'), 0);
        while ((rc = json_member(&j, &k, &v)) == 1)
            ;
        assert_int_equal(rc, ERR_PARSE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_mutations_against_jansson),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_mismatched_brackets),
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_enter_in_enter),
        cmocka_unit_test(test_broken_containers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
