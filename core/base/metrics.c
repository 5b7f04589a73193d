/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics as Prometheus text: every row of metrics_table.h, the counts by reason, two histograms in seconds,
 * and the build. Series that are 0 are printed too, so that rates work from the first event on. */
#include "core/base/metrics.h"

#include <inttypes.h>

#define PREFIX "roomcast_"

static const struct row {
    const char *type, *name, *labels, *help;
} rows[METRIC_COUNT] = {
#define GAUGE                            "gauge"
#define COUNTER                          "counter"
#define X(sym, kind, name, labels, help) [sym] = {kind, name, labels, help},
#include "core/base/metrics_table.h"
#undef X
#undef GAUGE
#undef COUNTER
};

/* Upper bounds in microseconds. */
static const uint64_t bounds[] = {100,   250,    500,    1000,   2500,    5000,    10000,   25000,
                                  50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

/* The appends' errors stick to `out`; metrics_print() looks at them once. */
static void add(struct buf *out, const char *z)
{
    (void)buf_adds(out, z);
}

static void print_head(struct buf *out, const char *name, const char *type, const char *help)
{
    (void)buf_addf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void print_rows(const struct metrics *m, struct buf *out)
{
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct row *r = &rows[i];
        if (i == 0 || strcmp(r->name, rows[i - 1].name) != 0)
            print_head(out, r->name, r->type, r->help);
        const char *open = *r->labels ? "{" : "", *close = *r->labels ? "}" : "";
        (void)buf_addf(out, PREFIX "%s%s%s%s %" PRIu64 "\n", r->name, open, r->labels, close, m->v[i]);
    }
}

static void print_reason(struct buf *out, const char *name, const char *reason, uint64_t v)
{
    (void)buf_addf(out, PREFIX "%s{reason=\"%s\"} %" PRIu64 "\n", name, reason, v);
}

static void print_reasons(const struct metrics *m, struct buf *out)
{
    print_head(out, "closes_total", "counter", "Connections closed by reason");
    for (unsigned r = 0; r < CLOSE_REASONS; r++)
        print_reason(out, "closes_total", close_reason_name((enum close_reason)r), m->closes[r]);
    print_head(out, "refusals_total", "counter", "Events and requests refused by reason");
#define X(sym, value, name, http, text) print_reason(out, "refusals_total", name, m->refusals[-(value)]);
    ERR_TABLE(X)
#undef X
}

/* Microseconds as seconds, exactly, without trailing zeros. */
static void print_seconds(struct buf *out, uint64_t us)
{
    (void)buf_addf(out, "%" PRIu64, us / 1000000);
    unsigned fraction = (unsigned)(us % 1000000), digits = 6;
    if (fraction == 0)
        return;
    for (; fraction % 10 == 0; digits--)
        fraction /= 10;
    (void)buf_addf(out, ".%0*u", (int)digits, fraction);
}

static void print_histogram(struct buf *out, const char *name, const char *help, const struct histogram *h)
{
    print_head(out, name, "histogram", help);
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        (void)buf_addf(out, PREFIX "%s_bucket{le=\"", name);
        print_seconds(out, bounds[i]);
        (void)buf_addf(out, "\"} %" PRIu64 "\n", histogram_count_le(h, bounds[i]));
    }
    (void)buf_addf(out, PREFIX "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, h->count);
    (void)buf_addf(out, PREFIX "%s_sum ", name);
    print_seconds(out, h->sum);
    (void)buf_addf(out, "\n" PREFIX "%s_count %" PRIu64 "\n", name, h->count);
}

static void print_build(struct slice node, struct buf *out)
{
    print_head(out, "build_info", "gauge", "1, with the version and the node's id as labels");
    add(out, PREFIX "build_info{version=\"" ROOMCAST_VERSION "\",node=\"");
    for (size_t i = 0; i < node.n; i++) {
        char c = node.p[i];
        if (c == '"' || c == '\\')
            (void)buf_addc(out, '\\');
        (void)buf_addc(out, (unsigned char)c < ' ' ? ' ' : c);
    }
    add(out, "\"} 1\n");
}

int metrics_print(const struct metrics *m, struct slice node, struct buf *out)
{
    print_build(node, out);
    print_rows(m, out);
    print_reasons(m, out);
    print_histogram(out, "bus_latency_seconds", "Time from a publish until the bus accepted it",
                    &m->bus_latency);
    print_histogram(out, "loop_lag_seconds", "Time that one turn of the event loop took", &m->loop_lag);
    return out->err;
}
