/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: when they fire, in which order, and what callbacks may do to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/base/timer.h"

/* A timer that writes its letter when it fires, and then does something. */
struct probe {
    struct timer timer;
    char letter;
    void (*then)(struct probe *p, uint64_t now);
};

static struct timers set;
static struct probe probes[8];
static char fired[64];

static void fire(struct timer *t, uint64_t now)
{
    struct probe *p = container_of(t, struct probe, timer);
    size_t n = strlen(fired);
    assert_true(n + 1 < sizeof fired);
    assert_false(timer_active(t));
    fired[n] = p->letter;
    if (p->then)
        p->then(p, now);
}

static int setup(void **state)
{
    (void)state;
    timers_init(&set);
    memset(fired, 0, sizeof fired);
    for (int i = 0; i < 8; i++) {
        probes[i].letter = (char)('a' + i);
        probes[i].then = NULL;
        timer_init(&probes[i].timer, fire);
    }
    return 0;
}

static void start(int i, uint64_t now, uint64_t duration)
{
    timer_start(&set, &probes[i].timer, now, duration);
}

static void assert_fires(uint64_t now, const char *letters)
{
    memset(fired, 0, sizeof fired);
    timers_run(&set, now);
    assert_string_equal(fired, letters);
}

static void fires_when_due(void **state)
{
    (void)state;
    assert_int_equal(timers_next(&set, 0), UINT64_MAX);
    start(0, 100, 50);
    start(1, 110, 50);
    start(2, 120, 5);
    assert_int_equal(timers_next(&set, 100), 25);
    assert_fires(124, "");
    assert_fires(125, "c");
    assert_int_equal(timers_next(&set, 125), 25);
    assert_fires(149, "");
    assert_int_equal(timers_next(&set, 150), 0);
    assert_int_equal(timers_next(&set, 1000), 0);
    assert_fires(1000, "ab");
    assert_int_equal(timers_next(&set, 1000), UINT64_MAX);
    assert_fires(2000, "");
}

static void nothing(struct timer *t, uint64_t now)
{
    (void)t, (void)now;
}

static void many_fire_in_several_runs(void **state)
{
    (void)state;
    struct probe *many = calloc(TIMERS_PER_RUN + 1, sizeof *many);
    assert_non_null(many);
    for (int i = 0; i <= TIMERS_PER_RUN; i++) {
        timer_init(&many[i].timer, nothing);
        timer_start(&set, &many[i].timer, 0, 10);
    }
    timers_run(&set, 10);
    assert_false(timer_active(&many[TIMERS_PER_RUN - 1].timer));
    assert_true(timer_active(&many[TIMERS_PER_RUN].timer));
    assert_int_equal(timers_next(&set, 10), 0);
    timers_run(&set, 10);
    assert_false(timer_active(&many[TIMERS_PER_RUN].timer));
    free(many);
}

static void stops_and_restarts(void **state)
{
    (void)state;
    start(0, 0, 10);
    start(1, 0, 10);
    start(2, 0, 10);
    assert_true(timer_active(&probes[0].timer));
    timer_stop(&probes[0].timer);
    timer_stop(&probes[0].timer);
    assert_false(timer_active(&probes[0].timer));
    start(1, 5, 10);
    assert_fires(10, "c");
    assert_fires(15, "b");
    start(1, 20, 10);
    start(1, 20, 30);
    assert_fires(30, "");
    assert_fires(50, "b");
}

static void again_at_once(struct probe *p, uint64_t now)
{
    timer_start(&set, &p->timer, now, 0);
}

static void a_restart_with_zero_waits_for_the_next_run(void **state)
{
    (void)state;
    probes[0].then = again_at_once;
    start(0, 0, 0);
    start(1, 0, 0);
    assert_fires(0, "ab");
    assert_int_equal(timers_next(&set, 0), 0);
    assert_fires(0, "a");
    assert_fires(7, "a");
}

static void stop_b_restart_c(struct probe *p, uint64_t now)
{
    (void)p;
    timer_stop(&probes[1].timer);
    timer_start(&set, &probes[2].timer, now, 10);
}

static void a_callback_changes_what_is_due_too(void **state)
{
    (void)state;
    probes[0].then = stop_b_restart_c;
    for (int i = 0; i < 4; i++)
        start(i, 0, 10);
    assert_fires(10, "ad");
    assert_false(timer_active(&probes[1].timer));
    assert_fires(20, "c");
}

static void stop_everything(struct probe *p, uint64_t now)
{
    (void)p, (void)now;
    for (int i = 0; i < 8; i++)
        timer_stop(&probes[i].timer);
}

static void a_callback_stops_everything(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        probes[i].then = stop_everything;
        start(i, 0, 10 + (uint64_t)i % 3);
    }
    assert_fires(100, "a");
    assert_int_equal(timers_next(&set, 100), UINT64_MAX);
}

static void start_the_next_with_a_new_duration(struct probe *p, uint64_t now)
{
    int next = p->letter - 'a' + 1;
    if (next < 8)
        timer_start(&set, &probes[next].timer, now, (uint64_t)next);
}

static void durations_may_be_added_by_callbacks(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++)
        probes[i].then = start_the_next_with_a_new_duration;
    start(0, 0, 0);
    assert_fires(0, "a");
    assert_fires(100, "b");
    assert_fires(100, "");
    assert_fires(102, "c");
}

static void free_it(struct timer *t, uint64_t now)
{
    (void)now;
    free(container_of(t, struct probe, timer));
}

static void a_callback_frees_its_timer(void **state)
{
    (void)state;
    struct probe *p = calloc(1, sizeof *p);
    assert_non_null(p);
    timer_init(&p->timer, free_it);
    timer_start(&set, &p->timer, 0, 1);
    start(0, 0, 1);
    assert_fires(1, "a");
}

static void old_durations_make_room(void **state)
{
    (void)state;
    start(0, 0, 1000000);
    for (uint64_t d = 0; d < 100; d++) {
        start(1, d, d);
        assert_fires(2 * d, "b");
    }
    assert_int_equal(timers_next(&set, 0), 1000000);
    assert_fires(1000000, "a");
}

static void all_durations_at_once(void **state)
{
    (void)state;
    static struct probe many[TIMER_DURATIONS];
    for (uint64_t i = 0; i < TIMER_DURATIONS; i++) {
        many[i].letter = (char)('A' + i);
        timer_init(&many[i].timer, fire);
        timer_start(&set, &many[i].timer, 0, 100 + i);
    }
    for (uint64_t i = 0; i < TIMER_DURATIONS; i++)
        assert_fires(100 + i, (char[]){(char)('A' + i), '\0'});
}

static void the_end_of_time(void **state)
{
    (void)state;
    start(0, UINT64_MAX - 5, 10);
    assert_fires(UINT64_MAX - 1, "");
    assert_int_equal(timers_next(&set, UINT64_MAX - 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fires_when_due, setup),
        cmocka_unit_test_setup(many_fire_in_several_runs, setup),
        cmocka_unit_test_setup(stops_and_restarts, setup),
        cmocka_unit_test_setup(a_restart_with_zero_waits_for_the_next_run, setup),
        cmocka_unit_test_setup(a_callback_changes_what_is_due_too, setup),
        cmocka_unit_test_setup(a_callback_stops_everything, setup),
        cmocka_unit_test_setup(durations_may_be_added_by_callbacks, setup),
        cmocka_unit_test_setup(a_callback_frees_its_timer, setup),
        cmocka_unit_test_setup(old_durations_make_room, setup),
        cmocka_unit_test_setup(all_durations_at_once, setup),
        cmocka_unit_test_setup(the_end_of_time, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
