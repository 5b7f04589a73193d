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
    SOURCE,
    PID,
    DIALECT,
    SCENARIO,
    NAMESPACE,
    PATH,
    ARGS,
    AUTH,
    HELP,
    LIST,
    VERSION
};

/* What must be so for an option to have an effect, ORed; options_check.c has the words. Where it is not so,
 * the option is refused if it is given: it would be a misunderstanding. */
enum option_needs {
    NOTHING = 0,
    RATE = 1 << 0, /* or no publishers; that and the next one let 0 be given for both */
    PUBLISHERS = 1 << 1,
    MESSAGES = 1 << 2,
    LISTENERS = 1 << 3,
    CHAT = 1 << 4,
    SLOW = 1 << 5,
    MOVES = 1 << 6,
    RETURNS = 1 << 7,
    SEARCHABLE = 1 << 8,
    NO_SEARCH = 1 << 9,
    COMMAND = 1 << 10,
    ROOM_EVENTS = 1 << 11,
    NAMED_EVENTS = 1 << 12,
    ACKS = 1 << 13,
    POSTS = 1 << 14,
    WEBSOCKET = 1 << 15,
    JOINS = 1 << 16,
    SOCKETIO = 1 << 17
};

struct option {
    const char *name, *argument;
    enum option_kind kind;
    size_t offset; /* of the member of struct options */
    const char *initial;
    double min, max;
    unsigned needs; /* enum option_needs */
    const char *help;
};

extern const struct option option_table[];
extern const size_t option_count;

void options_print_help(void);

#endif
