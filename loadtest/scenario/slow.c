/* SPDX-License-Identifier: Apache-2.0 */
/* Some readers stall: the others must not notice. */
#include "loadtest/scenario/scenarios.h"
#include "loadtest/worker.h"

static const struct scenario_default defaults[] = {
    {"--connections", "200"}, {"--rooms", "1"},     {"--publishers", "1"}, {"--rate", "500"},
    {"--size", "1024"},       {"--stalled", "0.1"}, {"--duration", "20"},  {0}};

/* Every so-manieth connection, spread over rooms and servers; publishers go on, since they want answers. */
static void begin(struct worker *worker)
{
    const struct crowd *crowd = &worker->crowd;
    double share = worker->options->stalled;
    for (uint32_t i = 0; i < crowd->range.count; i++) {
        uint32_t connection = crowd->range.first + i;
        uint32_t reader =
            crowd->plan->connections - 1 - connection; /* publishers are the first connections */
        bool chosen = (uint32_t)((reader + 1) * share) > (uint32_t)(reader * share);
        if (chosen && !plan_publishes(crowd->plan, connection))
            clients_stall(worker, &crowd->actors[i]);
    }
}

const struct scenario scenario_slow = {
    .name = "slow",
    .summary = "a share of the readers (--stalled) stops reading: the others must not notice",
    .defaults = defaults,
    .begin = begin};
