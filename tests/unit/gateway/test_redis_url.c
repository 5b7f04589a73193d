/* SPDX-License-Identifier: Apache-2.0 */
/* Redis URLs, good and bad, and the hints for what Redis may answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/base/err.h"
#include "gateway/gateway.h"
#include "gateway/redis/errors.h"
#include "gateway/redis/url.h"

static void assert_text(const char *have, const char *want)
{
    if (want == NULL)
        assert_null(have);
    else
        assert_string_equal(have, want);
}

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char *url, *host, *port, *user, *password;
        unsigned database;
    } good[] = {
        {"redis://h", "h", "6379", NULL, NULL, 0},
        {"redis://h/", "h", "6379", NULL, NULL, 0},
        {"redis://redis.example.com:7000/12", "redis.example.com", "7000", NULL, NULL, 12},
        {"redis://[::1]", "::1", "6379", NULL, NULL, 0},
        {"redis://[2001:db8::5]:65535/1", "2001:db8::5", "65535", NULL, NULL, 1},
        {"redis://:secret@h", "h", "6379", NULL, "secret", 0},
        {"redis://u:p@h:1", "h", "1", "u", "p", 0},
        {"redis://u%3a%2F:%25%40a%41:b@h", "h", "6379", "u:/", "%@aA:b", 0},
        {"redis://:a@b@h", "h", "6379", NULL, "a@b", 0},
    };
    char why[300];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct redis_url u;
        assert_int_equal(redis_url_parse(&u, good[i].url, why, sizeof why), 0);
        assert_text(u.host, good[i].host);
        assert_text(u.port, good[i].port);
        assert_text(u.user, good[i].user);
        assert_text(u.password, good[i].password);
        assert_int_equal(u.database, good[i].database);
        redis_url_free(&u);
        assert_int_equal(redis_url_check(good[i].url, why, sizeof why), 0);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *url, *part;
    } bad[] = {
        {"", "begin with redis://"},
        {"memory", "begin with redis://"},
        {"redis:/h", "begin with redis://"},
        {"rediss://h", "TLS"},
        {"redis://", "host is missing"},
        {"redis:///1", "host is missing"},
        {"redis://:6379", "host is missing"},
        {"redis://h:", "port"},
        {"redis://h:0", "port"},
        {"redis://h:65536", "port"},
        {"redis://h:99999999999999999999", "port"},
        {"redis://h:+1", "port"},
        {"redis://h:6379x", "port"},
        {"redis://::1", "brackets"},
        {"redis://::1:6379", "brackets"},
        {"redis://[::1", "] of the address"},
        {"redis://[::1]6379", "after ]"},
        {"redis://[]", "host is missing"},
        {"redis://h/x", "number of the database"},
        {"redis://h/-1", "number of the database"},
        {"redis://h/1/2", "number of the database"},
        {"redis://h/1000001", "number of the database"},
        {"redis://secret@h", "USER:PASSWORD"},
        {"redis://:@h", "empty"},
        {"redis://u:@h", "empty"},
        {"redis://:a/b@h", "%2F"},
        {"redis://:%zz@h", "%25"},
        {"redis://:%4@h", "%25"},
        {"redis://:%00@h", "%25"},
        {"redis://%:p@h", "%25"},
        {"redis://h?db=1", "?"},
        {"redis://:a#b@h", "%23"},
        {"redis://h%", "host is not valid"},
    };
    char why[300], cut[10];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct redis_url u;
        why[0] = '\0';
        assert_int_equal(redis_url_parse(&u, bad[i].url, why, sizeof why), ERR_BAD_REQUEST);
        assert_null(u.host);
        assert_null(u.password);
        if (strstr(why, bad[i].part) == NULL)
            fail_msg("%s: %s", bad[i].url, why);
        assert_non_null(strstr(why, "expected redis://[user:password@]HOST[:PORT][/DB]: "));
        assert_null(strstr(why, "secret"));
        assert_int_equal(redis_url_check(bad[i].url, cut, sizeof cut), ERR_BAD_REQUEST);
        assert_string_equal(cut, "expected ");
    }
}

static void test_hints(void **state)
{
    (void)state;
    assert_non_null(strstr(redis_error_hint(SLICE_LIT("NOAUTH Authentication required.")), "password"));
    assert_non_null(strstr(redis_error_hint(SLICE_LIT("NOPERM this user has no permissions")), "+publish"));
    assert_string_equal(redis_error_hint(SLICE_LIT("ERR unknown command")), "");
    assert_string_equal(redis_error_hint(SLICE_LIT("")), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_hints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
