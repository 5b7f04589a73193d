/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a comparison of runs: for the table in the terminal and the one on the page. */
#ifndef LOADTEST_REPORT_ROWS_H
#define LOADTEST_REPORT_ROWS_H

/* X(label, members to go through in a report with / between them, unit of enum report_unit) */
#define REPORT_ROWS(X)                                                                                       \
    X("connects/s", "connects_per_second", COUNTS)                                                           \
    X("joining p99", "connect_us/p99", MICROSECONDS)                                                         \
    X("messages/s", "messages_per_second", COUNTS)                                                           \
    X("deliveries/s", "deliveries_per_second", COUNTS)                                                       \
    X("highest rate that held", "search/rate", COUNTS)                                                       \
    X("latency p50", "latency_us/p50", MICROSECONDS)                                                         \
    X("latency p90", "latency_us/p90", MICROSECONDS)                                                         \
    X("latency p99", "latency_us/p99", MICROSECONDS)                                                         \
    X("latency p99.9", "latency_us/p99.9", MICROSECONDS)                                                     \
    X("latency max", "latency_us/max", MICROSECONDS)                                                         \
    X("late deliveries", "late", COUNTS)                                                                     \
    X("answers p99", "answer_us/p99", MICROSECONDS)                                                          \
    X("away p50", "outage_us/p50", MICROSECONDS)                                                             \
    X("away max", "outage_us/max", MICROSECONDS)                                                             \
    X("CPU s/million deliveries", "server/cpu_seconds_per_million_deliveries", NUMBERS)                      \
    X("CPU s/million messages", "server/cpu_seconds_per_million_messages", NUMBERS)                          \
    X("memory per connection", "servers/rss_bytes_per_connection", BYTES)                                    \
    X("generator, cores", "generator_cpu", NUMBERS)

enum report_unit { COUNTS, MICROSECONDS, BYTES, NUMBERS };

struct report_row {
    const char *label, *path;
    enum report_unit unit;
};

enum {
#define X(label, path, unit) +1
    REPORT_ROW_COUNT = 0 REPORT_ROWS(X)
#undef X
};
extern const struct report_row report_rows[REPORT_ROW_COUNT];

#endif
