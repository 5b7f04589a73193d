/* SPDX-License-Identifier: Apache-2.0 */
/* What options mean for each other: the checks that need more than one of them. Both say on standard error
 * what is wrong. */
#ifndef LOADTEST_OPTIONS_CHECK_H
#define LOADTEST_OPTIONS_CHECK_H

#include "loadtest/setup/options.h"

/* Whether this option ("--churn"), which the user has given, does anything beside the others. */
bool option_has_effect(const struct options *options, const char *name);
/* Whether the values fit together. */
bool options_agree(const struct options *options);

#endif
