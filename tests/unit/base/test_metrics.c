/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics: the Prometheus text, and the table of close reasons that is part of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/base/metrics.h"

static struct metrics m;

/* Prints m; the text is zero terminated. */
static char *print(struct buf *out, const char *node)
{
    buf_init(out, 1 << 20);
    assert_int_equal(metrics_print(&m, slice_of(node), out), 0);
    assert_int_equal(buf_addc(out, '\0'), 0);
    return out->p;
}

static void assert_line(const char *text, const char *line)
{
    const char *at = strstr(text, line);
    if (at == NULL || (at != text && at[-1] != '\n') || at[strlen(line)] != '\n')
        fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void test_values(void **state)
{
    (void)state;
    struct buf out;
    m = (struct metrics){0};
    m.v[M_CLIENTS] = 12;
    m.v[M_CONN_JSON_WEBSOCKET] = UINT64_MAX;
    m.closes[CLOSE_SLOW] = 3;
    m.refusals[-ERR_OVERLOADED] = 4;
    char *text = print(&out, "n1");
    assert_line(text, "roomcast_build_info{version=\"" ROOMCAST_VERSION "\",node=\"n1\"} 1");
    assert_line(text, "# TYPE roomcast_clients gauge");
    assert_line(text, "roomcast_clients 12");
    assert_line(text, "roomcast_connections{dialect=\"json\",transport=\"websocket\"} 18446744073709551615");
    assert_line(text, "roomcast_connections{dialect=\"sse\",transport=\"stream\"} 0");
    assert_line(text, "roomcast_closes_total{reason=\"slow\"} 3");
    assert_line(text, "roomcast_closes_total{reason=\"shutdown\"} 0");
    assert_line(text, "# TYPE roomcast_refusals_total counter");
    assert_line(text, "roomcast_refusals_total{reason=\"overloaded\"} 4");
    buf_free(&out);
}

static void test_histograms(void **state)
{
    (void)state;
    struct buf out;
    m = (struct metrics){0};
    histogram_record(&m.bus_latency, 50);
    histogram_record(&m.bus_latency, 2000);
    histogram_record(&m.bus_latency, 2000000);
    char *text = print(&out, "n1");
    assert_line(text, "# TYPE roomcast_bus_latency_seconds histogram");
    assert_line(text, "roomcast_bus_latency_seconds_bucket{le=\"0.0001\"} 1");
    assert_line(text, "roomcast_bus_latency_seconds_bucket{le=\"0.0025\"} 2");
    assert_line(text, "roomcast_bus_latency_seconds_bucket{le=\"1\"} 2");
    assert_line(text, "roomcast_bus_latency_seconds_bucket{le=\"2.5\"} 3");
    assert_line(text, "roomcast_bus_latency_seconds_bucket{le=\"+Inf\"} 3");
    assert_line(text, "roomcast_bus_latency_seconds_sum 2.00205");
    assert_line(text, "roomcast_bus_latency_seconds_count 3");
    assert_line(text, "roomcast_loop_lag_seconds_sum 0");
    buf_free(&out);
}

/* Every name has its HELP and TYPE once, in front of all its series. */
static void test_heads(void **state)
{
    (void)state;
    struct buf out;
    m = (struct metrics){0};
    char *text = print(&out, "n1"), name[100] = "", head[120], *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_int_equal(sscanf(line, "# HELP %99s", name), 1);
            assert_true(strlen(line) > strlen("# HELP  x") + strlen(name));
            snprintf(head, sizeof head, "# HELP %s ", name);
            assert_null(strstr(save, head));
            snprintf(head, sizeof head, "# TYPE %s ", name);
            assert_int_equal(strncmp(save, head, strlen(head)), 0);
        } else if (line[0] != '#') {
            assert_int_equal(strncmp(line, name, strlen(name)), 0);
            assert_non_null(strpbrk(line + strlen(name), "{ _"));
        }
    }
    buf_free(&out);
}

static void test_node_is_escaped(void **state)
{
    (void)state;
    struct buf out;
    m = (struct metrics){0};
    assert_line(print(&out, "a\"b\\c\n"),
                "roomcast_build_info{version=\"" ROOMCAST_VERSION "\",node=\"a\\\"b\\\\c \"} 1");
    buf_free(&out);
}

static void test_bound(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    assert_int_equal(metrics_print(&m, SLICE_LIT("n"), &out), ERR_TOO_LARGE);
    buf_free(&out);
}

static void test_close_reasons(void **state)
{
    (void)state;
    assert_string_equal(close_reason_name(CLOSE_POLL_LOST), "poll_lost");
    assert_string_equal(close_reason_text(CLOSE_PING_TIMEOUT), "no pong in time");
    assert_int_equal(close_reason_code(CLOSE_TOO_LARGE), 1009);
    assert_int_equal(close_reason_abrupt(CLOSE_SLOW), 1);
    assert_int_equal(close_reason_abrupt(CLOSE_DRAIN), 0);
    for (unsigned a = 0; a < CLOSE_REASONS; a++) {
        for (unsigned b = 0; b < a; b++)
            assert_string_not_equal(close_reason_name((enum close_reason)a),
                                    close_reason_name((enum close_reason)b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_histograms),
        cmocka_unit_test(test_heads),  cmocka_unit_test(test_node_is_escaped),
        cmocka_unit_test(test_bound),  cmocka_unit_test(test_close_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
