/* SPDX-License-Identifier: Apache-2.0 */
/* The search against servers that hold any rate up to a limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loadtest/run/search.h"

/* Searches the limit of a server; hiccup: the how-manieth try fails though it should hold (0: none). */
static double found(double first, double limit, unsigned hiccup, unsigned *tries)
{
    struct search search;
    bool held;
    search_init(&search, first, 1e6);
    *tries = 0;
    do {
        ++*tries;
        assert_true(search.rate > 0 && search.rate <= 1e6);
        held = search.rate <= limit && *tries != hiccup;
    } while (search_next(&search, held));
    return search.low;
}

static void finds_the_limit(void **state)
{
    (void)state;
    static const double limits[] = {1, 7, 99, 100, 101, 12345, 500000};
    static const double firsts[] = {1, 50, 100, 300000};
    unsigned tries;
    for (unsigned i = 0; i < sizeof limits / sizeof *limits; i++)
        for (unsigned k = 0; k < sizeof firsts / sizeof *firsts; k++) {
            double rate = found(firsts[k], limits[i], 0, &tries);
            assert_true(rate <= limits[i] && rate * SEARCH_PRECISION >= limits[i]);
            assert_true(tries < 60);
        }
}

static void stops_at_its_own_limit(void **state)
{
    (void)state;
    unsigned tries;
    assert_true(found(300, 1e9, 0, &tries) >= 1e6);
    assert_true(found(1e9, 1e9, 0, &tries) >= 1e6);
    assert_int_equal(tries, 1);
}

static void nothing_holds(void **state)
{
    (void)state;
    unsigned tries;
    assert_true(found(100, 0, 0, &tries) <= 0);
}

/* One failure of a rate that holds changes nothing, whichever it is. */
static void a_hiccup_is_no_limit(void **state)
{
    (void)state;
    unsigned tries, most;
    double rate = found(100, 5000, 0, &most);
    for (unsigned hiccup = 1; hiccup <= most; hiccup++)
        assert_true(found(100, 5000, hiccup, &tries) >= rate * 0.999999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_limit), cmocka_unit_test(stops_at_its_own_limit),
        cmocka_unit_test(nothing_holds), cmocka_unit_test(a_hiccup_is_no_limit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
