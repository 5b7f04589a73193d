/* SPDX-License-Identifier: Apache-2.0 */
/* Samples: a long run keeps all of its time, in coarser samples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loadtest/run/timeline.h"

static void nothing_is_dropped(void **state)
{
    (void)state;
    struct timeline timeline;
    timeline_init(&timeline);
    for (uint32_t i = 1; i <= 50000; i++) {
        struct sample sample = {.at = i,
                                .seconds = 1,
                                .phase = "x",
                                .delivered = 3,
                                .p99 = i,
                                .lost = i,
                                .fewest = i % 1000 == 500 ? 7 : 100,
                                .fewest_at = i - 0.25};
        timeline_add(&timeline, &sample);
        double seconds = 0;
        uint64_t delivered = 0;
        uint32_t fewest = 0;
        if (i % 997 != 0 && i > 10)
            continue;
        assert_true(timeline.count <= TIMELINE_MAX);
        for (uint32_t k = 0; k < timeline.count; k++) {
            seconds += timeline.sample[k].seconds;
            delivered += timeline.sample[k].delivered;
        }
        for (uint32_t k = 0; k < timeline.count; k++) {
            const struct sample *s = &timeline.sample[k];
            assert_true(s->fewest_at > s->at - s->seconds && s->fewest_at < s->at);
            fewest += s->fewest == 7;
        }
        assert_int_equal(fewest, (i + 500) / 1000);
        assert_true(seconds > i - 0.5 && seconds < i + 0.5);
        assert_int_equal(delivered, 3 * i);
        assert_int_equal(timeline.sample[timeline.count - 1].p99, i);
        assert_int_equal(timeline.sample[timeline.count - 1].lost, i);
    }
    timeline_free(&timeline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_dropped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
