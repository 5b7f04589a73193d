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

#endif
