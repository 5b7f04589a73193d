/* SPDX-License-Identifier: Apache-2.0 */
/* What happened when: one sample per interval, for plots. A long run keeps coarser samples instead of more.
 */
#ifndef LOADTEST_TIMELINE_H
#define LOADTEST_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

#define TIMELINE_MAX 2000

struct sample {
    double at, seconds; /* when it ends, since the run began; how long it is */
    const char *phase;
    uint32_t joined;               /* at its end */
    uint32_t fewest;               /* of the joined in this time, ... */
    double fewest_at;              /* ... and when, since the run began */
    uint64_t published, delivered; /* in this time */
    uint64_t lost, outstanding;    /* as of its end; lost includes missed */
    uint64_t p50, p90, p99, max;   /* latency of all that arrived in this time, microseconds; 0: nothing */
    double generator_cpu;          /* cores */
    double server_cpu;             /* cores; 0 without --pid */
    uint64_t server_rss;           /* bytes */
};

struct timeline {
    struct sample *sample;
    uint32_t count;
    uint32_t merge, merged; /* so many intervals become one sample; of the last one there are so many */
};

void timeline_init(struct timeline *timeline);
void timeline_free(struct timeline *timeline);
void timeline_add(struct timeline *timeline, const struct sample *sample);

#endif
