/* SPDX-License-Identifier: Apache-2.0 */
/* Samples over time. */
#include "loadtest/run/timeline.h"

#include <stdlib.h>

#include "core/base/xalloc.h"

void timeline_init(struct timeline *timeline)
{
    *timeline = (struct timeline){.merge = 1};
    timeline->sample = xcalloc(TIMELINE_MAX, sizeof *timeline->sample);
}

void timeline_free(struct timeline *timeline)
{
    free(timeline->sample);
}

/* Of two neighbours the percentiles cannot be merged exactly: the worse ones are kept. */
static void merge(struct sample *into, const struct sample *later)
{
    double seconds = into->seconds + later->seconds;
    into->generator_cpu =
        (into->generator_cpu * into->seconds + later->generator_cpu * later->seconds) / seconds;
    into->server_cpu = (into->server_cpu * into->seconds + later->server_cpu * later->seconds) / seconds;
    if (later->fewest < into->fewest) {
        into->fewest = later->fewest;
        into->fewest_at = later->fewest_at;
    }
    into->at = later->at;
    into->seconds = seconds;
    into->phase = later->phase;
    into->joined = later->joined;
    into->published += later->published;
    into->delivered += later->delivered;
    into->lost = later->lost;
    into->outstanding = later->outstanding;
    into->p50 = into->p50 > later->p50 ? into->p50 : later->p50;
    into->p90 = into->p90 > later->p90 ? into->p90 : later->p90;
    into->p99 = into->p99 > later->p99 ? into->p99 : later->p99;
    into->max = into->max > later->max ? into->max : later->max;
    into->server_rss = later->server_rss;
}

static void halve(struct timeline *timeline)
{
    for (uint32_t i = 0; i < timeline->count / 2; i++) {
        timeline->sample[i] = timeline->sample[2 * i];
        merge(&timeline->sample[i], &timeline->sample[2 * i + 1]);
    }
    timeline->count /= 2;
    timeline->merge *= 2;
    timeline->merged = timeline->merge;
}

void timeline_add(struct timeline *timeline, const struct sample *sample)
{
    if (timeline->count > 0 && timeline->merged < timeline->merge) {
        merge(&timeline->sample[timeline->count - 1], sample);
        timeline->merged++;
        return;
    }
    if (timeline->count == TIMELINE_MAX)
        halve(timeline);
    timeline->sample[timeline->count++] = *sample;
    timeline->merged = 1;
}
