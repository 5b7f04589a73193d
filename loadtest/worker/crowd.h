/* SPDX-License-Identifier: Apache-2.0 */
/* All actors of a run, and what they have in common. */
#ifndef LOADTEST_CROWD_H
#define LOADTEST_CROWD_H

#include "loadtest/setup/options.h"
#include "loadtest/setup/plan.h"
#include "loadtest/setup/sources.h"
#include "loadtest/setup/target.h"
#include "loadtest/worker/actor.h"

struct crowd {
    /* set by the owner */
    const struct plan *plan;
    struct plan_range range;      /* of connections that are in it */
    const struct target *targets; /* plan->urls of them */
    struct sources sources;
    uint64_t join_timeout_ms;
    const struct crowd_events *events;
    void *owner;
    /* set by crowd_init() */
    struct speech speech;
    struct wire_loop loop;
    struct timers timers; /* the owner runs them, in milliseconds */
    struct buf text;      /* what is being said; used within one call */
    struct actor *actors; /* range.count of them */
};

/* The actor of this connection; NULL: it is not in this crowd. */
static inline struct actor *crowd_actor(const struct crowd *crowd, uint32_t connection)
{
    return plan_range_has(crowd->range, connection) ? &crowd->actors[connection - crowd->range.first] : NULL;
}

/* Frames up to max_frame bytes are received. 0, or an error of core/base/err.h: then nothing needs to be
 * freed. */
int crowd_init(struct crowd *crowd, struct event_base *base, const struct options *options,
               size_t max_frame) MUST_CHECK;
/* Closes what is open. */
void crowd_free(struct crowd *crowd);

#endif
