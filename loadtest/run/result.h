/* SPDX-License-Identifier: Apache-2.0 */
/* What a run has shown: its steps, what happened when, and what the reports say of it. */
#ifndef LOADTEST_RESULT_H
#define LOADTEST_RESULT_H

#include <time.h>

#include "loadtest/board/stats.h"
#include "loadtest/message/schedule.h"
#include "loadtest/run/servers.h"
#include "loadtest/run/timeline.h"
#include "loadtest/setup/options.h"

/* Connecting (if it connects anew), publishing at one rate, and waiting for what is outstanding. */
struct step {
    struct pace pace;
    struct stats stats;
    /* When it began to connect, to publish, to measure and to wait for what was outstanding, and when it was
     * over: seconds since the run began; 0: it did not come to that. */
    struct {
        double connecting, publishing, measuring, draining, over;
    } from;
    uint32_t joined;                            /* at its end */
    double connect_seconds, connect_server_cpu; /* 0: it did not connect */
    double publish_seconds;                     /* ramp, warm-up and after */
    /* Why publishing ended before its time. */
    enum { NOT_CUT_SHORT, BY_INTERRUPT, BY_DISCONNECTIONS } cut_short;
    bool waited_less; /* the user did not wait for what was outstanding */
    uint64_t due; /* messages, until the end of publishing; published are fewer if it fell short, or unsent */
    /* What rates are over: from the end of the warm-up to the end of publishing or, if that was later, to the
     * last message that was sent, and to the last delivery. */
    double sent_seconds, measured_seconds;
    double connect_generator_cpu; /* the busiest load process, in cores, while connecting */
    double generator_cpu;         /* the busiest load process, in cores, while publishing was measured */
    bool generator_busy;          /* the load generator may have been the bottleneck */
    const char *generator_why;    /* then: because of what */
    /* In the time between warm-up and end of publishing, with --pid. */
    struct {
        double seconds, cpu_seconds;
        uint64_t deliveries, messages;
    } server;
    char why[160]; /* it does not hold in a search; empty: it does */
};

struct result {
    const struct options *options;
    struct step *step;
    uint32_t steps, shown; /* the step that the summary is about */
    struct timeline timeline;
    struct servers servers;
    uint64_t server_rss_joined; /* bytes of all, when all connections had joined for the first time */
    double searched;            /* --search: the highest rate that held; 0: none */
    struct {
        double at; /* seconds after the beginning of the run; 0: it was not run */
        pid_t pid;
        bool ended;
        int status; /* exit status; 128 + signal */
    } command;
    time_t started; /* the time of day */
    double seconds;
    bool interrupted;
    char error[512]; /* why there is nothing to tell; empty when there is */
};

/* Whether the turn of clearly fewer messages came than were due, though nobody stopped it: the generator is
 * too slow. What was unsent had its turn. */
bool step_fell_short(const struct step *step);
/* Whether its p99 of latency is above --max-p99, if that was given. */
bool step_is_slow(const struct step *step, const struct options *options);
/* Whether it shows a broken promise, or could not be done. */
bool result_failed(const struct result *result);
void result_free(struct result *result);

#endif
