/* SPDX-License-Identifier: Apache-2.0 */
/* The seeded hash, and a table made with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "core/base/hash.h"

struct entry {
    char name[16];
    UT_hash_handle hh;
};

static void the_seed_changes_the_hash(void **state)
{
    (void)state;
    hash_seed(1);
    unsigned one = hash_bytes("room", 4);
    assert_int_equal(hash_bytes("room", 4), one);
    assert_int_not_equal(hash_bytes("roon", 4), one);
    assert_int_not_equal(hash_bytes("roo", 3), one);
    hash_seed(2);
    assert_int_not_equal(hash_bytes("room", 4), one);
    (void)hash_bytes("", 0);
}

static void a_table_finds_what_was_added(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    struct entry *table = NULL, *entries = calloc(MANY, sizeof *entries), *found;
    assert_non_null(entries);
    hash_seed(UINT64_C(0x123456789abcdef0));
    for (int i = 0; i < MANY; i++) {
        int n = snprintf(entries[i].name, sizeof entries[i].name, "room-%d", i);
        HASH_ADD_KEYPTR(hh, table, entries[i].name, (size_t)n, &entries[i]);
    }
    assert_int_equal(HASH_COUNT(table), MANY);
    for (int i = 0; i < MANY; i += 2)
        HASH_DEL(table, &entries[i]);
    for (int i = 0; i < MANY; i++) {
        HASH_FIND(hh, table, entries[i].name, strlen(entries[i].name), found);
        assert_ptr_equal(found, i % 2 ? &entries[i] : NULL);
    }
    struct entry *next;
    HASH_ITER(hh, table, found, next)
    HASH_DEL(table, found);
    assert_null(table);
    free(entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_seed_changes_the_hash),
        cmocka_unit_test(a_table_finds_what_was_added),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
