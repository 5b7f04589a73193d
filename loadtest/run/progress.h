/* SPDX-License-Identifier: Apache-2.0 */
/* What is seen while it runs: one line on standard error, rewritten in place on a terminal, a new one each
 * time otherwise; and messages in between. */
#ifndef LOADTEST_PROGRESS_H
#define LOADTEST_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "loadtest/format.h"

#define PROGRESS_LINE 300 /* bytes, with the final 0 */

struct progress {
    bool shown, terminal, line_open;
};

struct progress_figures {
    const char *phase;
    double seconds; /* since the run began */
    uint32_t joined, connections;
    double publish_rate, delivery_rate; /* per second, in the last interval */
    uint64_t delivered, lost, outstanding;
    uint64_t p99_us; /* 0: nothing arrived in the last interval */
};

void progress_init(struct progress *progress, bool shown);
void progress_show(struct progress *progress, const struct progress_figures *figures);
/* The line's text: as many of the figures as are whole within so many columns, the most important first; on a
 * wide terminal with longer names. Part of progress_show(). */
void progress_line(char line[static PROGRESS_LINE], int columns, const struct progress_figures *figures);
/* A message on a line of its own, whether progress is shown or not. */
void progress_say(struct progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Ends an open line. */
void progress_end(struct progress *progress);

#endif
