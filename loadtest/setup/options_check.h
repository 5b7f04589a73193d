/* SPDX-License-Identifier: Apache-2.0 */
/* What options mean for each other: the checks that need more than one of them. Both say on standard error
 * what is wrong. */
#ifndef LOADTEST_OPTIONS_CHECK_H
#define LOADTEST_OPTIONS_CHECK_H

#include "loadtest/setup/options.h"
#include "loadtest/setup/options_table.h"

/* Whether this option, which the user has given, does anything beside the others. */
bool option_has_effect(const struct options *options, const struct option *option);
/* Whether the values fit together. */
bool options_agree(const struct options *options);

#endif
