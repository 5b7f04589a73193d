/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the command line: one per option, from which parsing, checks, defaults and --help come. */
#ifndef LOADTEST_OPTIONS_TABLE_H
#define LOADTEST_OPTIONS_TABLE_H

#include <stddef.h>

/* What a value has to be. */
enum option_kind {
    TEXT,
    NAME,
    COUNT,
    NUMBER,
    FLAG,
    URL,
    PID,
    DIALECT,
    SCENARIO,
    NAMESPACE,
    PATH,
    ARGS,
    HELP,
    LIST,
    VERSION
};

struct option {
    const char *name, *argument;
    enum option_kind kind;
    size_t offset; /* of the member of struct options */
    const char *initial;
    double min, max;
    const char *help;
};

extern const struct option option_table[];
extern const size_t option_count;

void options_print_help(void);

#endif
