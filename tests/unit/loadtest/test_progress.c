/* SPDX-License-Identifier: Apache-2.0 */
/* The live line: what is on it is whole, whatever the width of the terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "loadtest/run/progress.h"

static char line[PROGRESS_LINE];

static struct progress_figures figures = {.phase = "publishing",
                                          .seconds = 12.5,
                                          .joined = 10000,
                                          .connections = 10000,
                                          .publish_rate = 1000,
                                          .delivery_rate = 100000,
                                          .delivered = 1234567,
                                          .lost = 0,
                                          .outstanding = 98,
                                          .p99_us = 8123};

static void assert_line(int columns, const char *expected)
{
    progress_line(line, columns, &figures);
    assert_string_equal(line, expected);
}

static void narrow(void **state)
{
    (void)state;
    assert_line(79, "12.5s publishing 10000  lost 0  p99 8.12 ms  del 100 k/s  pub 1000/s  due 98");
    assert_line(59, "12.5s publishing 10000  lost 0  p99 8.12 ms  del 100 k/s");
    assert_line(40, "12.5s publishing 10000  lost 0");
    assert_line(5, "");
    figures.joined = 9999;
    assert_line(59, "12.5s publishing 9999/10000  lost 0  p99 8.12 ms");
    figures.joined = 10000;
}

static void wide(void **state)
{
    (void)state;
    assert_line(
        PROGRESS_LINE,
        " 12.5s publishing  connected 10000/10000  rate 1000/s  delivered 100 k/s  lost 0  p99 8.12 ms"
        "  outstanding 98  total 1.23 M");
    assert_line(119, " 12.5s publishing  connected 10000/10000  rate 1000/s  delivered 100 k/s  lost 0"
                     "  p99 8.12 ms  outstanding 98");
}

/* Every width shows the beginning of the whole line, up to a gap between two figures. */
static void no_half_figures(void **state)
{
    (void)state;
    char whole[PROGRESS_LINE];
    progress_line(whole, 118, &figures);
    for (int columns = 0; columns < 118; columns++) {
        progress_line(line, columns, &figures);
        size_t n = strlen(line);
        assert_true((int)n <= columns);
        assert_memory_equal(line, whole, n);
        assert_true(n == 0 || whole[n] == '\0' || strncmp(whole + n, "  ", 2) == 0);
    }
}

static void times_of_half_seconds_differ(void **state)
{
    (void)state;
    figures.seconds = 13;
    assert_line(30, "13.0s publishing 10000  lost 0");
    figures.seconds = 13.5;
    assert_line(30, "13.5s publishing 10000  lost 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(narrow), cmocka_unit_test(wide),
                                       cmocka_unit_test(no_half_figures),
                                       cmocka_unit_test(times_of_half_seconds_differ)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
