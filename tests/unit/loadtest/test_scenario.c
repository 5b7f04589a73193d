/* SPDX-License-Identifier: Apache-2.0 */
/* The table of scenarios: each can be named, listed and run with its defaults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loadtest/scenario/scenario.h"
#include "loadtest/setup/options.h"
#include "loadtest/setup/options_table.h"

static const char *const names[] = {"broadcast", "rooms", "chat", "storm", "idle", "slow", "failover"};

#define NAMES (sizeof names / sizeof *names)

static char *listed(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    scenario_list(file);
    fclose(file);
    return text;
}

static void all_are_listed(void **state)
{
    (void)state;
    char *text = listed();
    size_t lines = 0;
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    assert_int_equal(lines, 2 * NAMES);
    for (size_t i = 0; i < NAMES; i++) {
        const struct scenario *scenario = scenario_find(names[i]);
        assert_non_null(scenario);
        assert_string_equal(scenario->name, names[i]);
        assert_non_null(strstr(text, scenario->summary));
        for (const struct scenario_default *d = scenario->defaults; d->option; d++) {
            char both[100];
            snprintf(both, sizeof both, "%s %s", d->option, d->value);
            assert_non_null(strstr(text, both));
            assert_string_equal(scenario_default(scenario, d->option), d->value);
        }
    }
    assert_null(scenario_find("Broadcast"));
    assert_null(scenario_find(""));
    assert_null(scenario_default(scenario_find("idle"), "--size"));
    free(text);
}

/* A default for an option that does not exist would be ignored. */
static void defaults_are_options(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++)
        for (const struct scenario_default *d = scenario_find(names[i])->defaults; d->option; d++) {
            size_t found = 0;
            for (size_t k = 0; k < option_count; k++)
                found += strcmp(option_table[k].name, d->option) == 0;
            assert_int_equal(found, 1);
        }
}

static void each_runs_with_its_defaults(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES; i++) {
        struct options options;
        char *argv[] = {(char *)"roomcast-load", (char *)"--scenario", (char *)names[i],
                        (char *)"--command",     (char *)"true",       NULL};
        assert_int_equal(options_parse(&options, 5, argv), OPTIONS_RUN);
        assert_string_equal(options.scenario->name, names[i]);
        assert_true(options.connections > 0 && options.rooms > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_are_listed),
                                       cmocka_unit_test(defaults_are_options),
                                       cmocka_unit_test(each_runs_with_its_defaults)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
