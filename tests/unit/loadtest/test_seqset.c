/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of sequence numbers: ranges merge and split; random operations against an array of flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "loadtest/message/seqset.h"

static void ranges_merge(void **state)
{
    (void)state;
    struct seqset set = {0};
    assert_true(seqset_insert(&set, 5));
    assert_true(seqset_insert(&set, 7));
    assert_int_equal(set.count, 2);
    assert_true(seqset_insert(&set, 6));
    assert_int_equal(set.count, 1);
    assert_false(seqset_insert(&set, 6));
    assert_true(seqset_insert(&set, 4));
    assert_true(seqset_insert(&set, 8));
    assert_int_equal(set.count, 1);
    assert_int_equal(seqset_count(&set, 0, 100), 5);
    assert_int_equal(seqset_count(&set, 5, 7), 2);
    assert_int_equal(seqset_count(&set, 9, 100), 0);
    seqset_free(&set);
}

static void ranges_split(void **state)
{
    (void)state;
    struct seqset set = {0};
    seqset_append(&set, 10, 20);
    seqset_append(&set, 20, 30);
    assert_int_equal(set.count, 1);
    assert_true(seqset_remove(&set, 15));
    assert_int_equal(set.count, 2);
    assert_false(seqset_remove(&set, 15));
    assert_false(seqset_remove(&set, 9));
    assert_false(seqset_remove(&set, 30));
    assert_true(seqset_remove(&set, 10));
    assert_true(seqset_remove(&set, 29));
    assert_int_equal(seqset_count(&set, 0, UINT32_MAX), 17);
    struct seqrange lowest = seqset_pop(&set);
    assert_int_equal(lowest.from, 11);
    assert_int_equal(lowest.to, 15);
    seqset_free(&set);
}

enum { NUMBERS = 200 };

static void change(struct seqset *set, bool *flag)
{
    uint32_t number = (uint32_t)rand() % NUMBERS;
    if (rand() % 3 > 0) {
        assert_int_equal(seqset_insert(set, number), !flag[number]);
        flag[number] = true;
    } else {
        assert_int_equal(seqset_remove(set, number), flag[number]);
        flag[number] = false;
    }
}

static void compare(const struct seqset *set, const bool *flag)
{
    uint32_t from = (uint32_t)rand() % NUMBERS, to = from + (uint32_t)rand() % (NUMBERS - from), sum = 0;
    for (uint32_t n = from; n < to; n++)
        sum += flag[n];
    assert_int_equal(seqset_count(set, from, to), sum);
    for (uint32_t n = 0; n + 1 < set->count; n++) /* sorted, apart, not empty */
        assert_true(set->range[n].from < set->range[n].to && set->range[n].to < set->range[n + 1].from);
}

static void like_an_array_of_flags(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 200; round++) {
        struct seqset set = {0};
        bool flag[NUMBERS] = {0};
        for (int i = 0; i < 300; i++) {
            change(&set, flag);
            compare(&set, flag);
        }
        seqset_free(&set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ranges_merge), cmocka_unit_test(ranges_split),
                                       cmocka_unit_test(like_an_array_of_flags)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
