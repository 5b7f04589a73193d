/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: all code points, and all sequences of up to four bytes against the definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "core/base/utf8.h"

static bool valid(const unsigned char *p, size_t n)
{
    return utf8_valid((struct slice){(const char *)p, n});
}

/* In memory that ends with the text, for the sanitizer to watch. */
static bool tight_valid(const unsigned char *p, size_t n)
{
    unsigned char *copy = malloc(n);
    assert_true(copy || n == 0);
    if (n > 0)
        memcpy(copy, p, n);
    bool answer = valid(copy, n);
    free(copy);
    return answer;
}

static void every_code_point(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        char z[4];
        size_t n = utf8_put(z, c);
        assert_int_equal(n, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
        assert_true(utf8_valid((struct slice){z, n}));
        for (size_t cut = 1; cut < n; cut++)
            assert_false(utf8_valid((struct slice){z, cut}));
    }
}

/* How often a sequence of n bytes is one character is known: the code points that need n bytes. */
static void counts_of_single_characters(void **state)
{
    (void)state;
    unsigned two = 0, three = 0, four = 0;
    for (unsigned v = 0; v < 0x1000000; v++) {
        unsigned char p[4] = {(unsigned char)(v >> 16), (unsigned char)(v >> 8), (unsigned char)v, 0x80};
        if (v < 0x10000 && p[1] >= 0x80)
            two += valid(p + 1, 2);
        if (p[0] >= 0xE0)
            three += valid(p, 3);
        if (p[0] >= 0xE0)
            four += valid(p, 4);
    }
    assert_int_equal(two, 0x800 - 0x80);
    assert_int_equal(three, 0x10000 - 0x800 - 0x800);
    assert_int_equal(four, (0x110000 - 0x10000) / 64);
}

static void known_bad(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x80",         "\xC0\x80",     "\xC1\xBF",         "\xE0\x9F\xBF",     "\xED\xA0\x80",
        "\xED\xBF\xBF", "\xEF\xBF",     "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
        "\xFE",         "\xC3\xA9\xA9", "\xE2\x82 ",        "\xF0\x9F\x98 ",    "\xC3\xC3\xA9",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(utf8_valid(slice_of(bad[i])));
}

/* The way eight at a time must not skip a byte, nor read past the end. */
static void a_bad_byte_at_every_place(void **state)
{
    (void)state;
    unsigned char text[41];
    for (size_t n = 0; n <= 40; n++) {
        memset(text, 'a', n);
        text[n] = 0xFF;
        assert_true(tight_valid(text, n));
        for (size_t at = 0; at < n; at++) {
            text[at] = 0xFF;
            assert_false(tight_valid(text, n));
            text[at] = 0xC3;
            assert_false(tight_valid(text, n));
            text[at] = 'a';
        }
        for (size_t at = 0; at + 2 <= n; at++) {
            memcpy(text + at, "\xC3\xA9", 2);
            assert_true(tight_valid(text, n));
            memset(text + at, 'a', 2);
        }
    }
    assert_true(utf8_valid(SLICE_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point),
        cmocka_unit_test(counts_of_single_characters),
        cmocka_unit_test(known_bad),
        cmocka_unit_test(a_bad_byte_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
