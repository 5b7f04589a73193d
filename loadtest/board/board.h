/* SPDX-License-Identifier: Apache-2.0 */
/* The board: memory that the conductor and its load processes share. The conductor gives orders on it, each
 * load process shows in its place what it has done and seen. Every word has one writer at a time, and readers
 * can do with a value that is a moment old; what must not be is said at the member. */
#ifndef LOADTEST_BOARD_H
#define LOADTEST_BOARD_H

#include <stdatomic.h>

#include "loadtest/board/stats.h"
#include "loadtest/message/judge.h"
#include "loadtest/message/schedule.h"

/* What the load processes are told to do. */
enum phase {
    PHASE_IDLE,
    PHASE_CONNECT, /* connect and join */
    PHASE_PREPARE, /* take over board->schedule: from now on others may publish */
    PHASE_PUBLISH, /* what is due by it */
    PHASE_STOP,    /* publish what was due by board->stop_at, and nothing more */
    PHASE_DRAIN,   /* nobody publishes any more: wait for what is outstanding */
    PHASE_VOID,    /* tell which publications were not answered: nobody is owed them */
    PHASE_AUDIT,   /* count what has not arrived as lost */
    PHASE_WAKE,    /* stalled readers read again: those that were disconnected find out */
    PHASE_CLOSE,   /* close all connections */
    PHASE_END      /* exit */
};

struct board_place {
    _Atomic uint32_t obeyed; /* the last order that has been taken up; what it made is visible then */
    uint32_t connections;    /* it has to hold */
    uint32_t joined;         /* of them, now */
    bool settled;            /* in PHASE_DRAIN: all was answered and delivered */
    struct audit audit;      /* as of its last look, for progress */
    struct stats stats;      /* since it began */
    uint64_t last_delivery;  /* of a measured message, microseconds */
    uint64_t last_sent;      /* when it last sent a message, microseconds */
    double cpu_seconds;
    _Atomic bool failed; /* it cannot go on; the error is visible then */
    char error[512];
};

struct board {
    _Atomic uint32_t order; /* counts up; phase, schedule and stop_at are written before it */
    enum phase phase;
    struct schedule schedule;
    uint64_t stop_at;            /* microseconds */
    _Atomic uint32_t complaints; /* of all load processes, about disconnections: not all are told */
    struct ledger *ledger;
    uint32_t places;
    struct board_place place[];
};

/* NULL, with errno, when memory is short. To be made before the load processes are forked. */
struct board *board_new(uint32_t places, uint32_t publishers);
void board_free(struct board *board);

/* For a load process: it cannot go on. */
void board_fail(struct board_place *place, const char *why);

/* For the conductor. */
void board_order(struct board *board, enum phase phase);
/* Whether all have taken up the last order. */
bool board_obeyed(const struct board *board);
/* The sum of all places' stats. */
void board_stats(const struct board *board, struct stats *sum);
/* The sum of what they saw at their last look. */
struct audit board_audit(const struct board *board);
uint32_t board_joined(const struct board *board);
bool board_settled(const struct board *board);
/* The first error that a place shows, or NULL. */
const char *board_error(const struct board *board);

#endif
