/* SPDX-License-Identifier: Apache-2.0 */
/* The conductor: the process that the user started. It forks the load processes, tells them by the board when
 * to connect, publish, wait and count, shows progress, and gathers the result. conductor.c keeps the run
 * going, step.c does one step, runs.c makes runs of steps. */
#ifndef LOADTEST_CONDUCTOR_H
#define LOADTEST_CONDUCTOR_H

#include <sys/types.h>

#include "loadtest/board/board.h"
#include "loadtest/run/progress.h"
#include "loadtest/run/result.h"
#include "loadtest/scenario/scenario.h"
#include "loadtest/setup/setup.h"

/* Fills *result (zeroes, but for options and servers). Returns when the run is over. */
void conductor_run(const struct setup *setup, struct result *result);

struct conductor {
    const struct setup *setup;
    const struct options *options;
    const struct scenario *scenario;
    struct result *result;
    struct board *board;
    pid_t *child;
    pid_t command;
    struct progress progress;
    const char *doing;
    uint64_t began, next_sample;
    uint32_t fewest;    /* joined since the last sample, ... */
    uint64_t fewest_at; /* ... and when */
    uint32_t first;     /* sequence number that the next step begins with */
    bool failed;
    struct snapshot {
        uint64_t time;
        struct stats stats;
        double generator_cpu, server_cpu; /* seconds, of all */
    } shown;                              /* at the last sample */
};

/* Waits a moment and looks after everything: load processes, the command, progress. false: the run cannot go
 * on. */
bool conductor_turn(struct conductor *c);
/* Gives an order and waits until all load processes have taken it up. false: the run cannot go on. */
bool conductor_order(struct conductor *c, enum phase phase);
/* The run cannot go on; the first reason is the result's error. */
void conductor_fail(struct conductor *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* How often the user has asked for the end. */
int conductor_interrupts(void);
/* Waits until nothing has come for half a second (in a search: and all clients are there), or so many
 * seconds. false: the run cannot go on. step.c */
bool conductor_calm(struct conductor *c, double at_most);
void conductor_snapshot(struct conductor *c, struct snapshot *snapshot, uint64_t now);
void conductor_run_command(struct conductor *c, uint64_t now);

/* step.c: one step at this rate, connecting before if so asked. NULL: the run cannot go on. */
struct step *step_do(struct conductor *c, double rate, bool connect);

/* runs.c */
void run_rounds(struct conductor *c);
void run_search(struct conductor *c);

#endif
