/* SPDX-License-Identifier: Apache-2.0 */
/* What is said at the end: the summary for people, and the same as JSON. */
#ifndef LOADTEST_REPORT_H
#define LOADTEST_REPORT_H

#include <stdio.h>

#include "core/base/buf.h"
#include "loadtest/options.h"
#include "loadtest/stats.h"

void report_print(FILE *out, const struct options *options, const struct stats *stats);
/* Appends one JSON object. 0 or an error of core/base/err.h. */
int report_json(struct buf *out, const struct options *options, const struct stats *stats) MUST_CHECK;

#endif
