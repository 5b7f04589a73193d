/* SPDX-License-Identifier: Apache-2.0 */
/* One big room: what the fan-out costs. */
#include "loadtest/scenario/scenarios.h"

static const struct scenario_default defaults[] = {
    {"--connections", "1000"}, {"--rooms", "1"}, {"--publishers", "1"}, {"--rate", "100"}, {0}};

const struct scenario scenario_broadcast = {
    .name = "broadcast",
    .summary = "one big room, few publishers: what every message costs for each member",
    .defaults = defaults,
    .searchable = true};
