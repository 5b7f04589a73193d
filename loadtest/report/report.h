/* SPDX-License-Identifier: Apache-2.0 */
/* What is said at the end: the summary for people, and the same as JSON. */
#ifndef LOADTEST_REPORT_H
#define LOADTEST_REPORT_H

#include <stdio.h>

#include "core/base/buf.h"
#include "loadtest/run/result.h"

/* The verdict in words: lines that begin with "ok:", "FAILED:", "interrupted:", "ended early:" or "hint:". */
void report_verdict(struct buf *out, const struct result *result);
void report_print(FILE *out, const struct result *result);
/* The table of the steps, where there are several; a part of report_print(). */
void report_steps(FILE *out, const struct result *result);
/* Appends one JSON object. 0 or an error of core/base/err.h. */
int report_json(struct buf *out, const struct result *result) MUST_CHECK;

/* Figures of a step that several reports show. */
double step_messages_per_second(const struct step *step);
double step_deliveries_per_second(const struct step *step);
/* The servers' CPU seconds per million deliveries, per million messages; 0 when not known. */
double step_cpu_per_million_deliveries(const struct step *step);
double step_cpu_per_million_messages(const struct step *step);
/* How much the servers' resident memory grew while all connected for the first time, for each connection; 0
 * when not known: they were not named, or used memory again that they had before. */
double result_bytes_per_connection(const struct result *result);

#endif
