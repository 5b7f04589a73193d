/* SPDX-License-Identifier: Apache-2.0 */
/* What is due when. */
#include "loadtest/message/schedule.h"

#include <math.h>

#define ROUNDING                                                                                             \
    1e-3 /* microseconds, far more than floating point errs: the tenth message of 10/s is due at 1 s */

static uint64_t whole(double us)
{
    return (uint64_t)(us + ROUNDING);
}

void schedule_init(struct schedule *s, uint64_t start, uint32_t first, const struct pace *pace)
{
    *s = (struct schedule){
        .start = start, .first = first, .publishers = pace->publishers, .burst = pace->burst};
    s->ramp_us = pace->ramp * 1e6;
    s->measured = start + whole(s->ramp_us + pace->warmup * 1e6);
    s->end = s->measured + whole(pace->duration * 1e6);
    if (pace->rate <= 0 || pace->publishers == 0)
        return;
    s->groups_per_us = pace->rate / 1e6 / pace->burst;
    s->ramp_groups = s->ramp_us * s->groups_per_us / 2;
    double steady = (double)(s->end - start) - s->ramp_us;
    double total = ceil(s->ramp_groups + steady * s->groups_per_us) * pace->burst;
    double most = (double)pace->publishers * (double)((UINT32_MAX - first) / pace->burst * pace->burst);
    s->total = (uint64_t)(total < most ? total : most);
    if (s->total > 0 && schedule_due(s, s->total - 1) >= s->end)
        s->total -= pace->burst;
}

uint64_t schedule_due(const struct schedule *s, uint64_t message)
{
    double group = (double)(message / s->burst);
    double after = group < s->ramp_groups ? sqrt(2 * group * s->ramp_us / s->groups_per_us)
                                          : s->ramp_us + (group - s->ramp_groups) / s->groups_per_us;
    return s->start + whole(after);
}

uint64_t schedule_due_before(const struct schedule *s, uint64_t time)
{
    uint64_t low = 0, high = s->total; /* what is below low is due before, what is from high on is not */
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (schedule_due(s, middle) < time)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

uint32_t schedule_next_first(const struct schedule *s)
{
    uint64_t per_round = (uint64_t)s->burst * (s->publishers > 0 ? s->publishers : 1);
    uint64_t rounds = (s->total + per_round - 1) / per_round;
    return s->first + (uint32_t)(rounds * s->burst);
}
