/* SPDX-License-Identifier: Apache-2.0 */
/* What a chat does. */
#include "loadtest/scenario/scenarios.h"

static const struct scenario_default defaults[] = {
    {"--connections", "1000"}, {"--rooms", "20"}, {"--publishers", "1000"}, {"--rate", "100"}, {0}};

const struct scenario scenario_chat = {.name = "chat",
                                       .summary =
                                           "rooms of fifty: messages, typing notices, joins and leaves",
                                       .defaults = defaults};
