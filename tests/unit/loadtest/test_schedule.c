/* SPDX-License-Identifier: Apache-2.0 */
/* Due times: how many, when, and whose turn it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loadtest/message/schedule.h"

static void init(struct schedule *s, uint64_t start, double rate, double warmup, double duration,
                 uint32_t publishers)
{
    struct pace pace = {
        .rate = rate, .warmup = warmup, .duration = duration, .publishers = publishers, .burst = 1};
    schedule_init(s, start, 0, &pace);
}

static void constant_rate(void **state)
{
    (void)state;
    struct schedule s;
    init(&s, 1000000, 100, 2, 10, 3);
    assert_int_equal(s.measured, 3000000);
    assert_int_equal(s.end, 13000000);
    assert_int_equal(s.total, 1200);
    assert_int_equal(schedule_due(&s, 0), 1000000);
    assert_int_equal(schedule_due(&s, 1), 1010000);
    assert_int_equal(schedule_due(&s, 200), s.measured);
    assert_true(schedule_due(&s, s.total - 1) < s.end);
    assert_true(schedule_due(&s, s.total) >= s.end);
}

/* Neither one message more, nor the first of those that count among those before. */
static void whole_numbers_of_messages(void **state)
{
    (void)state;
    for (unsigned rate = 1; rate <= 3000; rate++)
        for (unsigned tenths = 1; tenths < 50; tenths += 3) {
            struct schedule s;
            init(&s, 987654321, rate * 10, tenths / 10.0, tenths / 5.0, 3);
            assert_int_equal(s.total, rate * tenths * 3);
            assert_int_equal(s.measured, s.start + tenths * 100000);
            assert_int_equal(schedule_due(&s, rate * tenths), s.measured);
            assert_true(schedule_due(&s, s.total - 1) < s.end);
        }
}

static void rates_that_do_not_divide(void **state)
{
    (void)state;
    static const double rates[] = {0.1, 0.7, 3, 7, 333.3, 30000, 999999};
    for (unsigned i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct schedule s;
        init(&s, 123456789012, rates[i], 0, 30, 10);
        assert_true((double)s.total >= rates[i] * 30 - 1 && (double)s.total <= rates[i] * 30 + 1);
        for (uint64_t message = 1; message < s.total; message++)
            assert_true(schedule_due(&s, message) >= schedule_due(&s, message - 1));
        assert_true(schedule_due(&s, s.total - 1) < s.end);
    }
}

static void publishers_take_turns(void **state)
{
    (void)state;
    struct schedule s;
    init(&s, 0, 1000, 0, 1, 7);
    uint32_t next[7] = {0};
    for (uint64_t message = 0; message < s.total; message++) {
        uint32_t publisher = schedule_publisher(&s, message);
        assert_int_equal(publisher, message % 7);
        assert_int_equal(schedule_sequence(&s, message), next[publisher]++);
        assert_int_equal(schedule_message(&s, publisher, schedule_sequence(&s, message)), message);
    }
}

static void nothing_to_publish(void **state)
{
    (void)state;
    struct schedule s;
    init(&s, 5, 0, 0, 10, 3);
    assert_int_equal(s.total, 0);
    assert_int_equal(s.end, 10000005);
    init(&s, 5, 100, 0, 10, 0);
    assert_int_equal(s.total, 0);
}

static void sequence_numbers_do_not_wrap(void **state)
{
    (void)state;
    struct schedule s;
    init(&s, 0, 1e7, 0, 1e6, 2);
    assert_int_equal(schedule_sequence(&s, s.total - 1), UINT32_MAX - 1);
}

static void bursts(void **state)
{
    (void)state;
    struct pace pace = {.rate = 1000, .duration = 2, .publishers = 3, .burst = 10};
    struct schedule s;
    schedule_init(&s, 5000, 7, &pace);
    uint32_t next[3] = {7, 7, 7};
    assert_int_equal(s.total, 2000);
    for (uint64_t message = 0; message < s.total; message++) {
        uint32_t publisher = schedule_publisher(&s, message);
        assert_int_equal(publisher, message / 10 % 3);
        assert_int_equal(schedule_due(&s, message), 5000 + message / 10 * 10000);
        assert_int_equal(schedule_sequence(&s, message), next[publisher]++);
        assert_int_equal(schedule_message(&s, publisher, schedule_sequence(&s, message)), message);
    }
    assert_int_equal(schedule_next_first(&s), 7 + 670);
    for (int i = 0; i < 3; i++)
        assert_true(next[i] <= schedule_next_first(&s));
}

/* 1000/s reached after 2 s: 1000 messages until then, the first quarter of them in the first second. */
static void ramp(void **state)
{
    (void)state;
    struct pace pace = {.rate = 1000, .ramp = 2, .warmup = 1, .duration = 3, .publishers = 1, .burst = 1};
    struct schedule s;
    schedule_init(&s, 0, 0, &pace);
    assert_int_equal(s.total, 5000);
    assert_int_equal(s.measured, 3000000);
    assert_int_equal(s.end, 6000000);
    assert_int_equal(schedule_due(&s, 0), 0);
    assert_int_equal(schedule_due(&s, 250), 1000000);
    assert_int_equal(schedule_due(&s, 1000), 2000000);
    assert_int_equal(schedule_due(&s, 2000), 3000000);
    for (uint64_t message = 1; message < s.total; message++)
        assert_true(schedule_due(&s, message) >= schedule_due(&s, message - 1));
}

/* Sequence numbers have 32 bits: what is above is cut off, and the next step begins within them. */
static void sequence_numbers_run_out(void **state)
{
    (void)state;
    static const uint32_t bursts[] = {1, 7, 100000};
    for (unsigned i = 0; i < sizeof bursts / sizeof *bursts; i++) {
        struct schedule s;
        const uint32_t first = UINT32_MAX - 250000;
        struct pace pace = {.rate = 1e6, .duration = 1000, .publishers = 3, .burst = bursts[i]};
        schedule_init(&s, 0, first, &pace);
        assert_true(s.total <= 3u * 250000);
        assert_true(schedule_next_first(&s) >= first);
        assert_true(schedule_sequence(&s, s.total - 1) < schedule_next_first(&s));
        schedule_init(&s, 0, schedule_next_first(&s), &pace);
        assert_true(s.total < 3u * bursts[i]);
    }
}

static void due_before_a_time(void **state)
{
    (void)state;
    struct pace pace = {.rate = 1000, .ramp = 2, .duration = 3, .publishers = 3, .burst = 5};
    struct schedule s;
    schedule_init(&s, 5000, 0, &pace);
    assert_int_equal(schedule_due_before(&s, 0), 0);
    assert_int_equal(schedule_due_before(&s, 5000), 0);
    assert_int_equal(schedule_due_before(&s, 5001), 5);
    assert_int_equal(schedule_due_before(&s, s.end), s.total);
    assert_int_equal(schedule_due_before(&s, UINT64_MAX), s.total);
    uint64_t before = schedule_due_before(&s, 3456789);
    assert_true(schedule_due(&s, before - 1) < 3456789 && schedule_due(&s, before) >= 3456789);
    init(&s, 5, 0, 0, 10, 3);
    assert_int_equal(schedule_due_before(&s, s.end), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sequence_numbers_run_out),
                                       cmocka_unit_test(constant_rate),
                                       cmocka_unit_test(whole_numbers_of_messages),
                                       cmocka_unit_test(rates_that_do_not_divide),
                                       cmocka_unit_test(publishers_take_turns),
                                       cmocka_unit_test(nothing_to_publish),
                                       cmocka_unit_test(sequence_numbers_do_not_wrap),
                                       cmocka_unit_test(bursts),
                                       cmocka_unit_test(ramp),
                                       cmocka_unit_test(due_before_a_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
