/* SPDX-License-Identifier: Apache-2.0 */
/* The run: everybody connects and joins, then messages are published on schedule, then what is outstanding is
 * waited for. */
#ifndef LOADTEST_RUN_H
#define LOADTEST_RUN_H

#include "loadtest/options.h"
#include "loadtest/plan.h"
#include "loadtest/resources.h"
#include "loadtest/stats.h"
#include "loadtest/target.h"

struct run_setup {
    const struct options *options;
    const struct plan *plan;
    const struct target *targets; /* options->urls of them, resolved */
    struct sources sources;
};

/* Fills *stats; returns when the run is over. 0, or -1 when it could not even begin (said so on standard
 * error). */
int run_execute(const struct run_setup *setup, struct stats *stats);

#endif
