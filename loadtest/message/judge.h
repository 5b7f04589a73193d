/* SPDX-License-Identifier: Apache-2.0 */
/* Says of every message that arrives, and at the end of every one that did not, whether that was right: each
 * subscriber of a room gets every message of every publisher in that room (but its own, if plan->no_echo)
 * exactly once and in order, as long as it is a member. Per (subscriber, publisher of its room) the judge
 * keeps the next expected sequence number; only where something went wrong it also keeps which numbers were
 * passed over. No clock, no I/O.
 *
 * A judge is for the subscribers of one load process, and for one step at a time. What was published it reads
 * in the ledger. */
#ifndef LOADTEST_JUDGE_H
#define LOADTEST_JUDGE_H

#include <stdbool.h>

#include "loadtest/board/ledger.h"
#include "loadtest/message/seqset.h"
#include "loadtest/setup/plan.h"

/* Ranges of passed over messages kept per pair; past it the oldest are lost for good, and if they arrive
 * after all, they count as duplicates. */
#define JUDGE_MAX_RANGES 4096

enum verdict {
    VERDICT_FINE,
    VERDICT_OUT_OF_ORDER, /* it arrived after a later one, and is not lost */
    VERDICT_DUPLICATE,    /* it had arrived before */
    VERDICT_WRONG_ROOM,   /* its publisher is in another room, or the subscriber has left the room */
    VERDICT_UNKNOWN       /* no such publisher, not published yet, or its own (plan->no_echo) */
};

enum membership {
    MEMBER,
    LEAVING, /* wants to leave: it may get messages, but nothing is owed to it */
    OUT,     /* has left of its own will: it must not get messages */
    AWAY,    /* was disconnected and will be back: what it does not get of this time it has missed */
    ASKING,  /* was out, and wants to be a member again: it may get messages, but nothing is owed to it */
    GONE     /* was disconnected for good: it missed what was outstanding, and that is all */
};

struct judge_gap; /* hashed by pair: what one subscriber did not get of one publisher */

struct judge {
    const struct plan *plan;
    const struct ledger *ledger;
    struct plan_range range; /* the subscribers */
    uint32_t first;          /* sequence number that the step began with */
    uint32_t voids_read;
    struct seqset *voids; /* per publisher */
    uint32_t *next;       /* per pair; UINT32_MAX where nothing is owed (plan->no_echo) */
    uint32_t *owed_from;  /* per pair: what is before it was published before the subscriber was a member
                             again; it  may come or not. NULL until somebody returns */
    struct judge_subscriber {
        uint32_t room;
        enum membership membership;
        size_t pair;   /* its first one; those with the publishers of its room follow in the order of slots */
        bool was_away; /* what it then does not get of that, it has missed */
        bool cut;      /* in this step it was disconnected */
        bool has_gaps;
        uint64_t missed_for_good, lost_for_good;
    } * subscriber;
    struct judge_gap *gaps;
};

struct audit {
    uint64_t lost;        /* passed over: later ones of the same publisher have arrived */
    uint64_t outstanding; /* published, not passed over, and not yet there */
    uint64_t missed;      /* by subscribers that were disconnected */
};

/* The plan and the ledger must outlive the judge. */
void judge_init(struct judge *judge, const struct plan *plan, const struct ledger *ledger,
                struct plan_range range);
void judge_free(struct judge *judge);
/* A new step, whose sequence numbers begin at `first`: whatever was before is forgotten, but for who is a
 * member. */
void judge_begin(struct judge *judge, uint32_t first);

/* Subscribers and publishers by their numbers in the plan. */
enum verdict judge_receive(struct judge *judge, uint32_t subscriber, uint32_t publisher, uint32_t sequence);
/* It is not a member any more; `how` is one of the other memberships. */
void judge_leave(struct judge *judge, uint32_t subscriber, enum membership how);
/* One who is out wants to be a member again. */
void judge_ask(struct judge *judge, uint32_t subscriber);
/* It is a member again: what is published from now on is owed to it. */
void judge_return(struct judge *judge, uint32_t subscriber);
/* Reads in the ledger what has become void. */
void judge_read_voids(struct judge *judge);
/* The state of affairs. Walks over all pairs: for once a second, not for each message. */
struct audit judge_audit(const struct judge *judge);
/* What this subscriber has missed in this step. */
uint64_t judge_missed(const struct judge *judge, uint32_t subscriber);
/* What it did not get though it was a member: for the end of the step, since the outstanding counts as lost.
 */
uint64_t judge_lost(const struct judge *judge, uint32_t subscriber);
/* Whether it was disconnected in this step. */
bool judge_was_cut(const struct judge *judge, uint32_t subscriber);

#endif
