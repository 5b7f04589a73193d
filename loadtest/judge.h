/* SPDX-License-Identifier: Apache-2.0 */
/* Says of every message that arrives, and at the end of every one that did not, whether that was right: each
 * subscriber of a room gets every message of every publisher in that room exactly once and in order.
 * Per (subscriber, publisher of its room) the judge keeps the next expected sequence number; only where
 * something went wrong it also keeps which numbers were passed over. No clock, no I/O. */
#ifndef LOADTEST_JUDGE_H
#define LOADTEST_JUDGE_H

#include <stdbool.h>

#include "loadtest/plan.h"
#include "loadtest/seqset.h"

/* Ranges of passed over messages kept per pair; past it the oldest are lost for good, and if they arrive
 * after all, they count as duplicates. */
#define JUDGE_MAX_RANGES 4096

enum verdict {
    VERDICT_FINE,
    VERDICT_LATE,       /* it arrived after a later one: out of order, but not lost */
    VERDICT_DUPLICATE,  /* it had arrived before */
    VERDICT_WRONG_ROOM, /* its publisher is in another room */
    VERDICT_UNKNOWN     /* no such publisher, or not published yet */
};

struct judge_publisher {
    uint32_t published;  /* sequence numbers below this one have been used */
    struct seqset voids; /* of these, what nobody has to get: refused, or never sent */
};

struct judge_gap; /* hashed by pair: what one subscriber misses of one publisher */

struct judge {
    const struct plan *plan;
    struct judge_publisher *publisher;
    uint32_t *next; /* per pair */
    size_t *base;   /* per room: its first pair */
    bool *gone;     /* per subscriber */
    struct judge_gap *gaps;
    uint64_t given_up;
    uint64_t missed; /* by subscribers at the time they were disconnected */
};

struct audit {
    uint64_t lost;        /* passed over: later ones of the same publisher have arrived */
    uint64_t outstanding; /* published, not passed over, and not yet there */
    uint64_t missed;      /* outstanding for subscribers when they were disconnected */
};

/* The plan must outlive the judge. */
void judge_init(struct judge *judge, const struct plan *plan);
void judge_free(struct judge *judge);

/* The publisher uses its next sequence number: every member of its room has to get it from now on. */
void judge_publish(struct judge *judge, uint32_t publisher);
/* This message was refused by the server or could not be sent: nobody has to get it. (Who gets it all the
 * same is not wrong: an answer may be lost after the fact.) */
void judge_void(struct judge *judge, uint32_t publisher, uint32_t sequence);
enum verdict judge_receive(struct judge *judge, uint32_t subscriber, uint32_t publisher, uint32_t sequence);
/* The subscriber is disconnected; nothing that has not arrived is expected of it any more. */
void judge_leave(struct judge *judge, uint32_t subscriber);
/* The state of affairs. Walks over all pairs: for once a second, not for each message. */
struct audit judge_audit(const struct judge *judge);

#endif
