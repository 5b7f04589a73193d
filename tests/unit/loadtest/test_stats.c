/* SPDX-License-Identifier: Apache-2.0 */
/* Sums and differences of all figures, and the verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "loadtest/board/stats.h"

static struct stats *stats_new(uint64_t each, uint64_t latency)
{
    struct stats *stats = calloc(1, sizeof *stats);
    for (int i = 0; i < STATS; i++)
        stats->count[i] = each + (uint64_t)i;
#define X(member, key, text) histogram_record(&stats->member, latency);
    HISTOGRAMS_TABLE(X)
#undef X
    stats->frames = each;
    stats->reads = each + 1;
    stats->bytes = each + 2;
    return stats;
}

static void a_difference_is_what_came_after(void **state)
{
    (void)state;
    struct stats *before = stats_new(10, 50), *now = stats_new(10, 50), *more = stats_new(5, 7000);
    struct stats *difference = stats_new(99, 99);
    stats_add(now, more);
    stats_difference(difference, now, before);
    for (int i = 0; i < STATS; i++)
        assert_int_equal(difference->count[i], 5 + i);
#define X(member, key, text)                                                                                 \
    assert_int_equal(difference->member.count, 1);                                                           \
    assert_int_equal(difference->member.sum, 7000);                                                          \
    assert_int_equal(difference->member.max, 7000);                                                          \
    assert_in_range(histogram_quantile(&difference->member, 0.01), 7000, 7120);
    HISTOGRAMS_TABLE(X)
#undef X
    assert_int_equal(difference->frames, 5);
    assert_int_equal(difference->reads, 6);
    assert_int_equal(difference->bytes, 7);
    stats_difference(difference, now, now);
    for (int i = 0; i < STATS; i++)
        assert_int_equal(difference->count[i], 0);
    assert_int_equal(difference->latency.count, 0);
    assert_int_equal(difference->latency.max, 0);
    free(before);
    free(now);
    free(more);
    free(difference);
}

static void the_first_refusal_of_a_step(void **state)
{
    (void)state;
    struct stats *none = calloc(1, sizeof *none), *one = calloc(1, sizeof *one),
                 *step = calloc(1, sizeof *step);
    one->count[STAT_REFUSED] = 1;
    strcpy(one->first_refusal, "no");
    stats_difference(step, one, none);
    assert_string_equal(step->first_refusal, "no");
    stats_difference(step, one, one);
    assert_string_equal(step->first_refusal, "");
    stats_add(step, one);
    strcpy(one->first_refusal, "never");
    stats_add(step, one);
    assert_string_equal(step->first_refusal, "no");
    free(none);
    free(one);
    free(step);
}

static void what_is_a_fault(void **state)
{
    (void)state;
    struct stats *stats = calloc(1, sizeof *stats);
    for (int i = 0; i < STATS; i++) {
        memset(stats, 0, sizeof *stats);
        stats->count[STAT_ACKNOWLEDGED] = 1;
        stats->count[i] = 1;
        assert_int_equal(stats_failed(stats, false, true), stat_info[i].fault != FAULT_NEVER);
        assert_int_equal(stats_failed(stats, true, true), stat_info[i].fault == FAULT_ALWAYS);
    }
    memset(stats, 0, sizeof *stats);
    assert_false(stats_failed(stats, false, true)); /* nothing published */
    stats->count[STAT_PUBLISHED] = 3;
    assert_true(stats_failed(stats, false, true));
    assert_false(stats_failed(stats, false, false));
    free(stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_difference_is_what_came_after),
                                       cmocka_unit_test(the_first_refusal_of_a_step),
                                       cmocka_unit_test(what_is_a_fault)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
