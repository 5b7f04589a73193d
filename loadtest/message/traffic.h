/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of a run: publishes what is due, takes in what arrives and what is answered, and counts. */
#ifndef LOADTEST_TRAFFIC_H
#define LOADTEST_TRAFFIC_H

#include "loadtest/board/stats.h"
#include "loadtest/message/judge.h"
#include "loadtest/message/schedule.h"
#include "loadtest/worker/crowd.h"

struct traffic_publisher {
    struct seqset answered; /* sequence numbers: acknowledged, refused, or never sent */
    uint32_t pending;       /* published and not answered */
};

#define TRAFFIC_KNOWN 256 /* a power of two */

struct traffic {
    struct crowd *crowd;
    struct ledger *ledger;
    struct stats *stats;
    struct schedule schedule;
    struct judge judge;
    struct traffic_publisher *publisher;
    uint64_t next;                       /* message */
    struct payload known[TRAFFIC_KNOWN]; /* some of this run, as was found before: by payload_hash() */
    uint64_t pending;                    /* of all publishers */
    uint64_t last_delivery;              /* microseconds; of a measured message */
    uint64_t last_sent;                  /* microseconds; when the last message was sent */
    uint64_t late_after;                 /* microseconds after it was due */
    uint32_t *late;                      /* per subscriber: measured messages that came later than that */
    size_t size;
    char *payload;
    bool acks;      /* publications are answered */
    bool concluded; /* the step has ended: what comes now comes too late */
};

/* The crowd, the ledger and the stats must outlive it; ledger and stats are filled in. Of the
 * options it takes how large messages are, and when they are late. */
void traffic_init(struct traffic *traffic, struct crowd *crowd, struct ledger *ledger,
                  const struct options *options, struct stats *stats);
void traffic_free(struct traffic *traffic);

/* A new step: from now on messages of this schedule are due. */
void traffic_begin(struct traffic *traffic, const struct schedule *schedule);
/* Sends what is due at `now`. Returns when the next message is due, in microseconds; UINT64_MAX: there is
 * none. */
uint64_t traffic_publish(struct traffic *traffic, uint64_t now);
void traffic_message(struct traffic *traffic, const struct actor *actor, const struct heard *heard,
                     uint64_t now);
void traffic_answer(struct traffic *traffic, const struct actor *actor, const struct heard *heard,
                    uint64_t now);
/* Its connection is gone: what it published and was not answered is void. */
void traffic_cut(struct traffic *traffic, const struct actor *actor);

/* What has been published and not answered is unanswered, and void. */
void traffic_void_unanswered(struct traffic *traffic);
/* Takes in what has become void, and looks how things are. */
struct audit traffic_audit(struct traffic *traffic);
/* The end of a step, after all publishers' unanswered messages are void: what has not arrived is lost. */
void traffic_conclude(struct traffic *traffic);

#endif
