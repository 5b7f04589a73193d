/* SPDX-License-Identifier: Apache-2.0 */
/* What a run has shown. */
#include "loadtest/run/result.h"

#include <stdlib.h>

#include "loadtest/dialect/dialect.h"
#include "loadtest/scenario/scenario.h"

#define ENOUGH 0.98 /* of what was due */

bool step_fell_short(const struct step *step)
{
    return step->cut_short == NOT_CUT_SHORT && (double)stats_tried(&step->stats) < ENOUGH * (double)step->due;
}

bool step_is_slow(const struct step *step, const struct options *options)
{
    return options->max_p99 > 0 &&
           (double)histogram_quantile(&step->stats.latency, 0.99) > options->max_p99 * 1000;
}

static bool step_failed(const struct step *step, const struct options *o)
{
    return stats_failed(&step->stats, o->scenario->cuts, options_publish_acks(o)) || step_fell_short(step) ||
           step_is_slow(step, o);
}

bool result_failed(const struct result *result)
{
    const struct options *o = result->options;
    if (result->error[0] != '\0' || result->steps == 0)
        return true;
    if (result->command.ended && result->command.status != 0)
        return true;
    if (o->search)
        return result->searched <= 0;
    for (uint32_t i = 0; i < result->steps; i++)
        if (step_failed(&result->step[i], o))
            return true;
    return false;
}

void result_free(struct result *result)
{
    free(result->step);
    timeline_free(&result->timeline);
}
