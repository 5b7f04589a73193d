/* SPDX-License-Identifier: Apache-2.0 */
/* What the conductor and its load processes share. */
#include "loadtest/board/board.h"

#include <stdio.h>

#include "loadtest/board/shared.h"

static size_t size_of(uint32_t places)
{
    return sizeof(struct board) + places * sizeof(struct board_place);
}

struct board *board_new(uint32_t places, uint32_t publishers)
{
    struct board *board = shared_new(size_of(places));
    if (!board)
        return NULL;
    board->places = places;
    board->ledger = ledger_new(publishers);
    if (board->ledger)
        return board;
    shared_free(board, size_of(places));
    return NULL;
}

void board_free(struct board *board)
{
    ledger_free(board->ledger);
    shared_free(board, size_of(board->places));
}

void board_fail(struct board_place *place, const char *why)
{
    if (atomic_load(&place->failed))
        return;
    snprintf(place->error, sizeof place->error, "%s", why);
    atomic_store_explicit(&place->failed, true, memory_order_release);
}

void board_order(struct board *board, enum phase phase)
{
    board->phase = phase;
    atomic_fetch_add_explicit(&board->order, 1, memory_order_release);
}

bool board_obeyed(const struct board *board)
{
    uint32_t order = atomic_load(&board->order);
    for (uint32_t i = 0; i < board->places; i++)
        if (atomic_load_explicit(&board->place[i].obeyed, memory_order_acquire) != order)
            return false;
    return true;
}

void board_stats(const struct board *board, struct stats *sum)
{
    *sum = (struct stats){0};
    for (uint32_t i = 0; i < board->places; i++)
        stats_add(sum, &board->place[i].stats);
}

struct audit board_audit(const struct board *board)
{
    struct audit sum = {0};
    for (uint32_t i = 0; i < board->places; i++) {
        const struct audit *audit = &board->place[i].audit;
        sum.lost += audit->lost;
        sum.outstanding += audit->outstanding;
        sum.missed += audit->missed;
    }
    return sum;
}

uint32_t board_joined(const struct board *board)
{
    uint32_t joined = 0;
    for (uint32_t i = 0; i < board->places; i++)
        joined += board->place[i].joined;
    return joined;
}

bool board_settled(const struct board *board)
{
    for (uint32_t i = 0; i < board->places; i++)
        if (!board->place[i].settled)
            return false;
    return true;
}

const char *board_error(const struct board *board)
{
    for (uint32_t i = 0; i < board->places; i++)
        if (atomic_load_explicit(&board->place[i].failed, memory_order_acquire))
            return board->place[i].error;
    return NULL;
}
