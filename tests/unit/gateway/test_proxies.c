/* SPDX-License-Identifier: Apache-2.0 */
/* trusted_proxies: blocks, addresses, and who a request came from. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "core/base/err.h"
#include "gateway/server/proxies.h"

static void test_trust(void **state)
{
    (void)state;
    static const struct {
        const char *blocks, *address;
        bool trusted;
    } rows[] = {
        {"", "127.0.0.1", false},
        {"127.0.0.1", "127.0.0.1", true},
        {"127.0.0.1", "127.0.0.2", false},
        {"10.0.0.0/8", "10.255.1.2", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"192.168.4.0/22", "192.168.7.255", true},
        {"192.168.4.0/22", "192.168.8.0", false},
        {"0.0.0.0/0", "8.8.8.8", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "8.8.8.8", true},
        {"::1, fd00::/9", "::1", true},
        {"::1, fd00::/9", "fd7f::1", true},
        {"::1, fd00::/9", "fd80::1", false},
        {"10.0.0.1", "::ffff:10.0.0.1", true},
        {"10.0.0.1", "10.0.0.1:80", false},
        {"10.0.0.1", "", false},
        {"10.0.0.1", "unknown", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proxies p = {0};
        char why[128];
        assert_int_equal(proxies_compile(&p, rows[i].blocks, why, sizeof why), 0);
        assert_int_equal(proxies_trust(&p, slice_of(rows[i].address)), rows[i].trusted);
        proxies_free(&p);
    }
}

static void test_bad_blocks(void **state)
{
    (void)state;
    static const char *const rows[] = {"x",         "1.2.3",        "1.2.3.4/33", "1.2.3.4/",  "::/129",
                                       "1.2.3.4/x", "10.0.0.1 ::1", "[::1]",      "1.2.3.4,y", "1.2.3.4/-1"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proxies p = {0};
        char why[128];
        assert_int_equal(proxies_compile(&p, rows[i], why, sizeof why), ERR_BAD_REQUEST);
        assert_non_null(strstr(why, "trusted_proxies: "));
        assert_false(proxies_trust(&p, slice_of("1.2.3.4")));
    }
}

static void test_client(void **state)
{
    (void)state;
    static const struct {
        const char *peer, *forwarded_for, *client;
    } rows[] = {
        {"10.0.0.1", "", "10.0.0.1"},
        {"9.9.9.9", "1.1.1.1", "9.9.9.9"},
        {"10.0.0.1", "1.1.1.1", "1.1.1.1"},
        {"10.0.0.1", "6.6.6.6, 1.1.1.1", "1.1.1.1"},
        {"10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1"},
        {"10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3"},
        {"10.0.0.1", "1.1.1.1, unknown", "10.0.0.1"},
        {"10.0.0.1", "2001:db8::7", "2001:db8::7"},
        {"10.0.0.1", " , ,1.1.1.1 ,", "1.1.1.1"},
    };
    struct proxies p = {0};
    char why[128];
    assert_int_equal(proxies_compile(&p, "10.0.0.0/8", why, sizeof why), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice client = proxies_client(&p, slice_of(rows[i].peer), slice_of(rows[i].forwarded_for));
        assert_true(slice_is(client, rows[i].client));
    }
    proxies_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_bad_blocks),
        cmocka_unit_test(test_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
