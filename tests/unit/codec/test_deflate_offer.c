/* SPDX-License-Identifier: Apache-2.0 */
/* Which offers of permessage-deflate are taken, and what is answered. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "core/base/err.h"
#include "core/codec/deflate_offer.h"
#include "tests/unit/codec/exact.h"

#define PMD     "permessage-deflate"
#define ALONE   PMD "; server_no_context_takeover; client_no_context_takeover"
#define ALONE15 ALONE "; server_max_window_bits=15"

/* The answer, "" for none; NULL: malformed. */
static const char *answer_to(const char *line)
{
    const char *answer = "";
    char *p = exact_copy(slice_of(line));
    int got = deflate_offer_take((struct slice){p, strlen(line)}, &answer);
    free(p);
    if (got < 0) {
        assert_int_equal(got, ERR_PARSE);
        return NULL;
    }
    assert_int_equal(got, *answer != '\0');
    return answer;
}

static void test_offers(void **state)
{
    (void)state;
    static const struct {
        const char *line, *answer;
    } rows[] = {
        {PMD, ALONE},
        {" " PMD "\t", ALONE},
        {PMD "; client_max_window_bits", ALONE}, /* what browsers and ws say */
        {PMD "; server_no_context_takeover; client_no_context_takeover", ALONE},
        {PMD ";client_max_window_bits=8", ALONE},
        {PMD "; client_max_window_bits = \"15\"", ALONE},
        {PMD "; server_max_window_bits=15", ALONE15},
        {PMD "; server_max_window_bits=\"15\"; client_max_window_bits", ALONE15},
        /* declined: all share what is compressed once, in the largest window */
        {PMD "; server_max_window_bits=14", ""},
        {PMD "; server_max_window_bits=8", ""},
        /* declined: what an offer must not have */
        {PMD "; server_max_window_bits", ""},
        {PMD "; server_max_window_bits=16", ""},
        {PMD "; server_max_window_bits=015", ""},
        {PMD "; server_max_window_bits=\"1\\5\"", ""},
        {PMD "; client_max_window_bits=7", ""},
        {PMD "; client_max_window_bits=16", ""},
        {PMD "; client_max_window_bits=08", ""},
        {PMD "; client_max_window_bits=abc", ""},
        {PMD "; client_max_window_bits; client_max_window_bits=9", ""},
        {PMD "; server_no_context_takeover=1", ""},
        {PMD "; client_no_context_takeover=true", ""},
        {PMD "; server_no_context_takeover; server_no_context_takeover", ""},
        {PMD "; unknown", ""},
        {PMD "; Server_no_context_takeover", ""},
        {"x-webkit-deflate-frame", ""},
        {"x; a=\"b\"; c", ""},
        /* the first that will do */
        {PMD "; server_max_window_bits=10, " PMD, ALONE},
        {PMD "; server_max_window_bits=15, " PMD, ALONE15},
        {PMD ", " PMD "; server_max_window_bits=15", ALONE},
        {"x;y=z," PMD ";unknown , ,, " PMD "; client_max_window_bits=9,", ALONE},
        {"", ""},
        {" , ,", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *answer = answer_to(rows[i].line);
        assert_non_null(answer);
        assert_string_equal(answer, rows[i].answer);
    }
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        PMD ";",
        PMD "; ;a",
        PMD "; a=",
        PMD "; a=\"\"",
        PMD "; a=\"b",
        PMD "; a=\"b c\"",
        PMD "; a=b c",
        PMD " client",
        PMD "; a=\"b\"c",
        "=" PMD,
        ";" PMD,
        PMD "; a=\"\\",
        "\"" PMD "\"",
        PMD ", /",
        "x; a=\"" PMD ", y",
        "x; a=\"b, c\", y",
        PMD ", " PMD "; =",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (answer_to(rows[i]) != NULL)
            fail_msg("%s", rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_offers), cmocka_unit_test(test_malformed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
