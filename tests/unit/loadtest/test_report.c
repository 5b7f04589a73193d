/* SPDX-License-Identifier: Apache-2.0 */
/* The report: the verdict on each counter, and JSON that is JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/codec/json.h"
#include "loadtest/progress.h"
#include "loadtest/report.h"

static struct options options;
static struct step step;
static struct result result;

static int setup(void **state)
{
    (void)state;
    char *argv[] = {(char *)"roomcast-load"};
    memset(&step, 0, sizeof step);
    memset(&result, 0, sizeof result);
    result.options = &options;
    result.step = &step;
    result.steps = 1;
    step.stats.count[STAT_PUBLISHED] = step.stats.count[STAT_ACKNOWLEDGED] = 10;
    step.stats.count[STAT_DELIVERED] = 100;
    histogram_record(&step.stats.latency, 1234);
    return options_parse(&options, 1, argv) == OPTIONS_RUN ? 0 : -1;
}

static bool printed(const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    report_print(file, &result);
    fclose(file);
    bool found = strstr(text, expected) != NULL;
    free(text);
    return found;
}

static void fine(void **state)
{
    (void)state;
    assert_false(result_failed(&result));
    assert_true(printed("ok: every subscriber got every accepted message once and in order"));
    assert_true(printed("p99.9 1.2"));
}

static void each_fault_fails(void **state)
{
    (void)state;
    for (int i = 0; i < STATS; i++) {
        setup(state);
        step.stats.count[i] += 1;
        assert_int_equal(result_failed(&result), stat_is_fault((enum stat)i, false));
        char line[64];
        snprintf(line, sizeof line, "FAILED: %s 1", stat_info[i].key);
        assert_int_equal(printed(line), stat_is_fault((enum stat)i, false));
    }
}

static void refusals_alone_do_not_fail(void **state)
{
    (void)state;
    step.stats.count[STAT_ACKNOWLEDGED] = 1;
    step.stats.count[STAT_REFUSED] = 9;
    assert_false(result_failed(&result));
    step.stats.count[STAT_ACKNOWLEDGED] = 0;
    assert_true(result_failed(&result));
    assert_true(printed("not one publication was accepted"));
}

static void an_error_fails(void **state)
{
    (void)state;
    snprintf(result.error, sizeof result.error, "no \"connection\"");
    assert_true(result_failed(&result));
    assert_true(printed("FAILED: no \"connection\""));
}

static void assert_json(void)
{
    struct buf out;
    struct slice value;
    buf_init(&out, 100000);
    assert_int_equal(report_json(&out, &result), 0);
    assert_int_equal(json_check(buf_slice(&out), 8, &value), 0);
    buf_free(&out);
}

static void json(void **state)
{
    (void)state;
    assert_json();
    snprintf(result.error, sizeof result.error, "a \"quoted\"\nerror");
    snprintf(step.stats.first_refusal, sizeof step.stats.first_refusal, "{\"code\":\"%s\"}", "unavailable");
    assert_json();
}

static void times(void **state)
{
    char text[16];
    (void)state;
    assert_string_equal(format_us(0, text), "0 us");
    assert_string_equal(format_us(999, text), "999 us");
    assert_string_equal(format_us(1500, text), "1.50 ms");
    assert_string_equal(format_us(12345, text), "12.3 ms");
    assert_string_equal(format_us(2500000, text), "2.50 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(fine, setup),
                                       cmocka_unit_test_setup(each_fault_fails, setup),
                                       cmocka_unit_test_setup(an_error_fails, setup),
                                       cmocka_unit_test_setup(refusals_alone_do_not_fail, setup),
                                       cmocka_unit_test_setup(json, setup),
                                       cmocka_unit_test(times)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
