/* SPDX-License-Identifier: Apache-2.0 */
/* roomcast-load report FILE...: runs side by side, from the reports that --json wrote. */
#ifndef LOADTEST_REPORT_COMMAND_H
#define LOADTEST_REPORT_COMMAND_H

#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

#define REPORT_MAX_RUNS 16

struct report_run {
    char name[256]; /* of the file, without ".json"; without its folder, too, if no other is called so */
    json_t *json;
};

/* argv[0] is "report". The exit status: 0, or 2 for bad usage and files that are no reports. */
int report_command(int argc, char **argv);
/* NULL: the members that everything rests on are there. Else what was expected: "the list \"timeline\"". */
const char *report_missing(const json_t *json);
/* table.c: the table, of reports that miss nothing. */
void report_table(FILE *out, const struct report_run *runs, size_t count);

#endif
