/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that only wait: what each holds in memory, and what the heartbeats cost. */
#include "loadtest/scenario/scenarios.h"

static const struct scenario_default defaults[] = {{"--connections", "10000"}, {"--rooms", "100"},
                                                   {"--publishers", "0"},      {"--warmup", "2"},
                                                   {"--duration", "60"},       {0}};

const struct scenario scenario_idle = {
    .name = "idle",
    .summary = "connections that only wait: memory and heartbeats (name the servers with --pid)",
    .defaults = defaults};
