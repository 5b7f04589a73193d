/* SPDX-License-Identifier: Apache-2.0 */
/* The histogram: its precision, its quantiles, its bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/histogram.h"

static struct histogram h, other;

static int setup(void **state)
{
    (void)state;
    histogram_clear(&h);
    histogram_clear(&other);
    return 0;
}

static void empty(void **state)
{
    (void)state;
    assert_int_equal(histogram_quantile(&h, 0.5), 0);
    assert_int_equal(histogram_count_le(&h, UINT64_MAX), 0);
}

static void small_values_are_exact(void **state)
{
    (void)state;
    for (uint64_t v = 1; v <= 100; v++)
        histogram_record(&h, v);
    assert_int_equal(h.count, 100);
    assert_int_equal(h.sum, 5050);
    assert_int_equal(h.max, 100);
    assert_int_equal(histogram_quantile(&h, 0), 1);
    assert_int_equal(histogram_quantile(&h, 0.005), 1);
    assert_int_equal(histogram_quantile(&h, 0.25), 25);
    assert_int_equal(histogram_quantile(&h, 0.5), 50);
    assert_int_equal(histogram_quantile(&h, 0.505), 51);
    assert_int_equal(histogram_quantile(&h, 1), 100);
    assert_int_equal(histogram_count_le(&h, 0), 0);
    assert_int_equal(histogram_count_le(&h, 50), 50);
    assert_int_equal(histogram_count_le(&h, 1000), 100);
}

/* A value alone below a large one comes back as itself or up to 1/64 more. */
static void assert_precise(uint64_t v)
{
    histogram_clear(&h);
    histogram_record(&h, v);
    histogram_record(&h, UINT64_MAX);
    uint64_t got = histogram_quantile(&h, 0.5);
    assert_true(got >= v);
    assert_true(got - v <= v / 64);
    assert_int_equal(histogram_count_le(&h, v), 1);
    if (v > 0)
        assert_int_equal(histogram_count_le(&h, v - v / 64 - 1), 0);
}

static void large_values_are_precise(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < HISTOGRAM_MAX_BITS - 1; bit++) {
        uint64_t v = UINT64_C(1) << bit;
        assert_precise(v - 1);
        assert_precise(v);
        assert_precise(v + 1);
        assert_precise(v + v / 3);
    }
    for (uint64_t v = 0; v < 3000; v++)
        assert_precise(v);
}

static void values_above_the_end_count_as_the_end(void **state)
{
    (void)state;
    const uint64_t end = (UINT64_C(1) << HISTOGRAM_MAX_BITS) - 1;
    histogram_record(&h, end);
    histogram_record(&h, end + 1);
    histogram_record(&h, UINT64_MAX);
    assert_int_equal(h.count, 3);
    assert_int_equal(h.max, end);
    assert_int_equal(h.sum, 3 * end);
    assert_int_equal(h.bucket[HISTOGRAM_BUCKETS - 1], 3);
    assert_int_equal(histogram_quantile(&h, 0.01), end);
    assert_int_equal(histogram_count_le(&h, UINT64_MAX), 3);
}

static void merges(void **state)
{
    (void)state;
    for (uint64_t v = 1; v <= 50; v++)
        histogram_record(&h, v);
    for (uint64_t v = 51; v <= 100; v++)
        histogram_record(&other, v);
    histogram_merge(&h, &other);
    assert_int_equal(h.count, 100);
    assert_int_equal(h.sum, 5050);
    assert_int_equal(h.max, 100);
    assert_int_equal(histogram_quantile(&h, 0.75), 75);
    histogram_merge(&other, &h);
    assert_int_equal(other.count, 150);
    assert_int_equal(other.max, 100);
}

static void what_came_after(void **state)
{
    (void)state;
    static struct histogram before, difference;
    histogram_record(&h, 5000);
    histogram_difference(&difference, &h, &before);
    assert_int_equal(difference.max, 5000); /* exact */
    before = h;
    histogram_difference(&difference, &h, &before);
    assert_int_equal(difference.count, 0);
    assert_int_equal(difference.max, 0);
    histogram_record(&h, 10);
    histogram_record(&h, 20);
    histogram_difference(&difference, &h, &before);
    assert_int_equal(difference.count, 2);
    assert_int_equal(difference.sum, 30);
    assert_int_equal(difference.max, 20);
    assert_int_equal(histogram_quantile(&difference, 0.5), 10);
}

static void quantile_is_not_above_the_largest_value(void **state)
{
    (void)state;
    histogram_record(&h, 1000000);
    assert_int_equal(histogram_quantile(&h, 0.5), 1000000);
    assert_int_equal(histogram_quantile(&h, 1), 1000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(empty, setup),
        cmocka_unit_test_setup(small_values_are_exact, setup),
        cmocka_unit_test_setup(large_values_are_precise, setup),
        cmocka_unit_test_setup(values_above_the_end_count_as_the_end, setup),
        cmocka_unit_test_setup(merges, setup),
        cmocka_unit_test_setup(what_came_after, setup),
        cmocka_unit_test_setup(quantile_is_not_above_the_largest_value, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
