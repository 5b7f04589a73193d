/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: sharing by reference count (a leak or a use after free is the sanitizer's to see) and packing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/frame.h"

static struct frame *frame_with(const char *z)
{
    struct frame *f = frame_new(strlen(z));
    assert_non_null(f);
    memcpy(f->bytes, z, f->n);
    return f;
}

static void counts_references(void **state)
{
    (void)state;
    struct frame *f = frame_with("hello");
    assert_int_equal(f->refs, 1);
    assert_int_equal(f->messages, 1);
    assert_int_equal(f->n, 5);
    assert_ptr_equal(frame_get(f), f);
    assert_int_equal(f->refs, 2);
    frame_put(f);
    assert_int_equal(f->refs, 1);
    assert_memory_equal(f->bytes, "hello", 5);
    frame_put(f);
}

static void packs_in_order(void **state)
{
    (void)state;
    struct frame *parts[] = {frame_with("one,"), frame_with(""), frame_with("three")};
    parts[2]->messages = 5;
    struct frame *packed = frame_pack(parts, 3);
    assert_non_null(packed);
    assert_int_equal(packed->refs, 1);
    assert_int_equal(packed->messages, 7);
    assert_int_equal(packed->n, 9);
    assert_memory_equal(packed->bytes, "one,three", 9);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(parts[i]->refs, 1);
        frame_put(parts[i]);
    }
    frame_put(packed);
}

static void gives_back_what_is_not_wanted(void **state)
{
    (void)state;
    struct frame *f = frame_shrink(frame_with("small and more"), 5);
    assert_int_equal(f->n, 5);
    assert_memory_equal(f->bytes, "small", 5);
    f = frame_shrink(f, 0);
    assert_int_equal(f->n, 0);
    assert_int_equal(f->refs, 1);
    frame_put(f);
}

static void refuses_what_its_length_cannot_say(void **state)
{
    (void)state;
    assert_null(frame_new((size_t)UINT32_MAX + 1));
    assert_null(frame_new(SIZE_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_references),
        cmocka_unit_test(packs_in_order),
        cmocka_unit_test(gives_back_what_is_not_wanted),
        cmocka_unit_test(refuses_what_its_length_cannot_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
