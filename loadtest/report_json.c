/* SPDX-License-Identifier: Apache-2.0 */
/* The report as JSON: one object; the figures at its top are those of the step that the summary is about. */
#include <inttypes.h>

#include "core/codec/json.h"
#include "loadtest/dialect/dialect.h"
#include "loadtest/report.h"
#include "loadtest/scenario.h"

static void put_string(struct buf *out, const char *key, const char *value)
{
    buf_addf(out, ",\"%s\":", key);
    json_quote(out, slice_of(value));
}

static void put_options(struct buf *out, const struct options *o)
{
    buf_addf(out,
             ",\"options\":{\"connections\":%u,\"rooms\":%u,\"publishers\":%u,\"rate\":%.12g,\"size\":%u,"
             "\"burst\":%u,\"ramp\":%.12g,\"duration\":%.12g,\"warmup\":%.12g,\"rounds\":%u,\"search\":%s",
             o->connections, o->rooms, o->publishers, o->rate, o->size, o->burst, o->ramp, o->duration,
             o->warmup, o->rounds, o->search ? "true" : "false");
    put_string(out, "scenario", o->scenario->name);
    put_string(out, "dialect", o->dialect->name);
    if (o->command)
        put_string(out, "command", o->command);
    buf_adds(out, ",\"urls\":[");
    for (uint32_t i = 0; i < o->urls; i++) {
        if (i > 0)
            buf_addc(out, ',');
        json_quote(out, slice_of(o->url[i]));
    }
    buf_adds(out, "]}");
}

static void put_histogram(struct buf *out, const char *key, const struct histogram *h)
{
    static const struct {
        const char *name;
        double fraction;
    } quantiles[] = {{"p50", 0.5},  {"p75", 0.75}, {"p90", 0.9},
                     {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}};
    buf_addf(out, ",\"%s\":{\"count\":%" PRIu64, key, h->count);
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        buf_addf(out, ",\"%s\":%" PRIu64, quantiles[i].name, histogram_quantile(h, quantiles[i].fraction));
    buf_addf(out, ",\"max\":%" PRIu64 ",\"mean\":%.1f}", h->max,
             h->count > 0 ? (double)h->sum / (double)h->count : 0.0);
}

static void put_stats(struct buf *out, const struct stats *stats)
{
    for (int i = 0; i < STATS; i++)
        buf_addf(out, ",\"%s\":%" PRIu64, stat_info[i].key, stats->count[i]);
#define X(member, key, text) put_histogram(out, key, &stats->member);
    HISTOGRAMS_TABLE(X)
#undef X
    buf_addf(out, ",\"frames\":%" PRIu64 ",\"reads\":%" PRIu64 ",\"bytes\":%" PRIu64, stats->frames,
             stats->reads, stats->bytes);
    if (stats->first_refusal[0] != '\0')
        put_string(out, "first_refusal", stats->first_refusal);
}

static void put_step(struct buf *out, const struct step *step, uint32_t connections)
{
    double connects = step->connect_seconds > 0 ? connections / step->connect_seconds : 0;
    buf_addf(out, "\"rate\":%.12g,\"joined\":%u", step->pace.rate, step->joined);
    put_stats(out, &step->stats);
    buf_addf(out,
             ",\"connect_seconds\":%.6f,\"connects_per_second\":%.1f,\"connect_server_cpu_seconds\":%.6f,"
             "\"publish_seconds\":%.6f,\"measured_seconds\":%.6f,\"deliveries_per_second\":%.1f,"
             "\"generator_cpu\":%.3f,\"generator_bottleneck\":%s",
             step->connect_seconds, connects, step->connect_server_cpu, step->publish_seconds,
             step->measured_seconds, step_deliveries_per_second(step), step->generator_cpu,
             step->generator_busy ? "true" : "false");
    buf_addf(out,
             ",\"server\":{\"seconds\":%.6f,\"cpu_seconds\":%.6f,\"deliveries\":%" PRIu64
             ",\"messages\":%" PRIu64
             ",\"cpu_seconds_per_million_deliveries\":%.6f,\"cpu_seconds_per_million_messages\":%.6f}",
             step->server.seconds, step->server.cpu_seconds, step->server.deliveries, step->server.messages,
             step_cpu_per_million_deliveries(step), step_cpu_per_million_messages(step));
    if (step->generator_busy)
        put_string(out, "generator_why", step->generator_why);
    if (step->why[0] != '\0')
        put_string(out, "why", step->why);
}

static void put_servers(struct buf *out, const struct result *result)
{
    const struct servers *servers = &result->servers;
    const struct step *step = &result->step[result->shown];
    struct server_usage sum = {0};
    for (uint32_t i = 0; i < servers->count; i++)
        sum.rss_bytes += servers->server[i].usage.rss_bytes;
    buf_addf(out,
             ",\"servers\":{\"cpu_seconds\":%.6f,\"cpu_seconds_per_million_deliveries\":%.6f,"
             "\"rss_bytes\":%" PRIu64 ",\"rss_bytes_at_start\":%" PRIu64 ",\"rss_bytes_joined\":%" PRIu64
             ",\"processes\":[",
             step->server.cpu_seconds, step_cpu_per_million_deliveries(step), sum.rss_bytes,
             servers_at_start(servers).rss_bytes, result->server_rss_joined);
    for (uint32_t i = 0; i < servers->count; i++) {
        const struct server *s = &servers->server[i];
        buf_addf(out, "%s{\"pid\":%d,\"name\":", i > 0 ? "," : "", (int)s->pid);
        json_quote(out, slice_of(s->name));
        buf_addf(out, ",\"gone\":%s,\"cpu_seconds\":%.6f,\"rss_bytes\":%" PRIu64 ",\"threads\":%u}",
                 s->gone ? "true" : "false", s->usage.cpu_seconds - s->at_start.cpu_seconds,
                 s->usage.rss_bytes, s->usage.threads);
    }
    buf_adds(out, "]}");
}

static void put_timeline(struct buf *out, const struct timeline *timeline)
{
    buf_adds(out, ",\"timeline\":[");
    for (uint32_t i = 0; i < timeline->count; i++) {
        const struct sample *s = &timeline->sample[i];
        buf_addf(out,
                 "%s{\"at\":%.3f,\"seconds\":%.3f,\"phase\":\"%s\",\"joined\":%u,\"published\":%" PRIu64
                 ",\"delivered\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"outstanding\":%" PRIu64,
                 i > 0 ? "," : "", s->at, s->seconds, s->phase, s->joined, s->published, s->delivered,
                 s->lost, s->outstanding);
        buf_addf(out,
                 ",\"p50_us\":%" PRIu64 ",\"p90_us\":%" PRIu64 ",\"p99_us\":%" PRIu64 ",\"max_us\":%" PRIu64
                 ",\"generator_cpu\":%.3f,\"server_cpu\":%.3f,\"server_rss_bytes\":%" PRIu64 "}",
                 s->p50, s->p90, s->p99, s->max, s->generator_cpu, s->server_cpu, s->server_rss);
    }
    buf_addc(out, ']');
}

static void put_steps(struct buf *out, const struct result *result)
{
    const struct options *o = result->options;
    buf_adds(out, ",\"steps\":[");
    for (uint32_t i = 0; i < result->steps; i++) {
        buf_adds(out, i > 0 ? ",{" : "{");
        put_step(out, &result->step[i], o->connections);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
    if (o->search)
        buf_addf(out, ",\"search\":{\"rate\":%.12g,\"deliveries_per_second\":%.1f}", result->searched,
                 result->searched > 0 ? step_deliveries_per_second(&result->step[result->shown]) : 0.0);
}

int report_json(struct buf *out, const struct result *result)
{
    buf_addf(out, "{\"version\":\"%s\",\"ok\":%s,\"interrupted\":%s,\"seconds\":%.3f", ROOMCAST_VERSION,
             result_failed(result) ? "false" : "true", result->interrupted ? "true" : "false",
             result->seconds);
    if (result->error[0] != '\0')
        put_string(out, "error", result->error);
    put_options(out, result->options);
    if (result->steps > 0) {
        buf_addc(out, ',');
        put_step(out, &result->step[result->shown], result->options->connections);
        put_servers(out, result);
        put_steps(out, result);
    }
    if (result->command.at > 0)
        buf_addf(out, ",\"command\":{\"at\":%.3f,\"ended\":%s,\"status\":%d}", result->command.at,
                 result->command.ended ? "true" : "false", result->command.status);
    put_timeline(out, &result->timeline);
    buf_adds(out, "}\n");
    return out->err;
}
