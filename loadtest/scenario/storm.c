/* SPDX-License-Identifier: Apache-2.0 */
/* Everybody comes at once, is closed, and comes again. */
#include "loadtest/scenario/scenarios.h"

static const struct scenario_default defaults[] = {{"--connections", "10000"},
                                                   {"--rooms", "100"},
                                                   {"--publishers", "0"},
                                                   {"--in-flight", "1000"},
                                                   {"--duration", "1"},
                                                   {"--rounds", "3"},
                                                   {0}};

const struct scenario scenario_storm = {
    .name = "storm",
    .summary = "all connect as fast as they can, are closed, and connect again: handshakes per second",
    .defaults = defaults,
    .retries = true,
    .reconnects_all = true};
