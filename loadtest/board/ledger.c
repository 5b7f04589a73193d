/* SPDX-License-Identifier: Apache-2.0 */
/* Published and void messages, in shared memory. */
#include "loadtest/board/ledger.h"

#include <stddef.h>
#include <string.h>

#include "loadtest/board/shared.h"

#define VOIDS_SIZE (LEDGER_MAX_VOIDS * sizeof(uint64_t))

static size_t size_of(uint32_t publishers)
{
    return sizeof(struct ledger) + publishers * sizeof(_Atomic uint32_t);
}

struct ledger *ledger_new(uint32_t publishers)
{
    struct ledger *ledger = shared_new(size_of(publishers));
    if (!ledger)
        return NULL;
    ledger->publishers = publishers;
    ledger->voids = shared_new(VOIDS_SIZE);
    if (ledger->voids)
        return ledger;
    shared_free(ledger, size_of(publishers));
    return NULL;
}

void ledger_free(struct ledger *ledger)
{
    shared_free((void *)ledger->voids, VOIDS_SIZE);
    shared_free(ledger, size_of(ledger->publishers));
}

void ledger_begin(struct ledger *ledger, uint32_t first)
{
    uint32_t used = atomic_load(&ledger->claimed);
    for (uint32_t i = 0; i < used && i < LEDGER_MAX_VOIDS; i++)
        atomic_store_explicit(&ledger->voids[i], 0, memory_order_relaxed);
    for (uint32_t publisher = 0; publisher < ledger->publishers; publisher++)
        atomic_store_explicit(&ledger->published[publisher], first, memory_order_relaxed);
    atomic_store(&ledger->claimed, 0);
}

void ledger_publish(struct ledger *ledger, uint32_t publisher)
{
    atomic_fetch_add_explicit(&ledger->published[publisher], 1, memory_order_release);
}

void ledger_void(struct ledger *ledger, uint32_t publisher, uint32_t sequence)
{
    if (ledger_is_full(ledger))
        return;
    uint32_t i = atomic_fetch_add(&ledger->claimed, 1);
    if (i < LEDGER_MAX_VOIDS)
        atomic_store_explicit(&ledger->voids[i], ((uint64_t)publisher + 1) << 32 | sequence,
                              memory_order_release);
}

bool ledger_read_void(const struct ledger *ledger, uint32_t i, uint32_t *publisher, uint32_t *sequence)
{
    if (i >= LEDGER_MAX_VOIDS)
        return false;
    uint64_t entry = atomic_load_explicit(&ledger->voids[i], memory_order_acquire);
    if (entry == 0)
        return false;
    *publisher = (uint32_t)(entry >> 32) - 1;
    *sequence = (uint32_t)entry;
    return true;
}

bool ledger_is_full(const struct ledger *ledger)
{
    return atomic_load(&ledger->claimed) > LEDGER_MAX_VOIDS;
}
