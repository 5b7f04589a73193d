/* SPDX-License-Identifier: Apache-2.0 */
/* URLs, and whose addresses may be loaded without asking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "loadtest/setup/target.h"

static char why[400];

static void good_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host, *port, *header;
    } cases[] = {{"http://127.0.0.1:3000", "127.0.0.1", "3000", "127.0.0.1:3000"},
                 {"ws://localhost/", "localhost", "80", "localhost"},
                 {"http://[::1]:65535", "::1", "65535", "[::1]:65535"},
                 {"http://[fd00::1]", "fd00::1", "80", "[fd00::1]"},
                 {"ws://gateway-1.internal:1/", "gateway-1.internal", "1", "gateway-1.internal:1"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct target target;
        char header[300];
        assert_true(target_parse(&target, cases[i].url, why, sizeof why));
        assert_string_equal(target.host, cases[i].host);
        assert_string_equal(target.port, cases[i].port);
        target_host_header(&target, header, sizeof header);
        assert_string_equal(header, cases[i].header);
    }
}

static void assert_bad(const char *url, const char *expected)
{
    struct target target;
    why[0] = '\0';
    assert_false(target_parse(&target, url, why, sizeof why));
    assert_non_null(strstr(why, expected));
}

static void bad_urls(void **state)
{
    (void)state;
    static const char *const malformed[] = {"",
                                            "localhost:3000",
                                            "http://",
                                            "http://:80",
                                            "http://a:",
                                            "http://a:0",
                                            "http://a:65536",
                                            "http://a:8o",
                                            "http://a:-1",
                                            "http://[::1",
                                            "http://[::1]x",
                                            "http://u@h",
                                            "ftp://a"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        assert_bad(malformed[i], "expected http://HOST[:PORT]");
    assert_bad("https://a", "TLS is not supported");
    assert_bad("wss://a:1", "TLS is not supported");
    assert_bad("http://a/socket.io/", "--path");
    assert_bad("http://a?x=1", "--path");
}

static void resolved(void **state)
{
    (void)state;
    struct target target;
    assert_true(target_parse(&target, "http://127.0.0.1:3000", why, sizeof why));
    assert_true(target_resolve(&target, why, sizeof why));
    assert_string_equal(target.text, "127.0.0.1:3000");
    assert_true(target_parse(&target, "http://[::1]:3000", why, sizeof why));
    assert_true(target_resolve(&target, why, sizeof why));
    assert_string_equal(target.text, "[::1]:3000");
    assert_true(target_parse(&target, "http://no-such-host.invalid", why, sizeof why));
    assert_false(target_resolve(&target, why, sizeof why));
    assert_non_null(strstr(why, "no-such-host.invalid"));
}

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *v4 = (void *)&storage;
    struct sockaddr_in6 *v6 = (void *)&storage;
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
        v6->sin6_family = AF_INET6;
    }
    return storage;
}

static void private_addresses(void **state)
{
    (void)state;
    static const char *const yes[] = {"127.0.0.1",       "127.255.255.255", "10.0.0.0",    "10.255.255.255",
                                      "172.16.0.1",      "172.31.255.255",  "192.168.0.1", "::1",
                                      "fc00::1",         "fdff::1",         "fe80::1",     "febf::1",
                                      "::ffff:10.0.0.1", "::ffff:127.0.0.1"};
    static const char *const no[] = {"8.8.8.8",
                                     "126.255.255.255",
                                     "128.0.0.1",
                                     "11.0.0.1",
                                     "172.15.0.1",
                                     "172.32.0.1",
                                     "192.169.0.1",
                                     "192.167.255.255",
                                     "169.253.0.1",
                                     "169.254.1.1",
                                     "169.254.169.254",
                                     "0.0.0.0",
                                     "100.64.0.1",
                                     "::",
                                     "::2",
                                     "2001:db8::1",
                                     "fe00::1",
                                     "fec0::1",
                                     "::ffff:8.8.8.8"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        struct sockaddr_storage storage = address(yes[i]);
        assert_true(address_is_private((struct sockaddr *)&storage));
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        struct sockaddr_storage storage = address(no[i]);
        assert_false(address_is_private((struct sockaddr *)&storage));
    }
}

/* "Any address" means this machine, and that must not depend on where one comes from. */
static void any_address(void **state)
{
    (void)state;
    struct target target;
    assert_true(target_parse(&target, "http://0.0.0.0:3000", why, sizeof why));
    assert_true(target_resolve(&target, why, sizeof why));
    assert_string_equal(target.text, "127.0.0.1:3000");
    assert_true(target_parse(&target, "http://[::]:3000", why, sizeof why));
    assert_true(target_resolve(&target, why, sizeof why));
    assert_string_equal(target.text, "[::1]:3000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good_urls), cmocka_unit_test(bad_urls),
                                       cmocka_unit_test(resolved), cmocka_unit_test(private_addresses),
                                       cmocka_unit_test(any_address)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
