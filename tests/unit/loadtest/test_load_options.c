/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of roomcast-load: defaults, both ways to give a value, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "loadtest/dialect/dialect.h"
#include "loadtest/scenario/scenario.h"
#include "loadtest/setup/options.h"

static struct options options;

static enum options_result parse(const char *a, const char *b, const char *c, const char *d)
{
    const char *argv[] = {"roomcast-load", a, b, c, d, NULL};
    int argc = 1;
    while (argv[argc])
        argc++;
    return options_parse(&options, argc, (char **)argv);
}

static void defaults(void **state)
{
    (void)state;
    assert_int_equal(parse(NULL, NULL, NULL, NULL), OPTIONS_RUN);
    assert_int_equal(options.urls, 1);
    assert_string_equal(options.url[0], "http://127.0.0.1:3000");
    assert_ptr_equal(options.dialect, &load_socketio);
    assert_string_equal(options.path, "/socket.io/");
    assert_string_equal(options.scenario->name, "broadcast");
    assert_int_equal(options.connections, 1000);
    assert_int_equal(options.rooms, 1);
    assert_int_equal(options.publishers, 1);
    assert_int_equal(options.size, 64);
    assert_true(options.rate > 99.9 && options.rate < 100.1 && options.duration > 9.9 &&
                options.duration < 10.1);
}

static void values(void **state)
{
    (void)state;
    assert_int_equal(parse("--url", "http://a", "--url=http://b", "--dialect=json"), OPTIONS_RUN);
    assert_int_equal(options.urls, 2);
    assert_string_equal(options.url[1], "http://b");
    assert_string_equal(options.path, "/ws");
    assert_int_equal(parse("--rate", "0.5", "--connections=1000000", "--no-progress"), OPTIONS_RUN);
    assert_true(options.rate > 0.4 && options.rate < 0.6 && options.no_progress);
    assert_int_equal(options.connections, 1000000);
    assert_int_equal(parse("--path", "/x", "--dialect", "json"), OPTIONS_RUN);
    assert_string_equal(options.path, "/x");
    assert_int_equal(parse("-h", NULL, NULL, NULL), OPTIONS_DONE);
}

/* The number of rooms and publishers that nobody asked for is no more than there are connections. */
static void small_runs(void **state)
{
    (void)state;
    assert_int_equal(parse("--connections", "3", "--scenario", "rooms"), OPTIONS_RUN);
    assert_int_equal(options.rooms, 3);
    assert_int_equal(options.publishers, 3);
    assert_int_equal(parse("--connections=9", "--scenario=chat", "--churn=1", NULL), OPTIONS_RUN);
    assert_int_equal(options.publishers, 5); /* the others come and go */
    assert_int_equal(parse("--connections", "3", "--rooms", "4"), OPTIONS_BAD);
    assert_int_equal(parse("--connections", "3", "--publishers", "4"), OPTIONS_BAD);
    assert_int_equal(parse("--connections", "3", "--publishers", "0"), OPTIONS_RUN);
    assert_int_equal(options.publishers, 0);
}

static void scenarios(void **state)
{
    (void)state;
    assert_int_equal(parse("--rooms", "7", "--scenario", "idle"), OPTIONS_RUN);
    assert_int_equal(options.connections, 10000);
    assert_int_equal(options.rooms, 7);
    assert_int_equal(options.publishers, 0);
    assert_int_equal(parse("--scenario=storm", "--rounds=5", NULL, NULL), OPTIONS_RUN);
    assert_int_equal(options.rounds, 5);
    assert_int_equal(parse("--scenario", "failover", NULL, NULL), OPTIONS_BAD);
    assert_int_equal(parse("--scenario", "failover", "--command", "true"), OPTIONS_RUN);
    assert_int_equal(parse("--search", "--scenario", "idle", NULL), OPTIONS_BAD);
    assert_int_equal(parse("--command", "true", "--command-at=9.9", NULL), OPTIONS_RUN);
    assert_int_equal(parse("--command", "true", "--command-at=10", NULL), OPTIONS_BAD);
    assert_int_equal(parse("--command", "true", "--command-at=10", "--warmup=1"), OPTIONS_RUN);
    assert_int_equal(parse("--stalled", "0.5", NULL, NULL), OPTIONS_BAD);
    assert_int_equal(parse("--stalled", "0.5", "--scenario", "slow"), OPTIONS_RUN);
    assert_int_equal(parse("--pid", "12", "--pid=34", NULL), OPTIONS_RUN);
    assert_int_equal(options.pids, 2);
    assert_int_equal(options.pid[1], 34);
}

static void refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"--connections", "0"},  {"--connections", "1.5"}, {"--connections", "-1"},
        {"--connections", ""},   {"--connections", "1e3"}, {"--connections", "99999999999999999999"},
        {"--rooms", "0"},        {"--rooms", "ten"},       {"--rate", "nan"},
        {"--rate", "inf"},       {"--rate", "-1"},         {"--rate", "10x"},
        {"--duration", "0"},     {"--size", "63"},         {"--size", "1000001"},
        {"--dialect", "mqtt"},   {"--namespace", "admin"}, {"--namespace", "/a,b"},
        {"--path", "ws"},        {"--path", "/a b"},       {"--join-event", ""},
        {"--json", ""},          {"--interval", "0"},      {"--frobnicate", "1"},
        {"connections", "1"},    {"--conn", "1"},          {"--no-progress=1", NULL},
        {"--rate", NULL},        {"--in-flight", "0"},     {"--connect-timeout", "0"},
        {"--scenario", "quiet"}, {"--pid", "0"},           {"--pid", "self"},
        {"--burst", "0"},        {"--stalled", "2"},       {"--path", "/{rom}"},
        {"--join-args", "{}"},   {"--publish-args", "[]"}, {"--auth", "token"},
        {"--auth", "[]"},        {"--auth", "{}{}"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(parse(bad[i][0], bad[i][1], NULL, NULL), OPTIONS_BAD);
}

/* An option that would do nothing is refused, and so are values that contradict each other. */
static void without_effect(void **state)
{
    (void)state;
    static const char *const bad[][4] = {
        {"--churn", "1"},
        {"--typing=0", "--scenario=rooms"},
        {"--stalled=0.1", "--scenario", "chat"},
        {"--command-at", "1"},
        {"--publish-path", "/x"},
        {"--publish-path=/x", "--dialect", "json"},
        {"--search", "--rounds=2"},
        {"--max-p99=5", "--publishers=0"},
        {"--max-p99=5", "--rate=0"},
        {"--search", "--scenario", "slow"},
        {"--search", "--scenario=storm", "--publishers=1", "--rate=9"},
        {"--search", "--scenario=failover", "--command", "true"},
        {"--rate=10", "--burst=11", "--duration=1"},
        {"--scenario=chat", "--publish-args=[{message}]"},
        {"--scenario=chat", "--connections=9", "--publishers=9", "--churn=1"},
        {"--scenario=chat", "--dialect=raw"},
        {"--scenario=chat", "--dialect=sse", "--churn=0"},
        {"--scenario=chat", "--churn=0", "--leave-event=x"},
        {"--scenario=chat", "--churn=0", "--reconnect-delay=1"},
        {"--scenario=storm", "--publishers=1"},
        {"--rate=5", "--publishers=0"},
        {"--rate=0", "--publishers=1"},
        {"--rate=0", "--burst=10"},
        {"--no-join", "--join-event=x"},
        {"--no-join", "--join-args=[]"},
        {"--no-join", "--no-join-acks"},
        {"--no-join", "--scenario=chat", "--churn=1"},
        {"--no-join", "--scenario=chat", "--reconnect-delay=1"},
        {"--no-echo", "--connections=5", "--rooms=5"},
        {"--json=x", "--html=x"},
        {"--json=-", "--html=-"}};
    static const char *const fine[][4] = {{"--scenario", "chat", "--churn=0", "--typing=2"},
                                          {"--publish-path=/x", "--dialect", "sse"},
                                          {"--search", "--scenario", "chat"},
                                          {"--search", "--scenario", "rooms"},
                                          {"--max-p99", "5"},
                                          {"--rate=10", "--burst=10", "--duration=1"},
                                          {"--rate=0", "--publishers=0"},
                                          {"--scenario=storm", "--publishers=1", "--rate=9", "--size=99"},
                                          {"--command=true", "--command-at=1"},
                                          {"--search", "--reconnect-delay=1"},
                                          {"--scenario=chat", "--typing=0", "--publish-args=[{message}]"},
                                          {"--no-echo", "--connections=6", "--rooms=5"},
                                          {"--no-join", "--scenario=chat"},
                                          {"--json=x", "--html=y"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(parse(bad[i][0], bad[i][1], bad[i][2], bad[i][3]), OPTIONS_BAD);
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        assert_int_equal(parse(fine[i][0], fine[i][1], fine[i][2], fine[i][3]), OPTIONS_RUN);
}

static void the_threshold_has_a_default_in_a_search(void **state)
{
    (void)state;
    assert_int_equal(parse(NULL, NULL, NULL, NULL), OPTIONS_RUN);
    assert_true(options.max_p99 <= 0);
    assert_int_equal(parse("--search", NULL, NULL, NULL), OPTIONS_RUN);
    assert_true(options.max_p99 > 99.9 && options.max_p99 < 100.1);
    assert_int_equal(parse("--search", "--max-p99=7", NULL, NULL), OPTIONS_RUN);
    assert_true(options.max_p99 > 6.9 && options.max_p99 < 7.1);
}

static void late_is_what_the_threshold_says(void **state)
{
    (void)state;
    assert_int_equal(parse(NULL, NULL, NULL, NULL), OPTIONS_RUN);
    assert_int_equal(options_late_us(&options), 1000000);
    assert_int_equal(parse("--max-p99=7.5", NULL, NULL, NULL), OPTIONS_RUN);
    assert_int_equal(options_late_us(&options), 7500);
}

static void too_many_urls(void **state)
{
    (void)state;
    char *argv[OPTIONS_MAX_URLS + 2];
    for (int i = 0; i < OPTIONS_MAX_URLS + 2; i++)
        argv[i] = (char *)"--url=http://a";
    assert_int_equal(options_parse(&options, OPTIONS_MAX_URLS + 1, argv), OPTIONS_RUN);
    assert_int_equal(options_parse(&options, OPTIONS_MAX_URLS + 2, argv), OPTIONS_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(defaults),
                                       cmocka_unit_test(values),
                                       cmocka_unit_test(small_runs),
                                       cmocka_unit_test(refused),
                                       cmocka_unit_test(too_many_urls),
                                       cmocka_unit_test(scenarios),
                                       cmocka_unit_test(without_effect),
                                       cmocka_unit_test(the_threshold_has_a_default_in_a_search),
                                       cmocka_unit_test(late_is_what_the_threshold_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
