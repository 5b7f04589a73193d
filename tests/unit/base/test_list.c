/* SPDX-License-Identifier: Apache-2.0 */
/* The intrusive list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/list.h"

struct thing {
    int number;
    struct link link;
};

/* The numbers on the list as one decimal number, both ways around. */
static long digits(const struct link *head)
{
    long forth = 0, back = 0, place = 1;
    list_for_each (it, head) {
        forth = forth * 10 + container_of(it, struct thing, link)->number;
    }
    for (struct link *it = head->prev; it != head; it = it->prev, place *= 10)
        back += place * container_of(it, struct thing, link)->number;
    assert_int_equal(forth, back);
    return forth;
}

static void appends_and_removes(void **state)
{
    (void)state;
    struct link head;
    struct thing t[4];
    list_init(&head);
    assert_true(list_empty(&head));
    for (int i = 0; i < 4; i++) {
        t[i].number = i + 1;
        list_init(&t[i].link);
        list_append(&head, &t[i].link);
    }
    assert_int_equal(digits(&head), 1234);
    list_remove(&t[1].link);
    list_remove(&t[1].link);
    assert_int_equal(digits(&head), 134);
    list_append(&head, &t[1].link);
    assert_int_equal(digits(&head), 1342);
    list_for_each_safe (it, &head) {
        list_remove(it);
    }
    assert_true(list_empty(&head));
}

static void moves_all(void **state)
{
    (void)state;
    struct link a, b;
    struct thing t[4];
    list_init(&a);
    list_init(&b);
    list_move_all(&a, &b);
    assert_true(list_empty(&a) && list_empty(&b));
    for (int i = 0; i < 4; i++) {
        t[i].number = i + 1;
        list_append(i < 2 ? &a : &b, &t[i].link);
    }
    list_move_all(&a, &b);
    assert_int_equal(digits(&a), 1234);
    assert_true(list_empty(&b));
    list_move_all(&b, &a);
    assert_int_equal(digits(&b), 1234);
    assert_true(list_empty(&a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_and_removes),
        cmocka_unit_test(moves_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
