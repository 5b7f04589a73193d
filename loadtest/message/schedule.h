/* SPDX-License-Identifier: Apache-2.0 */
/* What is due when. Messages of a step are numbered over all publishers; these take turns, with `burst`
 * messages at a time, at a constant rate once the ramp is over. The due time of a message is fixed before the
 * step begins and latency counts from it, however late the message was sent: a server or a generator that
 * stalls cannot hide the stall ("coordinated omission"). */
#ifndef LOADTEST_SCHEDULE_H
#define LOADTEST_SCHEDULE_H

#include <stdint.h>

/* Seconds; rate 0 or publishers 0: no messages, but the times hold. */
struct pace {
    double rate; /* messages per second, of all publishers together */
    double ramp; /* the rate rises from 0 during this time */
    double warmup, duration;
    uint32_t publishers, burst;
};

struct schedule {
    uint64_t start;    /* microseconds */
    uint64_t measured; /* messages due from here on count for latency and rates */
    uint64_t end;
    double groups_per_us, ramp_us, ramp_groups; /* a group is a burst of one publisher */
    uint32_t publishers, burst;
    uint32_t first; /* sequence number of each publisher's first message */
    uint64_t total; /* messages */
};

/* At most 2^32 - 1 - first messages per publisher: what is above is cut off. */
void schedule_init(struct schedule *s, uint64_t start, uint32_t first, const struct pace *pace);
uint64_t schedule_due(const struct schedule *s, uint64_t message);
/* How many messages are due before this time. */
uint64_t schedule_due_before(const struct schedule *s, uint64_t time);
/* The first sequence number that no publisher has used in this step. */
uint32_t schedule_next_first(const struct schedule *s);

static inline uint32_t schedule_publisher(const struct schedule *s, uint64_t message)
{
    return (uint32_t)(message / s->burst % s->publishers);
}

static inline uint32_t schedule_sequence(const struct schedule *s, uint64_t message)
{
    uint64_t round = message / s->burst / s->publishers;
    return s->first + (uint32_t)(round * s->burst + message % s->burst);
}

/* sequence >= first */
static inline uint64_t schedule_message(const struct schedule *s, uint32_t publisher, uint32_t sequence)
{
    uint64_t n = sequence - s->first;
    return (n / s->burst * s->publishers + publisher) * s->burst + n % s->burst;
}

#endif
