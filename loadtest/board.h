/* SPDX-License-Identifier: Apache-2.0 */
/* The board: memory that the conductor and its load processes share. The conductor gives orders on it, each
 * load process shows in its place what it has done and seen. Every word has one writer at a time, and readers
 * can do with a value that is a moment old; what must not be is said at the member. */
#ifndef LOADTEST_BOARD_H
#define LOADTEST_BOARD_H

#include <stdatomic.h>

#include "loadtest/judge.h"
#include "loadtest/schedule.h"
#include "loadtest/stats.h"

/* What the load processes are told to do. */
enum phase {
    PHASE_IDLE,
    PHASE_CONNECT, /* connect and join */
    PHASE_PUBLISH, /* what is due by board->schedule */
    PHASE_DRAIN,   /* publish nothing more, wait for what is outstanding */
    PHASE_VOID,    /* tell which publications were not answered: nobody is owed them */
    PHASE_AUDIT,   /* count what has not arrived as lost */
    PHASE_CLOSE,   /* close all connections */
    PHASE_END      /* exit */
};

struct board_place {
    _Atomic uint32_t obeyed; /* the last order that has been taken up; what it made is visible then */
    uint32_t connections;    /* it has to hold */
    uint32_t joined;         /* of them, now */
    uint32_t stalled;        /* of them, readers that do not read on purpose */
    bool settled;            /* all it published was answered, all it is owed was delivered */
    struct audit audit;      /* as of its last look, for progress */
    struct stats stats;      /* since it began */
    uint64_t last_delivery;  /* of a measured message, microseconds */
    double cpu_seconds;
    char error[512]; /* why it cannot go on; empty while it can */
};

struct board {
    _Atomic uint32_t order; /* counts up; phase and schedule are written before it */
    enum phase phase;
    struct schedule schedule;
    struct ledger *ledger;
    uint32_t places;
    struct board_place place[];
};

/* NULL, with errno, when memory is short. To be made before the load processes are forked. */
struct board *board_new(uint32_t places, uint32_t publishers);
void board_free(struct board *board);

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
