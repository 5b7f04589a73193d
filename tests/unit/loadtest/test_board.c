/* SPDX-License-Identifier: Apache-2.0 */
/* The board: orders go one way, what was seen the other, and it is added up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loadtest/board/board.h"

static void obey(struct board *board, uint32_t place)
{
    atomic_store(&board->place[place].obeyed, atomic_load(&board->order));
}

static void orders(void **state)
{
    (void)state;
    struct board *board = board_new(2, 1);
    board_order(board, PHASE_CONNECT);
    assert_int_equal(board->phase, PHASE_CONNECT);
    assert_false(board_obeyed(board));
    obey(board, 1);
    assert_false(board_obeyed(board));
    obey(board, 0);
    assert_true(board_obeyed(board));
    board_order(board, PHASE_CONNECT); /* the same again is another order */
    assert_false(board_obeyed(board));
    board_free(board);
}

static void sums(void **state)
{
    (void)state;
    struct board *board = board_new(3, 1);
    struct stats *sum = calloc(1, sizeof *sum);
    for (uint32_t i = 0; i < 3; i++) {
        struct board_place *place = &board->place[i];
        place->joined = 10 * (i + 1);
        place->audit = (struct audit){.lost = i, .outstanding = 10 * i, .missed = 100 * i};
        place->stats.count[STAT_LOST] = i + 1;
        place->stats.bytes = 7;
        place->settled = i > 0;
        histogram_record(&place->stats.latency, 100 * i);
    }
    sum->count[STAT_LOST] = 99; /* overwritten */
    board_stats(board, sum);
    assert_int_equal(sum->count[STAT_LOST], 6);
    assert_int_equal(sum->bytes, 21);
    assert_int_equal(sum->latency.count, 3);
    assert_int_equal(sum->latency.max, 200);
    assert_int_equal(board_joined(board), 60);
    struct audit audit = board_audit(board);
    assert_int_equal(audit.lost, 3);
    assert_int_equal(audit.outstanding, 30);
    assert_int_equal(audit.missed, 300);
    assert_false(board_settled(board));
    board->place[0].settled = true;
    assert_true(board_settled(board));
    free(sum);
    board_free(board);
}

/* Longer than there is room: cut, not refused. */
static void the_first_error(void **state)
{
    (void)state;
    char text[2000];
    struct board *board = board_new(3, 1);
    assert_null(board_error(board));
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    board_fail(&board->place[2], text);
    assert_int_equal(strlen(board_error(board)), sizeof board->place[2].error - 1);
    board_fail(&board->place[1], "first");
    board_fail(&board->place[1], "second");
    assert_string_equal(board_error(board), "first");
    board_free(board);
}

static void another_process(void **state)
{
    (void)state;
    struct board *board = board_new(1, 1);
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        while (atomic_load(&board->order) == 0)
            ;
        ledger_publish(board->ledger, 0);
        board->place[0].joined = board->phase == PHASE_DRAIN ? 5 : 0;
        board_fail(&board->place[0], "seen");
        obey(board, 0);
        _exit(0);
    }
    board_order(board, PHASE_DRAIN);
    while (!board_obeyed(board))
        ;
    assert_int_equal(board_joined(board), 5);
    assert_string_equal(board_error(board), "seen");
    assert_int_equal(ledger_published(board->ledger, 0), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    board_free(board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(orders), cmocka_unit_test(sums),
                                       cmocka_unit_test(the_first_error), cmocka_unit_test(another_process)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
