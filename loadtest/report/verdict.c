/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict on a run, in words. */
#include <inttypes.h>

#include "loadtest/dialect/dialect.h"
#include "loadtest/format.h"
#include "loadtest/report/report.h"
#include "loadtest/scenario/scenario.h"

static void search_verdict(struct buf *out, const struct result *result)
{
    const struct options *o = result->options;
    if (result->searched <= 0) {
        buf_adds(out, "FAILED: no rate held\n");
        return;
    }
    char deliveries[16];
    format_count(step_deliveries_per_second(&result->step[result->shown]), deliveries);
    buf_addf(out,
             "ok: %.6g messages/s (%s deliveries/s) is the highest rate that held: "
             "nothing lost, p99 below %.12g ms\n",
             result->searched, deliveries, o->max_p99);
}

static void fault_verdict(struct buf *out, const struct result *result, const struct stats *all)
{
    for (int i = 0; i < STATS; i++)
        if (stat_is_fault((enum stat)i, result->options->scenario->cuts) && all->count[i] > 0)
            buf_addf(out, "FAILED: %s %" PRIu64 ": %s\n", stat_info[i].key, all->count[i], stat_info[i].text);
    bool acks = result->options->dialect->acks && !result->options->no_acks;
    if (acks && all->count[STAT_PUBLISHED] > 0 && all->count[STAT_ACKNOWLEDGED] == 0)
        buf_adds(out, "FAILED: not one publication was accepted\n");
}

static const char *praise(const struct result *result, const struct stats *all)
{
    if (all->count[STAT_PUBLISHED] == 0)
        return "ok: all connections held\n";
    if (result->options->scenario->cuts)
        return "ok: every subscriber got every accepted message once and in order while it was connected\n";
    return "ok: every subscriber got every accepted message once and in order\n";
}

void report_verdict(struct buf *out, const struct result *result)
{
    struct stats all = {0};
    if (result->error[0] != '\0') {
        buf_addf(out, "FAILED: %s\n", result->error);
        return;
    }
    if (result->interrupted)
        buf_adds(out, "interrupted: published for a shorter time than asked for\n");
    if (result->options->search) {
        search_verdict(out, result);
        return;
    }
    for (uint32_t i = 0; i < result->steps; i++)
        stats_add(&all, &result->step[i].stats);
    if (result_failed(result))
        fault_verdict(out, result, &all);
    else
        buf_adds(out, praise(result, &all));
}
