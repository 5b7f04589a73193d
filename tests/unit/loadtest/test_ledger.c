/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: what one process enters, another reads; also while both write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loadtest/board/ledger.h"

static void published_and_void(void **state)
{
    (void)state;
    struct ledger *ledger = ledger_new(3);
    uint32_t publisher, sequence;
    assert_int_equal(ledger_published(ledger, 2), 0);
    ledger_publish(ledger, 2);
    ledger_publish(ledger, 2);
    ledger_publish(ledger, 0);
    assert_int_equal(ledger_published(ledger, 0), 1);
    assert_int_equal(ledger_published(ledger, 1), 0);
    assert_int_equal(ledger_published(ledger, 2), 2);
    assert_false(ledger_read_void(ledger, 0, &publisher, &sequence));
    ledger_void(ledger, 0, 0);
    ledger_void(ledger, 2, UINT32_MAX);
    assert_true(ledger_read_void(ledger, 0, &publisher, &sequence));
    assert_int_equal(publisher, 0);
    assert_int_equal(sequence, 0);
    assert_true(ledger_read_void(ledger, 1, &publisher, &sequence));
    assert_int_equal(publisher, 2);
    assert_int_equal(sequence, UINT32_MAX);
    assert_false(ledger_read_void(ledger, 2, &publisher, &sequence));
    ledger_free(ledger);
}

static void a_new_step(void **state)
{
    (void)state;
    struct ledger *ledger = ledger_new(2);
    uint32_t publisher, sequence;
    ledger_publish(ledger, 1);
    ledger_void(ledger, 1, 0);
    ledger_void(ledger, 0, 7);
    ledger_begin(ledger, 50);
    assert_int_equal(ledger_published(ledger, 0), 50);
    assert_int_equal(ledger_published(ledger, 1), 50);
    for (uint32_t i = 0; i < 3; i++)
        assert_false(ledger_read_void(ledger, i, &publisher, &sequence));
    ledger_publish(ledger, 0);
    ledger_void(ledger, 0, 50);
    assert_int_equal(ledger_published(ledger, 0), 51);
    assert_true(ledger_read_void(ledger, 0, &publisher, &sequence));
    assert_int_equal(sequence, 50);
    ledger_free(ledger);
}

static void it_says_when_it_is_full(void **state)
{
    (void)state;
    struct ledger *ledger = ledger_new(1);
    uint32_t publisher, sequence;
    for (uint32_t i = 0; i < LEDGER_MAX_VOIDS; i++)
        ledger_void(ledger, 0, i);
    assert_false(ledger_is_full(ledger));
    assert_true(ledger_read_void(ledger, LEDGER_MAX_VOIDS - 1, &publisher, &sequence));
    for (uint32_t i = 0; i < 3; i++)
        ledger_void(ledger, 0, i);
    assert_true(ledger_is_full(ledger));
    assert_false(ledger_read_void(ledger, LEDGER_MAX_VOIDS, &publisher, &sequence));
    ledger_begin(ledger, 0);
    assert_false(ledger_is_full(ledger));
    assert_false(ledger_read_void(ledger, 0, &publisher, &sequence));
    ledger_free(ledger);
}

enum { EACH = 200000 };

static void enter(struct ledger *ledger, uint32_t publisher)
{
    for (uint32_t i = 0; i < EACH; i++) {
        ledger_publish(ledger, publisher);
        if (i % 2 == 0)
            ledger_void(ledger, publisher, i);
    }
    _exit(0);
}

/* Two processes write, this one reads meanwhile: what is void was published before, and each void is read
 * once, in the order of its publisher. */
static void two_processes_at_once(void **state)
{
    (void)state;
    struct ledger *ledger = ledger_new(2);
    uint32_t publisher, sequence, read = 0, next[2] = {0, 0};
    pid_t child[2];
    int status;
    for (uint32_t i = 0; i < 2; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (child[i] == 0)
            enter(ledger, i);
    }
    while (read < EACH) {
        if (!ledger_read_void(ledger, read, &publisher, &sequence))
            continue;
        read++;
        assert_true(publisher < 2);
        assert_int_equal(sequence, next[publisher]);
        assert_true(ledger_published(ledger, publisher) > sequence);
        next[publisher] += 2;
    }
    for (uint32_t i = 0; i < 2; i++) {
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
        assert_int_equal(ledger_published(ledger, i), EACH);
        assert_int_equal(next[i], EACH);
    }
    assert_false(ledger_read_void(ledger, read, &publisher, &sequence));
    ledger_free(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_and_void), cmocka_unit_test(a_new_step),
                                       cmocka_unit_test(it_says_when_it_is_full),
                                       cmocka_unit_test(two_processes_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
