/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario: what the connections of a run do, as far as it is not just joining a room and publishing. Most
 * of it is the defaults of options; what is left are a few functions that load processes call. One file each
 * in loadtest/scenario/. */
#ifndef LOADTEST_SCENARIO_H
#define LOADTEST_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct worker;

struct scenario_default {
    const char *option, *value; /* as on the command line; for options that are not given there */
};

struct scenario {
    const char *name, *summary;
    const struct scenario_default *defaults; /* ends with {0} */
    /* A connection that cannot be made or is cut is made again after --reconnect-delay. */
    bool retries;
    /* Being cut off is part of the game, and no fault of the server's, if the client comes back until the
     * end: it tries one URL after the other. */
    bool cuts;
    /* Each round begins with new connections. */
    bool reconnects_all;
    /* It can be asked for the highest rate (--search). */
    bool searchable;
    /* Publishing begins. May be NULL, as those below. */
    void (*begin)(struct worker *worker);
    /* Every 10 ms while messages are published. */
    void (*tick)(struct worker *worker, uint64_t now);
};

/* NULL if there is none of that name. */
const struct scenario *scenario_find(const char *name);
/* All of them, from 0 on; then NULL. */
const struct scenario *scenario_at(size_t i);
/* For --list. */
void scenario_list(FILE *out);
/* What it sets for this option ("--rate"), or NULL. */
const char *scenario_default(const struct scenario *scenario, const char *option);

#endif
