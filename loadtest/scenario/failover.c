/* SPDX-License-Identifier: Apache-2.0 */
/* Something is broken in the middle of the load (--command), and clients come back by themselves. */
#include "loadtest/scenario/scenarios.h"

static const struct scenario_default defaults[] = {{"--connections", "300"},
                                                   {"--rooms", "10"},
                                                   {"--publishers", "30"},
                                                   {"--rate", "300"},
                                                   {"--duration", "20"},
                                                   {"--command-at", "5"},
                                                   {0}};

const struct scenario scenario_failover = {.name = "failover",
                                           .summary =
                                               "--command breaks something in mid-load, clients reconnect: "
                                               "who missed what or saw it late, who was away",
                                           .defaults = defaults,
                                           .retries = true,
                                           .cuts = true};
