/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units, at the borders between these. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "loadtest/format.h"

static void times(void **state)
{
    char text[16];
    (void)state;
    assert_string_equal(format_us(0, text), "0 us");
    assert_string_equal(format_us(999, text), "999 us");
    assert_string_equal(format_us(1500, text), "1.50 ms");
    assert_string_equal(format_us(12345, text), "12.3 ms");
    assert_string_equal(format_us(2500000, text), "2.50 s");
}

static void counts(void **state)
{
    char text[16];
    (void)state;
    assert_string_equal(format_count(0, text), "0");
    assert_string_equal(format_count(2.5, text), "2.5");
    assert_string_equal(format_count(99.96, text), "100");
    assert_string_equal(format_count(9999.4, text), "9999");
    assert_string_equal(format_count(9999.5, text), "10.0 k");
    assert_string_equal(format_count(123456, text), "123 k");
    assert_string_equal(format_count(999499, text), "999 k");
    assert_string_equal(format_count(999500, text), "1.00 M");
    assert_string_equal(format_count(1234567, text), "1.23 M");
    assert_string_equal(format_count(18446744073709551615.0, text), "18446744 T");
}

static void bytes(void **state)
{
    char text[16];
    (void)state;
    assert_string_equal(format_bytes(0, text), "0 B");
    assert_string_equal(format_bytes(999, text), "999 B");
    assert_string_equal(format_bytes(3060, text), "3.06 kB");
    assert_string_equal(format_bytes(12345678, text), "12.3 MB");
}

static void lines(void **state)
{
    char text[] = "a\x1b[2J\r\nb\x7f\xc3\xbc ";
    (void)state;
    format_line(text);
    assert_string_equal(text, "a [2J  b \xc3\xbc ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(times), cmocka_unit_test(counts),
                                       cmocka_unit_test(bytes), cmocka_unit_test(lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
