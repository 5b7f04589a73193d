/* SPDX-License-Identifier: Apache-2.0 */
/* The files that --json and --html name. */
#ifndef LOADTEST_OUTPUTS_H
#define LOADTEST_OUTPUTS_H

#include "loadtest/setup/options.h"

/* Whether they can be written, for not to learn it after the run; otherwise it is said on standard error. */
bool outputs_can_be_written(const struct options *options);

#endif
