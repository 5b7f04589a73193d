/* SPDX-License-Identifier: Apache-2.0 */
/* What all load processes must know of all publishers to tell what a subscriber is owed: how many messages
 * each has published, and which of these nobody has to get. Lies in memory that the processes share; a
 * publisher's messages are entered by the process that holds its connection. */
#ifndef LOADTEST_LEDGER_H
#define LOADTEST_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Of one step. Address space, not memory: pages that are not written cost nothing. */
#define LEDGER_MAX_VOIDS (16u << 20)

struct ledger {
    uint32_t publishers;
    _Atomic uint32_t claimed; /* of voids; may be past LEDGER_MAX_VOIDS: those are not kept */
    _Atomic uint64_t *voids;  /* publisher + 1 in the upper half, sequence in the lower; 0: not yet written */
    _Atomic uint32_t published[]; /* sequence numbers below this one have been used */
};

/* Shared with processes that are forked later. NULL with errno when there is not enough address space. */
struct ledger *ledger_new(uint32_t publishers);
void ledger_free(struct ledger *ledger);
/* A new step: sequence numbers go on at `first`, nothing is void. While nobody publishes or reads. */
void ledger_begin(struct ledger *ledger, uint32_t first);

static inline uint32_t ledger_published(const struct ledger *ledger, uint32_t publisher)
{
    return atomic_load_explicit(&ledger->published[publisher], memory_order_acquire);
}

/* The publisher uses its next sequence number. To be called before the message is sent. */
void ledger_publish(struct ledger *ledger, uint32_t publisher);
/* This message was refused by the server, could not be sent, or was not answered: nobody has to get it. */
void ledger_void(struct ledger *ledger, uint32_t publisher, uint32_t sequence);
/* The how-manieth void, from 0. false: there are not so many yet. */
bool ledger_read_void(const struct ledger *ledger, uint32_t i, uint32_t *publisher, uint32_t *sequence);
/* More are void than are kept: what is lost cannot be told any more. */
bool ledger_is_full(const struct ledger *ledger);

#endif
