/* SPDX-License-Identifier: Apache-2.0 */
/* The growable buffer: contents, the bound, and the error that sticks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/buf.h"
#include "core/base/err.h"

static void assert_holds(const struct buf *b, const char *z)
{
    assert_int_equal(b->n, strlen(z));
    if (b->n > 0)
        assert_memory_equal(b->p, z, b->n);
}

static void appends(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(buf_add(&b, SLICE_NONE), 0);
    assert_holds(&b, "");
    assert_int_equal(buf_adds(&b, "ab"), 0);
    assert_int_equal(buf_addc(&b, 'c'), 0);
    assert_int_equal(buf_add(&b, SLICE_LIT("de")), 0);
    assert_int_equal(buf_addf(&b, "%d-%s", 42, "x"), 0);
    assert_int_equal(buf_addu(&b, 0), 0);
    assert_int_equal(buf_addu(&b, UINT64_MAX), 0);
    assert_holds(&b, "abcde42-x018446744073709551615");
    assert_true(slice_is(buf_slice(&b), "abcde42-x018446744073709551615"));
    buf_free(&b);
    assert_int_equal(b.n, 0);
    assert_int_equal(buf_adds(&b, "again"), 0);
    assert_holds(&b, "again");
    buf_free(&b);
}

static void grows_to_its_bound_and_no_further(void **state)
{
    (void)state;
    for (size_t max = 0; max < 300; max++) {
        struct buf b;
        buf_init(&b, max);
        for (size_t i = 0; i < max; i++)
            assert_int_equal(buf_addc(&b, (char)('a' + i % 26)), 0);
        assert_int_equal(b.n, max);
        assert_true(b.cap <= max);
        assert_int_equal(buf_addc(&b, '!'), ERR_TOO_LARGE);
        assert_int_equal(b.n, max);
        for (size_t i = 0; i < max; i++)
            assert_int_equal(b.p[i], 'a' + i % 26);
        buf_free(&b);
    }
}

static void format_fills_to_the_bound(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 8);
    assert_int_equal(buf_addf(&b, "%s", ""), 0);
    assert_int_equal(buf_addf(&b, "%s", "12345678"), 0);
    assert_holds(&b, "12345678");
    buf_clear(&b);
    assert_int_equal(buf_adds(&b, "1234"), 0);
    assert_int_equal(buf_addf(&b, "%s", "5678"), 0);
    assert_holds(&b, "12345678");
    buf_clear(&b);
    assert_int_equal(buf_addf(&b, "%s", "123456789"), ERR_TOO_LARGE);
    assert_holds(&b, "");
    buf_free(&b);
}

static void the_first_error_sticks(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4);
    assert_int_equal(buf_adds(&b, "abc"), 0);
    assert_int_equal(buf_adds(&b, "de"), ERR_TOO_LARGE);
    assert_holds(&b, "abc");
    assert_int_equal(b.err, ERR_TOO_LARGE);
    assert_int_equal(buf_addc(&b, 'd'), ERR_TOO_LARGE);
    assert_int_equal(buf_addf(&b, "%d", 1), ERR_TOO_LARGE);
    assert_int_equal(buf_reserve(&b, 0), ERR_TOO_LARGE);
    assert_holds(&b, "abc");
    buf_clear(&b);
    assert_int_equal(b.err, 0);
    assert_int_equal(buf_adds(&b, "abcd"), 0);
    assert_holds(&b, "abcd");
    buf_free(&b);
}

static void sizes_do_not_overflow(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, SIZE_MAX);
    assert_int_equal(buf_addc(&b, 'a'), 0);
    assert_int_equal(buf_reserve(&b, SIZE_MAX), ERR_TOO_LARGE);
    buf_clear(&b);
    assert_int_equal(buf_reserve(&b, SIZE_MAX / 2), ERR_NOMEM);
    buf_free(&b);
}

static void consumes_from_the_front(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    buf_consume(&b, 0);
    assert_int_equal(buf_adds(&b, "abcdef"), 0);
    buf_consume(&b, 0);
    assert_holds(&b, "abcdef");
    buf_consume(&b, 4);
    assert_holds(&b, "ef");
    assert_int_equal(buf_addc(&b, 'g'), 0);
    assert_holds(&b, "efg");
    buf_consume(&b, 3);
    assert_holds(&b, "");
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends),
        cmocka_unit_test(grows_to_its_bound_and_no_further),
        cmocka_unit_test(format_fills_to_the_bound),
        cmocka_unit_test(the_first_error_sticks),
        cmocka_unit_test(sizes_do_not_overflow),
        cmocka_unit_test(consumes_from_the_front),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
