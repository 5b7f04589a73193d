/* SPDX-License-Identifier: Apache-2.0 */
/* Where connections come from: how many addresses they need, which are taken, and that they are used evenly.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "loadtest/setup/plan.h"
#include "loadtest/setup/sources.h"

static char why[700];
static struct sources sources;

static struct target target(const char *ip, const char *text)
{
    struct target made = {.url = text};
    struct sockaddr_in *v4 = (void *)&made.addr;
    struct sockaddr_in6 *v6 = (void *)&made.addr;
    strcpy(made.text, text);
    if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, ip, &v6->sin6_addr), 1);
        v6->sin6_family = AF_INET6;
    }
    return made;
}

static bool give(const char *one, const char *two)
{
    const char *list[] = {one, two};
    sources_free(&sources);
    return sources_init(&sources, list, two ? 2 : one ? 1 : 0, why, sizeof why);
}

static void suffice(bool expected, unsigned connections, const struct target *targets, unsigned count)
{
    why[0] = '\0';
    if (sources_suffice(&sources, connections, 1000, targets, count, why, sizeof why) != expected)
        fail_msg("%u connections: %s", connections, why);
}

/* 1000 ports: a quarter of them is easy, 950 can be counted on. */
static void chosen(void **state)
{
    (void)state;
    struct target targets[] = {target("127.0.0.1", "a:1"), target("10.1.2.3", "b:1")};
    assert_true(give(NULL, NULL));
    suffice(true, 250, targets, 1);
    assert_int_equal(sources.count, 0);
    suffice(true, 251, targets, 1);
    assert_int_equal(sources.count, 2);
    suffice(true, 950 * 254, targets, 1);
    assert_int_equal(sources.count, 254);
    suffice(true, 1898, targets, 2);
    suffice(false, 1900, targets, 2);
    assert_non_null(strstr(why, "b:1"));
    assert_non_null(strstr(why, "--source"));
    suffice(false, 950 * 254 + 1, targets, 1);
}

static void given(void **state)
{
    (void)state;
    struct target there = target("10.1.2.3", "b:1"), v6 = target("fd00::1", "[fd00::1]:1");
    assert_true(give("127.0.0.2,127.0.0.3", "127.0.0.4"));
    assert_int_equal(sources.count, 3);
    suffice(true, 3 * 950 - 1, &there, 1);
    suffice(false, 3 * 950, &there, 1);
    assert_non_null(strstr(why, "than the 3 addresses of --source have ports for (about 950 each)"));
    suffice(false, 1, &v6, 1);
    assert_non_null(strstr(why, "option --source: 127.0.0.2 cannot reach [fd00::1]:1"));
    assert_non_null(strstr(why, "expected IPv6 addresses"));
    assert_true(give("127.0.0.2", NULL));
    suffice(true, 949, &there, 1);
    suffice(false, 950, &there, 1);
    sources_free(&sources);
}

static void not_to_be_given(void **state)
{
    (void)state;
    static const struct {
        const char *list, *said;
    } cases[] = {{"", "expected an IP address of this machine, or several with commas, got \"\""},
                 {"127.0.0.1,", "got \"\""},
                 {"localhost", "got \"localhost\""},
                 {"127.0.0.1 127.0.0.2", "got \"127.0.0.1 127.0.0.2\""},
                 {"0.0.0.0", "\"0.0.0.0\" is no address to connect from"},
                 {"::", "\"::\" is no address to connect from"},
                 {"127.0.0.1,127.0.0.2,127.0.0.1", "\"127.0.0.1\" is given twice"},
                 {"127.0.0.1,192.0.2.7", "\"192.0.2.7\" is not an address of this machine"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(give(cases[i].list, NULL));
        if (!strstr(why, cases[i].said))
            fail_msg("\"%s\": %s", cases[i].list, why);
        assert_null(sources.given);
    }
    assert_false(give("127.0.0.1", "127.0.0.1"));
    assert_non_null(strstr(why, "given twice"));
}

/* The how-manieth of the given addresses 127.0.0.11 onwards. */
static unsigned bound(unsigned connection)
{
    struct sockaddr_in at, to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a010203)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(sources_bind(&sources, fd, connection, (struct sockaddr *)&to), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    close(fd);
    return ntohl(at.sin_addr.s_addr) - 0x7f00000b;
}

/* As many connections to each URL come from each address, whatever is a multiple of what. */
static void evenly(void **state)
{
    (void)state;
    enum { CONNECTIONS = 2400, URLS = 4, ADDRESSES = 4, EACH = CONNECTIONS / URLS / ADDRESSES };
    static const uint32_t rooms[] = {1, 2, 3, 4, 100};
    assert_true(give("127.0.0.11,127.0.0.12,127.0.0.13,127.0.0.14", NULL));
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        unsigned count[URLS][ADDRESSES] = {0};
        struct plan plan;
        plan_init(&plan, CONNECTIONS, rooms[i], 0, URLS, "r");
        for (unsigned c = 0; c < CONNECTIONS; c++)
            count[plan_url(&plan, c)][bound(c)]++;
        for (int url = 0; url < URLS; url++)
            for (int k = 0; k < ADDRESSES; k++)
                if (count[url][k] < EACH * 0.95 || count[url][k] > EACH * 1.05)
                    fail_msg("%u rooms, URL %d from address %d: %u", rooms[i], url, k, count[url][k]);
        plan_free(&plan);
    }
    sources_free(&sources);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(chosen), cmocka_unit_test(given),
                                       cmocka_unit_test(not_to_be_given), cmocka_unit_test(evenly)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
