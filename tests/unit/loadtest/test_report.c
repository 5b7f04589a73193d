/* SPDX-License-Identifier: Apache-2.0 */
/* The report: the verdict on each counter, and JSON that is JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/codec/json.h"
#include "loadtest/report/report.h"
#include "loadtest/scenario/scenarios.h"

static struct options options;
static struct step step;
static struct result result;

static int setup(void **state)
{
    (void)state;
    char *argv[] = {(char *)"roomcast-load"};
    memset(&step, 0, sizeof step);
    memset(&result, 0, sizeof result);
    result.options = &options;
    result.step = &step;
    result.steps = 1;
    step.stats.count[STAT_PUBLISHED] = step.stats.count[STAT_ACKNOWLEDGED] = 10;
    step.stats.count[STAT_DELIVERED] = 100;
    histogram_record(&step.stats.latency, 1234);
    return options_parse(&options, 1, argv) == OPTIONS_RUN ? 0 : -1;
}

static bool printed(const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    report_print(file, &result);
    fclose(file);
    bool found = strstr(text, expected) != NULL;
    free(text);
    return found;
}

static void fine(void **state)
{
    (void)state;
    assert_false(result_failed(&result));
    assert_true(printed("ok: every subscriber got every accepted message once and in order"));
    assert_true(printed("p99.9 1.2"));
}

static void each_fault_fails(void **state)
{
    (void)state;
    for (int i = 0; i < STATS; i++) {
        setup(state);
        step.stats.count[i] += 1;
        assert_int_equal(result_failed(&result), stat_is_fault((enum stat)i, false));
        char line[64];
        snprintf(line, sizeof line, "FAILED: %s 1", stat_info[i].key);
        assert_int_equal(printed(line), stat_is_fault((enum stat)i, false));
    }
}

static void refusals_alone_do_not_fail(void **state)
{
    (void)state;
    step.stats.count[STAT_ACKNOWLEDGED] = 1;
    step.stats.count[STAT_REFUSED] = 9;
    assert_false(result_failed(&result));
    step.stats.count[STAT_ACKNOWLEDGED] = 0;
    assert_true(result_failed(&result));
    assert_true(printed("not one publication was accepted"));
}

static void an_error_fails(void **state)
{
    (void)state;
    snprintf(result.error, sizeof result.error, "no \"connection\"");
    assert_true(result_failed(&result));
    assert_true(printed("FAILED: no \"connection\""));
}

static void assert_json(void)
{
    struct buf out;
    struct slice value;
    buf_init(&out, 100000);
    assert_int_equal(report_json(&out, &result), 0);
    assert_int_equal(json_check(buf_slice(&out), 8, &value), 0);
    buf_free(&out);
}

static void json(void **state)
{
    (void)state;
    assert_json();
    snprintf(result.error, sizeof result.error, "a \"quoted\"\nerror");
    snprintf(step.stats.first_refusal, sizeof step.stats.first_refusal, "{\"code\":\"%s\"}", "unavailable");
    assert_json();
}

static struct buf json_of_result(void)
{
    struct buf out;
    buf_init(&out, 100000);
    assert_int_equal(report_json(&out, &result), 0);
    assert_int_equal(buf_addc(&out, '\0'), 0);
    return out;
}

static void json_has_what_reports_need(void **state)
{
    (void)state;
    histogram_record(&step.stats.latency, 5);
    histogram_record(&step.stats.latency, 5);
    step.from.publishing = 0.25;
    struct buf out = json_of_result();
    const char *top = out.p, *steps = strstr(top, ",\"steps\":[");
    assert_non_null(steps);
    assert_non_null(strstr(top, "\"verdict\":[\"ok: every subscriber got"));
    assert_non_null(strstr(top, "\"cuts\":false"));
    assert_non_null(strstr(top, "\"drain_timeout\":10,"));
    assert_non_null(strstr(top, "\"publishing\":0.25"));
    assert_null(strstr(top, "\"html\""));
    /* the highest bucket ends at the maximum */
    assert_non_null(strstr(top, "\"buckets\":[[5,2],[1234,1]]"));
    assert_null(strstr(steps, "\"buckets\""));
    buf_free(&out);
}

static void verdict_of_several_faults(void **state)
{
    (void)state;
    step.stats.count[STAT_LOST] = 3;
    step.stats.count[STAT_DUPLICATED] = 4;
    result.interrupted = true;
    step.cut_short = BY_INTERRUPT;
    struct buf out = json_of_result();
    assert_non_null(strstr(out.p, "\"verdict\":[\"interrupted: "));
    assert_non_null(strstr(out.p, "\",\"FAILED: lost 3: "));
    assert_non_null(strstr(out.p, "\",\"FAILED: duplicated 4: "));
    buf_free(&out);
}

/* The load generator has to keep to its schedule, unless it was stopped. */
static void less_than_was_due(void **state)
{
    (void)state;
    step.stats.count[STAT_PUBLISHED] = 980;
    step.due = 1000;
    assert_false(result_failed(&result));
    assert_true(printed("980 of 1000 due"));
    step.stats.count[STAT_PUBLISHED] = 979;
    assert_true(result_failed(&result));
    assert_true(printed("FAILED: published 979 of 1000 that were due"));
    step.cut_short = BY_INTERRUPT;
    assert_false(result_failed(&result));
    result.interrupted = true;
    assert_true(printed("interrupted: published for a shorter time than asked for"));
    step.cut_short = BY_DISCONNECTIONS;
    assert_true(printed("ended early: nobody was connected any more"));
    assert_false(printed("shorter time"));
    step.waited_less = true;
    assert_true(printed("interrupted: did not wait for all that was outstanding"));
}

static void a_threshold(void **state)
{
    (void)state;
    options.max_p99 = 2;
    assert_false(result_failed(&result));
    options.max_p99 = 1.2;
    assert_true(result_failed(&result));
    assert_true(printed("FAILED: p99 of latency 1.23 ms is above --max-p99 (1.2 ms)"));
    options.max_p99 = 0;
}

static void a_command_that_fails(void **state)
{
    (void)state;
    result.command.at = 1;
    result.command.pid = 4711;
    assert_false(result_failed(&result));
    assert_true(printed("still running: process 4711 goes on"));
    result.command.ended = true;
    assert_false(result_failed(&result));
    result.command.status = 127;
    assert_true(result_failed(&result));
    assert_true(printed("FAILED: the command ended with status 127"));
}

/* What a search has found is told, but nothing is ok. */
static void a_command_that_fails_in_a_search(void **state)
{
    (void)state;
    options.search = true;
    result.searched = 200;
    result.command.at = 1;
    result.command.ended = true;
    assert_true(printed("\nok: 200 messages/s"));
    result.command.status = 3;
    assert_true(result_failed(&result));
    assert_true(printed("\nFAILED: the command ended with status 3\n200 messages/s ("));
    assert_false(printed("ok:"));
}

/* One verdict: what held until then is not called the highest rate. */
static void an_interrupted_search(void **state)
{
    (void)state;
    options.search = result.interrupted = true;
    assert_true(result_failed(&result));
    assert_true(printed("\nFAILED: interrupted before any rate held\n"));
    result.searched = 200;
    assert_false(result_failed(&result));
    assert_true(printed("\n\ninterrupted: the search was not finished; 200 messages/s ("));
    assert_true(printed(" held, higher rates may hold, too: nothing lost, p99 below "));
    assert_false(printed("ok:") || printed("is the highest rate"));
}

/* Messages that could not be sent are not published; that they are missing is not the generator's fault. */
static void unsent_is_not_published(void **state)
{
    (void)state;
    options.scenario = &scenario_failover;
    step.due = 600;
    step.stats.count[STAT_PUBLISHED] = step.stats.count[STAT_ACKNOWLEDGED] = 553;
    step.stats.count[STAT_UNSENT] = 47;
    assert_false(result_failed(&result));
    assert_true(printed("published    553 of 600 due"));
    assert_true(printed("ok: every subscriber"));
    step.stats.count[STAT_UNSENT] = 20;
    assert_true(result_failed(&result));
    assert_true(printed("FAILED: published 553 of 600 that were due"));
    step.stats.count[STAT_PUBLISHED] = step.stats.count[STAT_ACKNOWLEDGED] = 0;
    step.stats.count[STAT_UNSENT] = 600;
    assert_true(result_failed(&result));
    assert_true(printed("published    0 of 600 due"));
    assert_true(printed("FAILED: not one publication was accepted"));
}

/* Being cut is part of the scenario, staying away is not. */
static void failover(void **state)
{
    (void)state;
    options.scenario = &scenario_failover;
    assert_true(printed("nobody was disconnected"));
    step.stats.count[STAT_DISCONNECTED] = 3;
    assert_false(result_failed(&result));
    step.stats.count[STAT_AWAY] = 3;
    assert_true(result_failed(&result));
    assert_true(printed("reconnected  0 of 3 that were cut"));
    assert_true(printed("FAILED: away 3: "));
}

static void who_missed_and_who_saw_it_late(void **state)
{
    (void)state;
    options.scenario = &scenario_failover;
    assert_true(printed("missed       0 deliveries to 0 of 0 clients that were disconnected\n"));
    assert_true(printed("late         0 deliveries to 0 of 1000 clients, later than 1.00 s\n"));
    step.stats.count[STAT_CLIENTS_CUT] = 3;
    step.stats.count[STAT_LATE] = 9;
    for (uint64_t missed = 5; missed <= 6; missed++)
        histogram_record(&step.stats.missed_by, missed);
    histogram_record(&step.stats.lost_by, 4);
    histogram_record(&step.stats.late_by, 9);
    assert_true(printed("11 deliveries to 2 of 3 clients that were disconnected; each p50 5, max 6\n"));
    assert_true(printed("4 deliveries to 1 of 997 clients that stayed connected; each p50 4, max 4\n"));
    assert_true(printed(
        "9 deliveries to 1 of 1000 clients, later than 1.00 s; each p50 9, max 9; the latest 1.23 ms\n"));
    struct buf out = json_of_result();
    assert_non_null(strstr(out.p, "\"late_after_us\":1000000"));
    assert_non_null(strstr(out.p, "\"missed_by\":{\"count\":2,\"sum\":11,"));
    buf_free(&out);
    options.scenario = &scenario_broadcast; /* here disconnecting anybody is a fault, and the rest is, too */
    step.stats.count[STAT_CLIENTS_CUT] = 0;
    assert_false(printed("\nlate "));
}

static void nothing_arrived(void **state)
{
    (void)state;
    step.stats.count[STAT_LOST] = 100;
    assert_false(printed("is --message-event right?"));
    step.stats.count[STAT_DELIVERED] = 0;
    assert_true(printed("hint: not one delivery arrived: is --message-event right?"));
}

static void rounds(void **state)
{
    static struct step two[2];
    (void)state;
    two[0] = two[1] = step;
    result.step = two;
    result.steps = 2;
    result.shown = 1;
    options.rounds = 3;
    result.interrupted = true;
    assert_true(printed("round 2 of 3"));
    assert_true(printed("interrupted: 2 of 3 rounds were done"));
    assert_false(printed("shorter time"));
}

/* Options that do not fit the server. */
static void hints(void **state)
{
    (void)state;
    uint64_t *count = step.stats.count;
    options.message_event = "said";
    count[STAT_LOST] = count[STAT_UNEXPECTED] = 100;
    count[STAT_DELIVERED] = 0;
    assert_false(printed("is --message-event right?"));
    assert_true(printed("hint: --message-event is right, \"said\" arrives, but without the message"));
    count[STAT_DELIVERED] = 100;
    count[STAT_UNEXPECTED] = 0;
    assert_false(printed("hint: "));
    count[STAT_LOST] = count[STAT_ACKNOWLEDGED];
    assert_true(printed("hint: lost are as many as were published: "));
    options.no_echo = true;
    assert_false(printed("hint: "));
    count[STAT_LOST] = 0;
    count[STAT_UNEXPECTED] = count[STAT_ACKNOWLEDGED];
    assert_true(printed("Then --no-echo is wrong\n"));
    count[STAT_UNEXPECTED] = count[STAT_ACKNOWLEDGED] = count[STAT_REFUSED] = 0;
    assert_false(printed("hint: "));
    count[STAT_UNANSWERED] = 100;
    assert_true(printed("hint: if the server does not acknowledge publications, use --no-publish-acks\n"));
    options.no_publish_acks = true;
    assert_false(printed("not one publication was accepted") || printed("hint: "));
}

/* Without acknowledgements there is nothing to be said about them. */
static void without_acks(void **state)
{
    (void)state;
    options.no_acks = true;
    step.stats.count[STAT_ACKNOWLEDGED] = 0;
    assert_true(printed("ok: every subscriber"));
    step.stats.count[STAT_LOST] = 1;
    assert_false(printed("not one publication was accepted"));
}

static void steps_are_a_table(void **state)
{
    static struct step three[3];
    (void)state;
    result.step = three;
    result.steps = 3;
    for (int i = 0; i < 3; i++) {
        three[i] = step;
        three[i].pace.rate = 100 << i;
        three[i].measured_seconds = 1;
        three[i].stats.count[STAT_MEASURED] = 2000000;
    }
    snprintf(three[2].why, sizeof three[2].why, "lost 3");
    assert_true(printed("     round  deliveries/s       p99  generator\n"));
    assert_true(printed("         3        2.00 M   1.23 ms        0 %\n"));
    options.search = true;
    result.searched = 200;
    assert_true(printed("messages/s  deliveries/s       p99  generator  holds\n"));
    assert_true(printed("       400        2.00 M   1.23 ms        0 %  no: lost 3\n"));
    assert_true(printed("ok: 200 messages/s (2.00 M deliveries/s) is the highest rate that held"));
}

static void the_header_has_all_phases(void **state)
{
    (void)state;
    step.pace.rate = 100;
    assert_true(printed("1 publisher,\n100 messages/s of 64 bytes, 10 s measured\n"));
    options.ramp = 2.5;
    options.warmup = 1;
    assert_true(printed("100 messages/s of 64 bytes, 2.5 s ramp, 1 s warm-up, 10 s measured\n"));
    options.publishers = 0;
    assert_true(printed("0 publishers,\nnobody publishes, 2.5 s ramp"));
}

static void what_clients_did_besides(void **state)
{
    (void)state;
    assert_false(printed("moves ") || printed("typing ") || printed("heartbeats "));
    options.churn = options.typing = 1;
    step.stats.count[STAT_MOVES] = 12;
    step.stats.count[STAT_TYPING] = 34;
    assert_true(printed("moves        12 times a client left its room and came back\n"));
    assert_true(printed("typing       34 notices sent\n"));
    options.publishers = options.connections;
    assert_true(printed("moves        none: all are --publishers"));
    options.no_join = true;
    assert_true(printed("moves        none: with --no-join nobody can leave a room\n"));
    step.stats.count[STAT_PUBLISHED] = 0;
    step.stats.count[STAT_HEARTBEATS] = 56;
    assert_true(printed("heartbeats   56 answered\n"));
}

/* A later round or rate goes on with the connections of the first one. */
static void connections_of_an_earlier_step(void **state)
{
    static struct step two[2];
    (void)state;
    two[0] = two[1] = step;
    two[0].connect_seconds = 0.5;
    two[1].joined = 998;
    result.step = two;
    result.steps = 2;
    result.shown = 1;
    assert_true(printed("connected    1000 joined in 0.50 s (2000/s), 998 at the end\n"));
}

static void commands_count_from_publishing(void **state)
{
    (void)state;
    step.from.publishing = 1.5;
    result.command.at = 4;
    assert_true(
        printed("command      run 2.50 s after publishing began, still running: process 0 goes on\n"));
}

static void memory_that_was_there_before(void **state)
{
    (void)state;
    result.servers.count = 1;
    result.servers.server[0].at_start.rss_bytes = result.server_rss_joined = 5000000;
    result.servers.server[0].usage.threads = 1;
    assert_true(printed("memory for each connection: -"));
    assert_true(printed(", 1 thread\n"));
    result.server_rss_joined = 6000000;
    assert_true(printed("at least 1000 bytes of memory more for each connection (what"));
    options.rounds = 3;
    assert_true(printed("at least 1000 bytes of memory more for each connection (what"));
    options.scenario = &scenario_storm;
    assert_true(printed("1000 bytes of memory more for each connection in the first round (what"));
    result.servers.server[0].at_start.peak_bytes = 6000000;
    assert_true(printed("memory for each connection: -"));
    result.servers.server[0].at_start.peak_bytes = 5000000;
    result.server_rss_joined = 5100000; /* less than any server needs */
    assert_true(printed("memory for each connection: -"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(fine, setup),
                                       cmocka_unit_test_setup(each_fault_fails, setup),
                                       cmocka_unit_test_setup(an_error_fails, setup),
                                       cmocka_unit_test_setup(refusals_alone_do_not_fail, setup),
                                       cmocka_unit_test_setup(json, setup),
                                       cmocka_unit_test_setup(json_has_what_reports_need, setup),
                                       cmocka_unit_test_setup(verdict_of_several_faults, setup),
                                       cmocka_unit_test_setup(hints, setup),
                                       cmocka_unit_test_setup(without_acks, setup),
                                       cmocka_unit_test_setup(steps_are_a_table, setup),
                                       cmocka_unit_test_setup(the_header_has_all_phases, setup),
                                       cmocka_unit_test_setup(what_clients_did_besides, setup),
                                       cmocka_unit_test_setup(connections_of_an_earlier_step, setup),
                                       cmocka_unit_test_setup(commands_count_from_publishing, setup),
                                       cmocka_unit_test_setup(memory_that_was_there_before, setup),
                                       cmocka_unit_test_setup(less_than_was_due, setup),
                                       cmocka_unit_test_setup(a_threshold, setup),
                                       cmocka_unit_test_setup(a_command_that_fails, setup),
                                       cmocka_unit_test_setup(a_command_that_fails_in_a_search, setup),
                                       cmocka_unit_test_setup(an_interrupted_search, setup),
                                       cmocka_unit_test_setup(unsent_is_not_published, setup),
                                       cmocka_unit_test_setup(failover, setup),
                                       cmocka_unit_test_setup(who_missed_and_who_saw_it_late, setup),
                                       cmocka_unit_test_setup(nothing_arrived, setup),
                                       cmocka_unit_test_setup(rounds, setup)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
