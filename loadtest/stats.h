/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a run: what run.c counts, progress.c shows while it goes on, and report.c at its end. */
#ifndef LOADTEST_STATS_H
#define LOADTEST_STATS_H

#include <stdbool.h>

#include "core/base/histogram.h"

/* X(symbol, key in --json, is a fault: exit status 1, what it means) */
#define STATS_TABLE(X)                                                                                       \
    X(STAT_PUBLISHED, "published", false, "messages that were due")                                          \
    X(STAT_ACKNOWLEDGED, "acknowledged", false, "messages whose publication the server accepted")            \
    X(STAT_REFUSED, "refused", false, "messages that the server refused: nobody has to get them")            \
    X(STAT_DELIVERED, "delivered", false, "deliveries, each message to each subscriber counted once")        \
    X(STAT_MEASURED, "measured", false, "deliveries of messages that were due after the warm-up")            \
    X(STAT_LOST, "lost", true, "deliveries that did not arrive in time")                                     \
    X(STAT_DUPLICATED, "duplicated", true, "messages that a subscriber got again")                           \
    X(STAT_OUT_OF_ORDER, "out_of_order", true, "messages that arrived after a later one of their publisher") \
    X(STAT_WRONG_ROOM, "wrong_room", true, "messages that arrived at a member of another room")              \
    X(STAT_UNEXPECTED, "unexpected", true, "messages or answers that nobody sent or asked for, or mangled")  \
    X(STAT_DISCONNECTED, "disconnected", true, "connections that the server ended, or that broke")           \
    X(STAT_MISSED, "missed", true, "deliveries outstanding for them when they were disconnected")            \
    X(STAT_UNANSWERED, "unanswered", true,                                                                   \
      "publications neither acknowledged nor refused: nobody has to get them")                               \
    X(STAT_UNSENT, "unsent", true, "messages that could not be sent: no connection, or nobody reads")

enum stat {
#define X(symbol, key, fault, text) symbol,
    STATS_TABLE(X)
#undef X
        STATS
};

struct stats {
    uint64_t count[STATS];
    /* Microseconds; only messages due after the warm-up. */
    struct histogram latency; /* due to delivered */
    struct histogram answer;  /* due to acknowledged or refused */
    struct histogram lag;     /* due to sent: how late the generator itself was */
    uint32_t joined;
    double connect_seconds;  /* from the first connect to the last join */
    double publish_seconds;  /* warm-up and after */
    double measured_seconds; /* from the end of the warm-up to the end of publishing or the last delivery */
    double cpu_seconds, cpu_wall_seconds;
    uint64_t frames, reads, bytes;
    bool interrupted;
    char error[512];         /* why there was nothing to measure; empty when there was */
    char first_refusal[256]; /* the first error that a publication was answered with */
};

struct stat_info {
    const char *key;
    bool fault;
    const char *text;
};
extern const struct stat_info stat_info[STATS];

/* Whether the run shows a broken promise: any fault, an error, or messages of which none was accepted. */
bool stats_failed(const struct stats *stats);

#endif
