/* SPDX-License-Identifier: Apache-2.0 */
/* Base64: the vectors of RFC 4648, all lengths, and everything that is not base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "core/base/base64.h"
#include "core/base/err.h"

/* Decodes from and into memory of just the allowed size, for the sanitizer to watch. */
static long decode(struct slice in, char *out)
{
    char *tight_in = malloc(in.n), *tight_out = malloc(in.n / 4 * 3 + 3);
    assert_true(tight_out && (tight_in || in.n == 0));
    if (in.n > 0)
        memcpy(tight_in, in.p, in.n);
    long n = base64_decode((struct slice){tight_in, in.n}, tight_out);
    if (n > 0)
        memcpy(out, tight_out, (size_t)n);
    free(tight_in);
    free(tight_out);
    return n;
}

static void assert_decodes(const char *in, const char *want)
{
    char out[100];
    long n = decode(slice_of(in), out);
    assert_int_equal(n, strlen(want));
    assert_memory_equal(out, want, strlen(want));
}

static void assert_refused(const char *in)
{
    char out[100];
    assert_int_equal(decode(slice_of(in), out), ERR_PARSE);
}

static void rfc_vectors(void **state)
{
    (void)state;
    static const char *const v[][2] = {{"", ""},
                                       {"f", "Zg=="},
                                       {"fo", "Zm8="},
                                       {"foo", "Zm9v"},
                                       {"foob", "Zm9vYg=="},
                                       {"fooba", "Zm9vYmE="},
                                       {"foobar", "Zm9vYmFy"},
                                       {"\xfb\xff\xbe", "+/++"}};
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
        char out[16];
        assert_int_equal(base64_encode(slice_of(v[i][0]), out), strlen(v[i][1]));
        assert_memory_equal(out, v[i][1], strlen(v[i][1]));
        assert_decodes(v[i][1], v[i][0]);
    }
}

/* Every length, and every prefix of the encoded text: a prefix of the bytes or, one character over, refused.
 */
static void truncated_at_every_length(void **state)
{
    (void)state;
    char bytes[200], text[300], back[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 167 + 13);
    for (size_t n = 0; n < sizeof bytes; n++) {
        size_t size = base64_encode((struct slice){bytes, n}, text);
        assert_int_equal(size, base64_encoded_size(n));
        assert_int_equal(decode((struct slice){text, size}, back), n);
        assert_memory_equal(back, bytes, n);
        size_t digits = (n * 4 + 2) / 3;
        for (size_t cut = 0; cut < digits; cut++) {
            long got = decode((struct slice){text, cut}, back);
            assert_int_equal(got, cut % 4 == 1 ? ERR_PARSE : (long)(cut * 3 / 4));
            if (got > 0)
                assert_memory_equal(back, bytes, (size_t)got);
        }
    }
}

static bool in_alphabet(int c)
{
    return c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_", c);
}

static void a_wrong_character_anywhere(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 12; n++) {
        for (size_t at = 0; at < n; at++) {
            for (int c = 0; c < 256; c++) {
                bool padding = c == '=' && n % 4 == 0 && at == n - 1;
                char text[12], out[12];
                memset(text, 'Q', sizeof text);
                text[at] = (char)c;
                bool good = n % 4 != 1 && (in_alphabet(c) || padding);
                assert_int_equal(decode((struct slice){text, n}, out) >= 0, good);
            }
        }
    }
}

static void padding(void **state)
{
    (void)state;
    assert_decodes("Zg", "f");
    assert_decodes("Zm8", "fo");
    assert_decodes("Zm9vYg", "foob");
    assert_refused("=");
    assert_refused("==");
    assert_refused("Zg=");
    assert_refused("Zg===");
    assert_refused("Z===");
    assert_refused("====");
    assert_refused("Zm8==");
    assert_refused("Zg==Zg==");
    assert_refused("Zg==\n");
    assert_refused("Zg=A");
}

static void lenient(void **state)
{
    (void)state;
    assert_decodes("-_--", "\xfb\xff\xbe");
    assert_decodes("-/+-", "\xfb\xff\xbe");
    assert_decodes("Zh==", "f"); /* as browsers do */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_vectors),
        cmocka_unit_test(truncated_at_every_length),
        cmocka_unit_test(a_wrong_character_anywhere),
        cmocka_unit_test(padding),
        cmocka_unit_test(lenient),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
