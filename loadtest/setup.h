/* SPDX-License-Identifier: Apache-2.0 */
/* What a run begins with: the same for the conductor and all load processes, and constant. */
#ifndef LOADTEST_SETUP_H
#define LOADTEST_SETUP_H

#include "loadtest/options.h"
#include "loadtest/plan.h"
#include "loadtest/resources.h"
#include "loadtest/target.h"

struct setup {
    const struct options *options;
    const struct plan *plan;
    const struct target *targets; /* options->urls of them, resolved */
    struct sources sources;
    uint32_t processes;
};

#endif
