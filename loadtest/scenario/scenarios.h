/* SPDX-License-Identifier: Apache-2.0 */
/* All scenarios; each is the one thing in its file. */
#ifndef LOADTEST_SCENARIO_SCENARIOS_H
#define LOADTEST_SCENARIO_SCENARIOS_H

#include "loadtest/scenario/scenario.h"

extern const struct scenario scenario_broadcast, scenario_rooms, scenario_chat, scenario_storm, scenario_idle,
    scenario_slow, scenario_failover;

#endif
