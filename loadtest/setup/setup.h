/* SPDX-License-Identifier: Apache-2.0 */
/* What a run begins with: the same for the conductor and all load processes, and constant. */
#ifndef LOADTEST_SETUP_H
#define LOADTEST_SETUP_H

#include "loadtest/setup/options.h"
#include "loadtest/setup/plan.h"
#include "loadtest/setup/sources.h"
#include "loadtest/setup/target.h"

struct setup {
    const struct options *options;
    const struct plan *plan;
    const struct target *targets; /* options->urls of them, resolved */
    struct sources sources;
    uint32_t processes;
};

#endif
