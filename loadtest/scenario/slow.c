/* SPDX-License-Identifier: Apache-2.0 */
/* Some readers stall: the others must not notice. */
#include <math.h>

#include "loadtest/scenario/scenarios.h"
#include "loadtest/worker/worker.h"

static const struct scenario_default defaults[] = {
    {"--connections", "200"}, {"--rooms", "1"},     {"--publishers", "1"}, {"--rate", "500"},
    {"--size", "1024"},       {"--stalled", "0.1"}, {"--duration", "20"},  {0}};

/* Of 0..readers-1 this share, spread evenly: one of each 1/share of them, and not always the same one, which
 * could be the ones of one room or of one server. */
static bool is_chosen(uint32_t reader, uint32_t readers, double share)
{
    double nth = floor(reader * share);
    double from = ceil(nth / share), to = ceil((nth + 1) / share);
    uint64_t scattered = ((uint64_t)nth + 1) * 0x9e3779b97f4a7c15u >> 32;
    return to <= readers && reader - from == floor((double)scattered * (to - from) / 4294967296.0);
}

static void begin(struct worker *worker)
{
    const struct crowd *crowd = &worker->crowd;
    uint32_t publishers = crowd->plan->publishers; /* they go on, since they want answers */
    for (uint32_t i = 0; i < crowd->range.count; i++) {
        uint32_t connection = crowd->range.first + i;
        if (connection >= publishers &&
            is_chosen(connection - publishers, crowd->plan->connections - publishers,
                      worker->options->stalled))
            clients_stall(worker, &crowd->actors[i]);
    }
}

const struct scenario scenario_slow = {
    .name = "slow",
    .summary = "a share of the readers (--stalled) stops reading: the others must not notice",
    .defaults = defaults,
    .begin = begin};
