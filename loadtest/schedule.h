/* SPDX-License-Identifier: Apache-2.0 */
/* What is due when. Messages are numbered over all publishers; they take turns, at a constant rate. The due
 * time of a message is fixed before the run and latency counts from it, however late the message was sent:
 * a server or a generator that stalls cannot hide the stall ("coordinated omission"). */
#ifndef LOADTEST_SCHEDULE_H
#define LOADTEST_SCHEDULE_H

#include <stdint.h>

struct schedule {
    uint64_t start;    /* microseconds */
    uint64_t measured; /* messages due from here on count for latency and rates */
    uint64_t end;
    double gap; /* microseconds between two messages */
    uint32_t publishers;
    uint64_t total; /* messages */
};

/* Seconds; rate 0 or publishers 0: no messages, but the times hold. At most 2^32 - 1 messages per publisher:
 * what is above is cut off. */
void schedule_init(struct schedule *s, uint64_t start, double rate, double warmup, double duration,
                   uint32_t publishers);
uint64_t schedule_due(const struct schedule *s, uint64_t message);

static inline uint32_t schedule_publisher(const struct schedule *s, uint64_t message)
{
    return (uint32_t)(message % s->publishers);
}

static inline uint32_t schedule_sequence(const struct schedule *s, uint64_t message)
{
    return (uint32_t)(message / s->publishers);
}

static inline uint64_t schedule_message(const struct schedule *s, uint32_t publisher, uint32_t sequence)
{
    return (uint64_t)sequence * s->publishers + publisher;
}

#endif
