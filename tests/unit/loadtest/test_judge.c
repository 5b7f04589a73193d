/* SPDX-License-Identifier: Apache-2.0 */
/* The judge: each fault is told from the others; random traffic with faults against a list of all that
 * happened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "loadtest/message/judge.h"

/* 6 subscribers in 2 rooms, 4 publishers: publishers 0 and 2 are in room 0 with subscribers 0, 2, 4. */
static struct plan plan;
static struct ledger *ledger;
static struct judge judge;

static int setup(void **state)
{
    (void)state;
    plan_init(&plan, 6, 2, 4, 1, "room-");
    ledger = ledger_new(4);
    assert_non_null(ledger);
    judge_init(&judge, &plan, ledger, (struct plan_range){0, 6});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    judge_free(&judge);
    ledger_free(ledger);
    plan_free(&plan);
    return 0;
}

static void publish(uint32_t publisher, unsigned count)
{
    while (count-- > 0)
        ledger_publish(ledger, publisher);
}

static void assert_audit(uint64_t lost, uint64_t outstanding, uint64_t missed)
{
    judge_read_voids(&judge);
    struct audit audit = judge_audit(&judge);
    assert_int_equal(audit.lost, lost);
    assert_int_equal(audit.outstanding, outstanding);
    assert_int_equal(audit.missed, missed);
}

static void all_is_well(void **state)
{
    (void)state;
    publish(0, 2);
    publish(2, 1);
    assert_audit(0, 9, 0);
    for (uint32_t subscriber = 0; subscriber < 6; subscriber += 2) {
        assert_int_equal(judge_receive(&judge, subscriber, 2, 0), VERDICT_FINE);
        assert_int_equal(judge_receive(&judge, subscriber, 0, 0), VERDICT_FINE);
        assert_int_equal(judge_receive(&judge, subscriber, 0, 1), VERDICT_FINE);
    }
    assert_audit(0, 0, 0);
}

static void lost(void **state)
{
    (void)state;
    publish(0, 3);
    judge_receive(&judge, 0, 0, 2);
    assert_audit(2, 6, 0); /* passed over two; subscribers 2 and 4 have nothing yet */
}

static void swapped(void **state)
{
    (void)state;
    publish(1, 2);
    assert_int_equal(judge_receive(&judge, 3, 1, 1), VERDICT_FINE);
    assert_audit(1, 4, 0);
    assert_int_equal(judge_receive(&judge, 3, 1, 0), VERDICT_OUT_OF_ORDER);
    assert_audit(0, 4, 0);
    assert_int_equal(judge_receive(&judge, 3, 1, 0), VERDICT_DUPLICATE);
}

static void duplicated(void **state)
{
    (void)state;
    publish(0, 2);
    judge_receive(&judge, 4, 0, 0);
    judge_receive(&judge, 4, 0, 1);
    assert_int_equal(judge_receive(&judge, 4, 0, 0), VERDICT_DUPLICATE);
    assert_int_equal(judge_receive(&judge, 4, 0, 1), VERDICT_DUPLICATE);
    assert_audit(0, 4, 0);
}

static void wrong_room(void **state)
{
    (void)state;
    publish(1, 1);
    assert_int_equal(judge_receive(&judge, 0, 1, 0), VERDICT_WRONG_ROOM);
    assert_audit(0, 3, 0);
}

static void unknown(void **state)
{
    (void)state;
    publish(0, 1);
    assert_int_equal(judge_receive(&judge, 0, 0, 1), VERDICT_UNKNOWN);
    assert_int_equal(judge_receive(&judge, 0, 2, 0), VERDICT_UNKNOWN);
    assert_int_equal(judge_receive(&judge, 0, 4, 0), VERDICT_UNKNOWN);
    assert_int_equal(judge_receive(&judge, 0, UINT32_MAX, 0), VERDICT_UNKNOWN);
}

static void refused_is_owed_to_nobody(void **state)
{
    (void)state;
    publish(0, 3);
    ledger_void(ledger, 0, 1);
    assert_audit(0, 6, 0);
    assert_int_equal(judge_receive(&judge, 0, 0, 0), VERDICT_FINE);
    assert_int_equal(judge_receive(&judge, 0, 0, 2), VERDICT_FINE);
    assert_audit(0, 4, 0);
    assert_int_equal(judge_receive(&judge, 2, 0, 1), VERDICT_FINE); /* delivered all the same, before 0 */
    assert_audit(1, 3, 0);
}

static void refused_after_it_was_passed_over(void **state)
{
    (void)state;
    publish(0, 2);
    judge_receive(&judge, 0, 0, 1);
    assert_audit(1, 4, 0);
    ledger_void(ledger, 0, 0);
    assert_audit(0, 2, 0);
}

static void who_left_is_owed_nothing(void **state)
{
    (void)state;
    publish(0, 2);
    judge_receive(&judge, 0, 0, 0);
    judge_leave(&judge, 0, GONE);
    assert_audit(0, 4, 1);
    publish(0, 1);
    judge_leave(&judge, 0, GONE);
    assert_audit(0, 6, 1);
}

static void who_comes_back_is_owed_the_later_ones(void **state)
{
    (void)state;
    publish(0, 2);
    judge_receive(&judge, 0, 0, 0);
    judge_leave(&judge, 0, AWAY);
    assert_audit(0, 4, 1);
    publish(0, 3); /* 2, 3 and 4 while it is away */
    assert_audit(0, 10, 4);
    judge_return(&judge, 0);
    assert_audit(0, 10, 4);
    publish(0, 2);
    assert_audit(0, 16, 4);
    assert_int_equal(judge_receive(&judge, 0, 0, 4), VERDICT_FINE); /* joined just before it was published */
    assert_audit(0, 16, 3);
    assert_int_equal(judge_receive(&judge, 0, 0, 6), VERDICT_FINE); /* 5 is lost, not missed */
    assert_audit(1, 14, 3);
    assert_int_equal(judge_receive(&judge, 0, 0, 3),
                     VERDICT_OUT_OF_ORDER); /* not missed, but after later ones */
    assert_int_equal(judge_receive(&judge, 0, 0, 3), VERDICT_DUPLICATE);
    assert_int_equal(judge_missed(&judge, 0), 2);
    judge_leave(&judge, 0, AWAY);
    assert_audit(1, 14, 2);
}

/* The server has it among the members as soon as it has heard the join, which is before it hears the answer.
 */
static void what_comes_before_the_answer_to_the_join(void **state)
{
    (void)state;
    publish(0, 2);
    judge_receive(&judge, 0, 0, 0);
    judge_leave(&judge, 0, AWAY);
    publish(0, 3);
    assert_int_equal(judge_receive(&judge, 0, 0, 4), VERDICT_FINE); /* 1, 2 and 3 it has missed */
    assert_audit(0, 10, 3);
    publish(0, 1);
    judge_return(&judge, 0);
    assert_audit(0, 12, 4); /* 5 may still come */
    assert_int_equal(judge_receive(&judge, 0, 0, 5), VERDICT_FINE);
    assert_audit(0, 12, 3);
    assert_int_equal(judge_receive(&judge, 0, 0, 4), VERDICT_DUPLICATE);
}

static void who_lost_and_who_was_cut(void **state)
{
    (void)state;
    publish(0, 4);
    judge_receive(&judge, 0, 0, 1); /* 0 is passed over */
    judge_receive(&judge, 2, 0, 3); /* 0, 1 and 2 are */
    judge_leave(&judge, 0, AWAY);   /* 2 and 3 it misses */
    judge_return(&judge, 0);
    publish(0, 1);
    ledger_void(ledger, 0, 2);
    assert_audit(3, 6, 1); /* subscriber 4 has nothing yet of 0, 1, 3 and 4 */
    assert_int_equal(judge_lost(&judge, 0), 2);
    assert_int_equal(judge_lost(&judge, 2), 3);
    assert_int_equal(judge_lost(&judge, 4), 4);
    assert_int_equal(judge_missed(&judge, 0), 1);
    assert_true(judge_was_cut(&judge, 0));
    assert_false(judge_was_cut(&judge, 2));
    judge_leave(&judge, 2, LEAVING);
    judge_leave(&judge, 2, OUT);
    assert_false(judge_was_cut(&judge, 2));
    ledger_begin(ledger, 10);
    judge_begin(&judge, 10);
    assert_false(judge_was_cut(&judge, 0));
    assert_int_equal(judge_lost(&judge, 0), 0);
}

static void what_becomes_void_later_was_not_missed(void **state)
{
    (void)state;
    publish(0, 4);
    judge_leave(&judge, 0, AWAY);
    judge_leave(&judge, 2, GONE);
    judge_return(&judge, 0);
    publish(0, 1);
    judge_receive(&judge, 0, 0, 4);
    assert_audit(0, 5, 8);
    ledger_void(ledger, 0, 2);
    assert_audit(0, 4, 6);
    assert_int_equal(judge_missed(&judge, 0), 3);
    assert_int_equal(judge_missed(&judge, 2), 3);
}

static void absences_are_bounded(void **state)
{
    (void)state;
    const uint32_t absences = JUDGE_MAX_RANGES + 50;
    for (uint32_t i = 0; i < absences; i++) {
        judge_leave(&judge, 0, AWAY);
        publish(0, 1);
        judge_return(&judge, 0);
        publish(0, 1);
        assert_int_equal(judge_receive(&judge, 0, 0, 2 * i + 1), VERDICT_FINE);
    }
    assert_int_equal(judge_missed(&judge, 0), absences);
}

static void who_asks_to_come_back_may_get_some(void **state)
{
    (void)state;
    judge_leave(&judge, 0, LEAVING);
    judge_leave(&judge, 0, OUT);
    publish(0, 3);
    judge_ask(&judge, 0);
    assert_int_equal(judge_receive(&judge, 0, 0, 1), VERDICT_FINE);
    judge_return(&judge, 0);
    publish(0, 2);
    assert_int_equal(judge_receive(&judge, 0, 0, 4), VERDICT_FINE); /* 3 is lost */
    assert_audit(1, 10, 0);
    judge_leave(&judge, 4, AWAY);
    judge_ask(&judge, 4); /* was cut off: that stays so */
    assert_audit(1, 5, 5);
}

static void who_leaves_is_owed_nothing_and_gets_nothing(void **state)
{
    (void)state;
    publish(0, 1);
    judge_leave(&judge, 0, LEAVING);
    assert_audit(0, 2, 0);
    assert_int_equal(judge_receive(&judge, 0, 0, 0), VERDICT_FINE);
    judge_leave(&judge, 0, OUT);
    publish(0, 2);
    assert_int_equal(judge_receive(&judge, 0, 0, 1), VERDICT_WRONG_ROOM);
    judge_return(&judge, 0);
    publish(0, 1);
    assert_audit(0, 9, 0);
    assert_int_equal(judge_receive(&judge, 0, 0, 3), VERDICT_FINE);
    assert_audit(0, 8, 0);
}

static void a_new_step_begins_anew(void **state)
{
    (void)state;
    publish(0, 3);
    judge_receive(&judge, 0, 0, 1);
    ledger_void(ledger, 0, 2);
    judge_leave(&judge, 2, AWAY);
    assert_audit(1, 2, 2);
    ledger_begin(ledger, 10);
    judge_begin(&judge, 10);
    assert_audit(0, 0, 0);
    publish(0, 1);
    assert_audit(0, 2, 1);
    assert_int_equal(judge_receive(&judge, 0, 0, 2), VERDICT_UNKNOWN);
    assert_int_equal(judge_receive(&judge, 0, 0, 10), VERDICT_FINE);
    assert_audit(0, 1, 1);
}

/* Subscribers 2 and 3 are another process's. */
static void a_share_of_the_subscribers(void **state)
{
    (void)state;
    struct judge other;
    judge_init(&other, &plan, ledger, (struct plan_range){2, 2});
    publish(0, 2);
    publish(1, 1);
    assert_int_equal(judge_audit(&other).outstanding, 3);
    assert_int_equal(judge_receive(&other, 2, 0, 0), VERDICT_FINE);
    assert_int_equal(judge_receive(&other, 3, 1, 0), VERDICT_FINE);
    assert_int_equal(judge_audit(&other).outstanding, 1);
    judge_free(&other);
}

static void gaps_are_bounded(void **state)
{
    (void)state;
    const uint32_t messages = 2 * (JUDGE_MAX_RANGES + 100);
    publish(0, messages);
    for (uint32_t i = 1; i < messages; i += 2)
        assert_int_equal(judge_receive(&judge, 0, 0, i), VERDICT_FINE);
    assert_audit(messages / 2, 2 * messages, 0);
    assert_int_equal(judge_lost(&judge, 0), messages / 2);
    assert_int_equal(judge_receive(&judge, 0, 0, messages - 2), VERDICT_OUT_OF_ORDER);
    assert_int_equal(judge_receive(&judge, 0, 0, 0), VERDICT_DUPLICATE); /* given up: it was too long ago */
    assert_audit(messages / 2 - 1, 2 * messages, 0);
}

/* One subscriber and publisher 0: each message is lost, doubled, delayed or delivered at random. */
static void random_faults(void **state)
{
    enum { MESSAGES = 300 };
    (void)state;
    unsigned char seen[MESSAGES] = {0};
    uint32_t delayed[MESSAGES], delayed_count = 0;
    uint64_t late = 0, duplicates = 0, missing = 0, got[VERDICT_UNKNOWN + 1] = {0};
    publish(0, MESSAGES);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        int fate = i + 1 == MESSAGES ? 9 : rand() % 10;
        if (fate == 0)
            continue;
        if (fate == 1) {
            delayed[delayed_count++] = i;
            continue;
        }
        for (int copies = fate == 2 ? 2 : 1; copies > 0; copies--) {
            duplicates += seen[i];
            seen[i] = 1;
            got[judge_receive(&judge, 0, 0, i)]++;
        }
    }
    for (uint32_t i = 0; i < delayed_count; i++, late++) {
        seen[delayed[i]] = 1;
        got[judge_receive(&judge, 0, 0, delayed[i])]++;
    }
    for (uint32_t i = 0; i < MESSAGES; i++)
        missing += !seen[i];
    assert_int_equal(got[VERDICT_OUT_OF_ORDER], late);
    assert_int_equal(got[VERDICT_DUPLICATE], duplicates);
    assert_audit(missing, 2 * MESSAGES, 0);
}

static void random_faults_often(void **state)
{
    srand(2);
    for (int i = 0; i < 200; i++) {
        random_faults(state);
        teardown(state);
        setup(state);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* Publishers 0 and 2 are subscribers 0 and 2. */
static void without_echo(void **state)
{
    (void)state;
    plan.no_echo = true;
    judge_begin(&judge, 0);
    publish(0, 2);
    publish(2, 1);
    assert_audit(0, 6, 0);
    for (uint32_t subscriber = 0; subscriber < 6; subscriber += 2)
        for (uint32_t publisher = 0; publisher < 4; publisher += 2)
            assert_int_equal(judge_receive(&judge, subscriber, publisher, 0),
                             subscriber == publisher ? VERDICT_UNKNOWN : VERDICT_FINE);
    assert_audit(0, 2, 0);
    judge_leave(&judge, 0, GONE);
    judge_leave(&judge, 2, AWAY);
    assert_audit(0, 1, 1); /* subscriber 4 is still to get what 2 has missed; 0 has all */
    judge_return(&judge, 2);
    publish(2, 5);
    assert_audit(0, 6, 1);
    judge_begin(&judge, 6);
    assert_int_equal(judge_receive(&judge, 2, 2, 6), VERDICT_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(all_is_well),
                                       TEST(lost),
                                       TEST(swapped),
                                       TEST(duplicated),
                                       TEST(wrong_room),
                                       TEST(unknown),
                                       TEST(without_echo),
                                       TEST(refused_is_owed_to_nobody),
                                       TEST(refused_after_it_was_passed_over),
                                       TEST(who_left_is_owed_nothing),
                                       TEST(who_comes_back_is_owed_the_later_ones),
                                       TEST(who_leaves_is_owed_nothing_and_gets_nothing),
                                       TEST(what_comes_before_the_answer_to_the_join),
                                       TEST(who_lost_and_who_was_cut),
                                       TEST(what_becomes_void_later_was_not_missed),
                                       TEST(absences_are_bounded),
                                       TEST(who_asks_to_come_back_may_get_some),
                                       TEST(a_new_step_begins_anew),
                                       TEST(a_share_of_the_subscribers),
                                       TEST(gaps_are_bounded),
                                       TEST(random_faults_often)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
