/* SPDX-License-Identifier: Apache-2.0 */
/* What a run has shown. */
#include "loadtest/run/result.h"

#include <stdlib.h>

#include "loadtest/dialect/dialect.h"
#include "loadtest/scenario/scenario.h"

bool result_failed(const struct result *result)
{
    const struct options *o = result->options;
    if (result->error[0] != '\0' || result->steps == 0)
        return true;
    if (o->search)
        return result->searched <= 0;
    for (uint32_t i = 0; i < result->steps; i++)
        if (stats_failed(&result->step[i].stats, o->scenario->cuts, o->dialect->acks && !o->no_acks))
            return true;
    return false;
}

void result_free(struct result *result)
{
    free(result->step);
    timeline_free(&result->timeline);
}
