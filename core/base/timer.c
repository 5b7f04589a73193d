/* SPDX-License-Identifier: Apache-2.0 */
/* Timers in one list (lane) per duration: as time does not go back, each lane is ordered by due time. */
#include "core/base/timer.h"

#include <assert.h>

void timers_init(struct timers *ts)
{
    ts->lanes = 0;
    for (unsigned i = 0; i < TIMER_DURATIONS; i++) {
        ts->lane[i].duration = 0;
        list_init(&ts->lane[i].list);
    }
}

void timer_init(struct timer *t, void (*fire)(struct timer *t, uint64_t now))
{
    list_init(&t->link);
    t->due = 0;
    t->fire = fire;
}

/* The lane of a duration. When all are taken, one that is empty changes its duration: settings may be
 * reloaded, and their old durations die out. */
static struct link *lane_of(struct timers *ts, uint64_t duration)
{
    unsigned lane = 0;
    while (lane < ts->lanes && ts->lane[lane].duration != duration)
        lane++;
    if (lane == TIMER_DURATIONS) {
        lane = 0;
        while (lane < TIMER_DURATIONS && !list_empty(&ts->lane[lane].list))
            lane++;
        assert(lane < TIMER_DURATIONS);
    } else if (lane == ts->lanes) {
        ts->lanes++;
    }
    ts->lane[lane].duration = duration;
    return &ts->lane[lane].list;
}

void timer_start(struct timers *ts, struct timer *t, uint64_t now, uint64_t duration)
{
    list_remove(&t->link);
    t->due = duration > UINT64_MAX - now ? UINT64_MAX : now + duration;
    list_append(lane_of(ts, duration), &t->link);
}

void timer_stop(struct timer *t)
{
    list_remove(&t->link);
}

static struct timer *timer_of(struct link *l)
{
    return container_of(l, struct timer, link);
}

/* What is due moves to a list of its own first, from where a callback can still stop or restart it; what a
 * callback starts goes to a lane and is left for the next run. */
void timers_run(struct timers *ts, uint64_t now)
{
    struct link due;
    unsigned left = TIMERS_PER_RUN;
    list_init(&due);
    for (unsigned i = 0; i < ts->lanes; i++) {
        struct link *lane = &ts->lane[i].list;
        for (; left > 0 && !list_empty(lane) && timer_of(lane->next)->due <= now; left--) {
            struct link *l = lane->next;
            list_remove(l);
            list_append(&due, l);
        }
    }
    while (!list_empty(&due)) {
        struct timer *t = timer_of(due.next);
        list_remove(&t->link);
        t->fire(t, now);
    }
}

uint64_t timers_next(const struct timers *ts, uint64_t now)
{
    uint64_t next = UINT64_MAX;
    for (unsigned i = 0; i < ts->lanes; i++) {
        const struct link *lane = &ts->lane[i].list;
        if (list_empty(lane))
            continue;
        uint64_t due = timer_of(lane->next)->due;
        uint64_t wait = due > now ? due - now : 0;
        if (wait < next)
            next = wait;
    }
    return next;
}
