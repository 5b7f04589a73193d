/* SPDX-License-Identifier: Apache-2.0 */
/* Timers for many connections with few durations: one first-in-first-out list per duration, so that
 * starting and stopping are O(1) however many there are. Milliseconds of a monotonic clock that the
 * caller reads; there is no clock in here. */
#ifndef CORE_BASE_TIMER_H
#define CORE_BASE_TIMER_H

#include <stdint.h>

#include "core/base/list.h"

#define TIMER_DURATIONS 16 /* distinct durations in one set */

struct timer {
    struct link link;
    uint64_t due;
    void (*fire)(struct timer *t, uint64_t now);
};

struct timers {
    struct {
        uint64_t duration;
        struct link list;
    } lane[TIMER_DURATIONS];
    unsigned lanes;
};

void timers_init(struct timers *ts);
void timer_init(struct timer *t, void (*fire)(struct timer *t, uint64_t now));
/* (Re)starts t to fire `duration` ms after `now`. Asserts that not more than
 * TIMER_DURATIONS durations are in use. */
void timer_start(struct timers *ts, struct timer *t, uint64_t now, uint64_t duration);
void timer_stop(struct timer *t);
static inline bool timer_active(const struct timer *t)
{
    return !list_empty(&t->link);
}
#define TIMERS_PER_RUN 1000
/* Fires what is due, oldest first within a duration, the rest of more than TIMERS_PER_RUN in the next run; a
 * callback may start and stop any timer, also free its own. What a callback starts fires in a later run at
 * the earliest, also with a duration of 0. */
void timers_run(struct timers *ts, uint64_t now);
/* Milliseconds until the next one is due (0: now), or UINT64_MAX when none is active. */
uint64_t timers_next(const struct timers *ts, uint64_t now);

#endif
