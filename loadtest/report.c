/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a run. */
#include "loadtest/report.h"

#include <inttypes.h>
#include <string.h>

#include "core/codec/json.h"
#include "loadtest/dialect.h"
#include "loadtest/progress.h"

#define BUSY 0.85 /* of a core */

static double per_second(uint64_t count, double seconds)
{
    return seconds > 0 ? (double)count / seconds : 0;
}

/* The generator's share of one core while messages were under way. */
static double cpu_share(const struct stats *stats)
{
    return stats->cpu_wall_seconds > 0 ? stats->cpu_seconds / stats->cpu_wall_seconds : 0;
}

static const struct {
    const char *name;
    double fraction;
} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};

#define QUANTILES (sizeof quantiles / sizeof *quantiles)

static void print_latency(FILE *out, const char *label, const struct histogram *h)
{
    char text[16];
    if (h->count == 0)
        return;
    fprintf(out, "%-11s", label);
    for (size_t i = 0; i < QUANTILES; i++)
        fprintf(out, "  %s %s", quantiles[i].name,
                format_us(histogram_quantile(h, quantiles[i].fraction), text));
    fprintf(out, "  max %s\n", format_us(h->max, text));
}

static void print_faults(FILE *out, const struct stats *stats)
{
    fprintf(out, "%-11s", "faults");
    for (int i = 0; i < STATS; i++)
        if (stat_info[i].fault)
            fprintf(out, "  %s %" PRIu64, stat_info[i].key, stats->count[i]);
    fputc('\n', out);
}

static void print_traffic(FILE *out, const struct options *o, const struct stats *stats)
{
    const uint64_t *count = stats->count;
    double delivery_rate = per_second(count[STAT_MEASURED], stats->measured_seconds);
    char text[16];
    fprintf(out, "%-11s  %" PRIu64 " (%.1f/s), acknowledged %" PRIu64 ", refused %" PRIu64 "\n", "published",
            count[STAT_PUBLISHED], per_second(count[STAT_PUBLISHED], stats->publish_seconds),
            count[STAT_ACKNOWLEDGED], count[STAT_REFUSED]);
    if (stats->first_refusal[0] != '\0')
        fprintf(out, "%-11s  the first: %s\n", "", stats->first_refusal);
    fprintf(out, "%-11s  %" PRIu64 " of %" PRIu64 ", %.0f deliveries/s (%.1f MB/s of messages)\n",
            "delivered", count[STAT_DELIVERED], count[STAT_DELIVERED] + count[STAT_LOST] + count[STAT_MISSED],
            delivery_rate, delivery_rate * o->size / 1e6);
    print_latency(out, "latency", &stats->latency);
    print_latency(out, "answers", &stats->answer);
    fprintf(out, "%-11s  %.0f %% of a core, %.0f frames/s received, published late by p99 %s\n", "generator",
            100 * cpu_share(stats), per_second(stats->frames, stats->cpu_wall_seconds),
            format_us(histogram_quantile(&stats->lag, 0.99), text));
    if (cpu_share(stats) > BUSY)
        fprintf(out, "%-11s  it may have been the bottleneck itself\n", "");
    print_faults(out, stats);
}

static void print_verdict(FILE *out, const struct stats *stats)
{
    const uint64_t *count = stats->count;
    if (stats->interrupted)
        fputs("interrupted: published for a shorter time than asked for\n", out);
    if (!stats_failed(stats)) {
        fputs(count[STAT_PUBLISHED] > 0
                  ? "ok: every subscriber got every accepted message once and in order\n"
                  : "ok: all connections held\n",
              out);
        return;
    }
    for (int i = 0; i < STATS; i++)
        if (stat_info[i].fault && count[i] > 0)
            fprintf(out, "FAILED: %s %" PRIu64 ": %s\n", stat_info[i].key, count[i], stat_info[i].text);
    if (count[STAT_PUBLISHED] > 0 && count[STAT_ACKNOWLEDGED] == 0)
        fputs("FAILED: not one publication was accepted\n", out);
}

void report_print(FILE *out, const struct options *o, const struct stats *stats)
{
    if (stats->error[0] != '\0') {
        fprintf(out, "FAILED: %s\n", stats->error);
        return;
    }
    fprintf(out,
            "\n%s: %u connections to %u URL%s, %u rooms, %u publishers, %.12g messages/s of %u bytes, "
            "%.12g s + %.12g s warm-up\n\n",
            o->dialect->name, o->connections, o->urls, o->urls == 1 ? "" : "s", o->rooms, o->publishers,
            o->rate, o->size, o->duration, o->warmup);
    fprintf(out, "%-11s  %u joined in %.2f s (%.0f/s), %u at the end\n", "connected", o->connections,
            stats->connect_seconds, per_second(o->connections, stats->connect_seconds), stats->joined);
    if (stats->count[STAT_PUBLISHED] > 0)
        print_traffic(out, o, stats);
    print_verdict(out, stats);
}

static void put_string(struct buf *out, const char *key, const char *value)
{
    buf_addf(out, ",\"%s\":", key);
    json_quote(out, slice_of(value));
}

static void put_options(struct buf *out, const struct options *o)
{
    buf_addf(out,
             ",\"options\":{\"connections\":%u,\"rooms\":%u,\"publishers\":%u,\"rate\":%.12g,\"size\":%u,"
             "\"duration\":%.12g,\"warmup\":%.12g",
             o->connections, o->rooms, o->publishers, o->rate, o->size, o->duration, o->warmup);
    put_string(out, "dialect", o->dialect->name);
    buf_adds(out, ",\"urls\":[");
    for (uint32_t i = 0; i < o->urls; i++) {
        if (i > 0)
            buf_addc(out, ',');
        json_quote(out, slice_of(o->url[i]));
    }
    buf_adds(out, "]}");
}

static void put_latency(struct buf *out, const char *key, const struct histogram *h)
{
    buf_addf(out, ",\"%s\":{\"count\":%" PRIu64, key, h->count);
    for (size_t i = 0; i < QUANTILES; i++)
        buf_addf(out, ",\"%s\":%" PRIu64, quantiles[i].name, histogram_quantile(h, quantiles[i].fraction));
    buf_addf(out, ",\"max\":%" PRIu64 ",\"mean\":%.1f}", h->max,
             h->count > 0 ? (double)h->sum / (double)h->count : 0.0);
}

int report_json(struct buf *out, const struct options *o, const struct stats *stats)
{
    buf_addf(out, "{\"version\":\"%s\",\"ok\":%s,\"interrupted\":%s", ROOMCAST_VERSION,
             stats_failed(stats) ? "false" : "true", stats->interrupted ? "true" : "false");
    if (stats->error[0] != '\0')
        put_string(out, "error", stats->error);
    put_options(out, o);
    buf_addf(out, ",\"joined\":%u", stats->joined);
    for (int i = 0; i < STATS; i++)
        buf_addf(out, ",\"%s\":%" PRIu64, stat_info[i].key, stats->count[i]);
    if (stats->first_refusal[0] != '\0')
        put_string(out, "first_refusal", stats->first_refusal);
    put_latency(out, "latency_us", &stats->latency);
    put_latency(out, "answer_us", &stats->answer);
    put_latency(out, "lag_us", &stats->lag);
    buf_addf(out,
             ",\"connect_seconds\":%.6f,\"publish_seconds\":%.6f,\"measured_seconds\":%.6f,"
             "\"deliveries_per_second\":%.1f,\"generator_cpu\":%.3f,\"frames\":%" PRIu64 ",\"reads\":%" PRIu64
             ",\"bytes\":%" PRIu64 "}\n",
             stats->connect_seconds, stats->publish_seconds, stats->measured_seconds,
             per_second(stats->count[STAT_MEASURED], stats->measured_seconds), cpu_share(stats),
             stats->frames, stats->reads, stats->bytes);
    return out->err;
}
