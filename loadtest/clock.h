/* SPDX-License-Identifier: Apache-2.0 */
/* The one clock of the load generator: microseconds of CLOCK_MONOTONIC. */
#ifndef LOADTEST_CLOCK_H
#define LOADTEST_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* 0 when `to` is before `from`. */
static inline double seconds_between(uint64_t from, uint64_t to)
{
    return to > from ? (double)(to - from) / 1e6 : 0;
}

#endif
