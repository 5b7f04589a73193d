/* SPDX-License-Identifier: Apache-2.0 */
/* The table of scenarios. */
#include "loadtest/scenario/scenario.h"

#include <string.h>

#include "loadtest/scenario/scenarios.h"

static const struct scenario *const scenarios[] = {&scenario_broadcast, &scenario_rooms, &scenario_chat,
                                                   &scenario_storm,     &scenario_idle,  &scenario_slow,
                                                   &scenario_failover};

#define SCENARIOS (sizeof scenarios / sizeof *scenarios)

const struct scenario *scenario_find(const char *name)
{
    for (size_t i = 0; i < SCENARIOS; i++)
        if (strcmp(scenarios[i]->name, name) == 0)
            return scenarios[i];
    return NULL;
}

const struct scenario *scenario_at(size_t i)
{
    return i < SCENARIOS ? scenarios[i] : NULL;
}

void scenario_list(FILE *out)
{
    for (size_t i = 0; i < SCENARIOS; i++) {
        fprintf(out, "%-10s %s\n%-10s", scenarios[i]->name, scenarios[i]->summary, "");
        for (const struct scenario_default *d = scenarios[i]->defaults; d->option; d++)
            fprintf(out, " %s %s", d->option, d->value);
        fputc('\n', out);
    }
}

const char *scenario_default(const struct scenario *scenario, const char *option)
{
    for (const struct scenario_default *d = scenario->defaults; d->option; d++)
        if (strcmp(d->option, option) == 0)
            return d->value;
    return NULL;
}
