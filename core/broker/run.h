/* SPDX-License-Identifier: Apache-2.0 */
/* One event on its way through its route: what run.c, which starts and ends runs, and steps.c share. */
#ifndef CORE_BROKER_RUN_H
#define CORE_BROKER_RUN_H

#include "core/broker/routes_compiled.h"

struct run {
    struct link link;    /* in client->runs, or in the pool */
    struct link waiting; /* in room->waiting or client->queue */
    struct broker *broker;
    struct context ctx; /* ctx.client NULL: it has left */
    struct routes *routes;
    const struct route *route;
    struct room *room; /* whose subscription it waits for */
    unsigned step;
    unsigned pending; /* publications not yet accepted, and 1 until the last step is done */
    bool begun, wants_ack, plain_join;
    uint64_t ack;
    int err;
    const char *message; /* of a reject */
    struct event event, answer;
    char *event_copy, *answer_copy;
    size_t copied; /* bytes of both that count for the connection */
};

/* One thing less to wait for; the last one tells the client. */
void run_done_one(struct run *r);
/* Makes the event's bytes the run's own, so that it can wait. */
int run_suspend(struct run *r) MUST_CHECK;
/* A copy of an event in one block, *mem, which is freed with the run. */
int run_copy(struct run *r, struct event *to, char **mem, const struct event *from) MUST_CHECK;
/* 0: done; 1: the run waits, run_joined() goes on; or an error, which ends the run. */
int run_step(struct run *r, const struct step *step) MUST_CHECK;

#endif
