/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes and names: all of the space is filled, nothing comes twice, all characters come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "core/base/random.h"

/* Each byte of every size is not 0 in one of 16 tries, and what lies behind is untouched. */
static void fills_every_byte(void **state)
{
    (void)state;
    for (size_t n = 0; n < 700; n++) {
        unsigned char seen[701] = {0}, p[701];
        for (int try = 0; try < 16; try++) {
            memset(p, 0, sizeof p);
            random_bytes(p, n);
            assert_int_equal(p[n], 0);
            for (size_t i = 0; i < n; i++)
                seen[i] |= p[i];
        }
        for (size_t i = 0; i < n; i++)
            assert_int_not_equal(seen[i], 0);
    }
}

static void does_not_repeat(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    static uint64_t v[MANY];
    for (int i = 0; i < MANY; i++) {
        v[i] = random_u64();
        for (int j = 0; j < i; j++)
            assert_true(v[i] != v[j]);
    }
}

static void every_bit_is_fair(void **state)
{
    (void)state;
    unsigned ones[64] = {0};
    for (int i = 0; i < 10000; i++) {
        uint64_t v = random_u64();
        for (int bit = 0; bit < 64; bit++)
            ones[bit] += (unsigned)(v >> bit) & 1;
    }
    for (int bit = 0; bit < 64; bit++)
        assert_in_range(ones[bit], 4600, 5400); /* 8 standard deviations */
}

static void names_use_the_whole_alphabet(void **state)
{
    (void)state;
    bool seen[256] = {false};
    for (int i = 0; i < 500; i++) {
        char name[21];
        name[20] = '!';
        random_name(name, 20);
        assert_int_equal(name[20], '!');
        for (int j = 0; j < 20; j++) {
            assert_true(isalnum((unsigned char)name[j]) || name[j] == '-' || name[j] == '_');
            seen[(unsigned char)name[j]] = true;
        }
    }
    int kinds = 0;
    for (int c = 0; c < 256; c++)
        kinds += seen[c];
    assert_int_equal(kinds, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_every_byte),
        cmocka_unit_test(does_not_repeat),
        cmocka_unit_test(every_bit_is_fair),
        cmocka_unit_test(names_use_the_whole_alphabet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
