/* SPDX-License-Identifier: Apache-2.0 */
/* The error table: every row is found, and what is not in it has an answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/err.h"

#define X(sym, value, name, http, text) {sym, value, name, http, text},
static const struct {
    int sym, value;
    const char *name;
    int http;
    const char *text;
} rows[] = {ERR_TABLE(X)};
#undef X

enum { ROWS = sizeof rows / sizeof rows[0] };

static void every_row(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROWS; i++) {
        assert_int_equal(rows[i].sym, rows[i].value);
        assert_true(rows[i].value < 0);
        assert_string_equal(err_name(rows[i].sym), rows[i].name);
        assert_string_equal(err_text(rows[i].sym), rows[i].text);
        assert_int_equal(err_http_status(rows[i].sym), rows[i].http);
        assert_in_range(rows[i].http, 400, 599);
    }
}

static void names_are_unique(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROWS; i++) {
        for (unsigned j = i + 1; j < ROWS; j++)
            assert_string_not_equal(rows[i].name, rows[j].name);
    }
}

static void outside_the_table(void **state)
{
    (void)state;
    assert_string_equal(err_name(0), "ok");
    assert_string_equal(err_text(0), "ok");
    assert_int_equal(err_http_status(0), 200);
    assert_string_equal(err_name(-999), "unknown");
    assert_string_equal(err_text(1), "unknown");
    assert_int_equal(err_http_status(-999), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(outside_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
