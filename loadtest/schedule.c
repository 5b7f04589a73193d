/* SPDX-License-Identifier: Apache-2.0 */
/* What is due when. */
#include "loadtest/schedule.h"

#include <math.h>

void schedule_init(struct schedule *s, uint64_t start, double rate, double warmup, double duration,
                   uint32_t publishers)
{
    *s = (struct schedule){.start = start, .publishers = publishers};
    s->measured = start + (uint64_t)(warmup * 1e6);
    s->end = s->measured + (uint64_t)(duration * 1e6);
    if (rate <= 0 || publishers == 0)
        return;
    s->gap = 1e6 / rate;
    double total = ceil((double)(s->end - start) / s->gap);
    double most = (double)publishers * (double)UINT32_MAX;
    s->total = (uint64_t)(total < most ? total : most);
}

uint64_t schedule_due(const struct schedule *s, uint64_t message)
{
    return s->start + (uint64_t)((double)message * s->gap);
}
