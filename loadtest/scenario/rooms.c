/* SPDX-License-Identifier: Apache-2.0 */
/* Many small rooms: what a message costs before it is fanned out. */
#include "loadtest/scenario/scenarios.h"

static const struct scenario_default defaults[] = {
    {"--connections", "1000"}, {"--rooms", "200"}, {"--publishers", "1000"}, {"--rate", "1000"}, {0}};

const struct scenario scenario_rooms = {.name = "rooms",
                                        .summary =
                                            "many small rooms, everybody publishes: what a message costs",
                                        .defaults = defaults,
                                        .searchable = true};
