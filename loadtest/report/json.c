/* SPDX-License-Identifier: Apache-2.0 */
/* The report as JSON: one object.
 *
 *   version, started (UTC), seconds, ok, interrupted, verdict: [lines], error (why there is nothing more)
 *   options: each by its name, "drain_timeout" for --drain-timeout; but not --auth, a secret; "urls": [...],
 *     and with --source "source": [...]
 *   cuts: whether the scenario lets connections be cut, so that some faults are none
 *   late_after_us: after so long a delivery is late
 *   the figures of one step (as in steps[]): the highest rate that held in a search, else the last round
 *   servers: {...}, with --pid; its processes: [...]
 *   steps: [{...}]; of each
 *     from: when its phases began, in seconds since the run began
 *     due: how many messages
 *     messages_per_second: that were sent after the warm-up, over sent_seconds
 *     deliveries_per_second: of messages due after the warm-up, over measured_seconds
 *     server: what it used, with --pid, and what was published and delivered, over its seconds
 *     a counter for each row of STATS_TABLE, a histogram for each of HISTOGRAMS_TABLE, and others
 *   search: {rate, deliveries_per_second} of the highest rate that held
 *   command: {at, pid, ended, status}
 *   timeline: one object per interval, see timeline.h
 *
 * All three times begin at the end of the warm-up. server.seconds ends with publishing; so do sent_seconds
 * and measured_seconds, unless the last message was sent, or the last delivery came, later.
 *
 * A histogram is {count, sum, p50, ..., max, mean}; those of the step at the top also have buckets: those
 * that are not empty, [highest value, how many]. Names end with their units; "_us" are microseconds. */
#include <inttypes.h>
#include <string.h>

#include "core/codec/json.h"
#include "loadtest/dialect/dialect.h"
#include "loadtest/report/report.h"
#include "loadtest/scenario/scenario.h"
#include "loadtest/setup/options_table.h"

static void put_string(struct buf *out, const char *key, const char *value)
{
    buf_addf(out, ",\"%s\":", key);
    json_quote(out, slice_of(value));
}

/* What says nothing of the run. */
static bool is_about_output(const struct option *option)
{
    static const char *const names[] = {"--json", "--html", "--no-progress", "--i-own-this-target"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(option->name, names[i]) == 0)
            return true;
    return false;
}

static void put_option(struct buf *out, const struct option *option, const struct options *o)
{
    const void *member = (const char *)o + option->offset;
    const char *text = NULL;
    char key[32];
    size_t n = 0;
    for (const char *p = option->name + 2; *p != '\0' && n < sizeof key - 1; p++)
        key[n++] = *p == '-' ? '_' : *p;
    key[n] = '\0';
    if (option->kind == COUNT)
        buf_addf(out, ",\"%s\":%u", key, *(const uint32_t *)member);
    else if (option->kind == NUMBER)
        buf_addf(out, ",\"%s\":%.12g", key, *(const double *)member);
    else if (option->kind == FLAG)
        buf_addf(out, ",\"%s\":%s", key, *(const bool *)member ? "true" : "false");
    else if (option->kind == TEXT || option->kind == NAME || option->kind == NAMESPACE ||
             option->kind == PATH || option->kind == ARGS) /* AUTH may be a secret */
        text = *(const char *const *)member;
    if (text)
        put_string(out, key, text);
}

static void put_list(struct buf *out, const char *key, const char *const *text, uint32_t count)
{
    buf_addf(out, ",\"%s\":[", key);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            buf_addc(out, ',');
        json_quote(out, slice_of(text[i]));
    }
    buf_addc(out, ']');
}

static void put_options(struct buf *out, const struct options *o)
{
    buf_adds(out, ",\"options\":{\"scenario\":");
    json_quote(out, slice_of(o->scenario->name));
    put_string(out, "dialect", o->dialect->name);
    for (size_t i = 0; i < option_count; i++)
        if (!is_about_output(&option_table[i]))
            put_option(out, &option_table[i], o);
    put_list(out, "urls", o->url, o->urls);
    if (o->sources > 0)
        put_list(out, "source", o->source, o->sources);
    buf_addc(out, '}');
}

static void put_buckets(struct buf *out, const struct histogram *h)
{
    const char *separator = "";
    buf_adds(out, ",\"buckets\":[");
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t top = histogram_bucket_top(i);
        if (h->bucket[i] == 0)
            continue;
        buf_addf(out, "%s[%" PRIu64 ",%" PRIu64 "]", separator, top < h->max ? top : h->max, h->bucket[i]);
        separator = ",";
    }
    buf_addc(out, ']');
}

static void put_histogram(struct buf *out, const char *key, const struct histogram *h, bool buckets)
{
    static const struct {
        const char *name;
        double fraction;
    } quantiles[] = {{"p50", 0.5},  {"p75", 0.75}, {"p90", 0.9},
                     {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}};
    buf_addf(out, ",\"%s\":{\"count\":%" PRIu64 ",\"sum\":%" PRIu64, key, h->count, h->sum);
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        buf_addf(out, ",\"%s\":%" PRIu64, quantiles[i].name, histogram_quantile(h, quantiles[i].fraction));
    buf_addf(out, ",\"max\":%" PRIu64 ",\"mean\":%.1f", h->max,
             h->count > 0 ? (double)h->sum / (double)h->count : 0.0);
    if (buckets)
        put_buckets(out, h);
    buf_addc(out, '}');
}

static void put_stats(struct buf *out, const struct stats *stats, bool buckets)
{
    for (int i = 0; i < STATS; i++)
        buf_addf(out, ",\"%s\":%" PRIu64, stat_info[i].key, stats->count[i]);
#define X(member, key, text) put_histogram(out, key, &stats->member, buckets);
    HISTOGRAMS_TABLE(X)
#undef X
    buf_addf(out, ",\"frames\":%" PRIu64 ",\"reads\":%" PRIu64 ",\"bytes\":%" PRIu64, stats->frames,
             stats->reads, stats->bytes);
    if (stats->first_refusal[0] != '\0')
        put_string(out, "first_refusal", stats->first_refusal);
}

static void put_step(struct buf *out, const struct step *step, uint32_t connections, bool buckets)
{
    double connects = step->connect_seconds > 0 ? connections / step->connect_seconds : 0;
    buf_addf(out,
             "\"rate\":%.12g,\"due\":%" PRIu64
             ",\"messages_per_second\":%.1f,\"sent_seconds\":%.6f,\"joined\":%u",
             step->pace.rate, step->due, step_messages_per_second(step), step->sent_seconds, step->joined);
    buf_addf(out,
             ",\"from\":{\"connecting\":%.6f,\"publishing\":%.6f,\"measuring\":%.6f,\"draining\":%.6f,"
             "\"over\":%.6f}",
             step->from.connecting, step->from.publishing, step->from.measuring, step->from.draining,
             step->from.over);
    put_stats(out, &step->stats, buckets);
    buf_addf(out,
             ",\"connect_seconds\":%.6f,\"connects_per_second\":%.1f,\"connect_server_cpu_seconds\":%.6f,"
             "\"publish_seconds\":%.6f,\"measured_seconds\":%.6f,\"deliveries_per_second\":%.1f,"
             "\"generator_cpu\":%.6f,\"generator_bottleneck\":%s",
             step->connect_seconds, connects, step->connect_server_cpu, step->publish_seconds,
             step->measured_seconds, step_deliveries_per_second(step), step->generator_cpu,
             step->generator_busy ? "true" : "false");
    buf_addf(out,
             ",\"server\":{\"seconds\":%.6f,\"cpu_seconds\":%.6f,\"deliveries\":%" PRIu64
             ",\"messages\":%" PRIu64
             ",\"cpu_seconds_per_million_deliveries\":%.6f,\"cpu_seconds_per_million_messages\":%.6f}",
             step->server.seconds, step->server.cpu_seconds, step->server.deliveries, step->server.messages,
             step_cpu_per_million_deliveries(step), step_cpu_per_million_messages(step));
    buf_addf(out, ",\"connect_generator_cpu\":%.6f", step->connect_generator_cpu);
    if (step->generator_why)
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
             ",\"rss_bytes_per_connection\":%.1f,\"processes\":[",
             step->server.cpu_seconds, step_cpu_per_million_deliveries(step), sum.rss_bytes,
             servers_at_start(servers).rss_bytes, result->server_rss_joined,
             result_bytes_per_connection(result));
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
                 "%s{\"at\":%.3f,\"seconds\":%.3f,\"phase\":\"%s\",\"joined\":%u,\"fewest\":%u,"
                 "\"fewest_at\":%.3f,\"published\":%" PRIu64 ",\"delivered\":%" PRIu64 ",\"lost\":%" PRIu64
                 ",\"outstanding\":%" PRIu64,
                 i > 0 ? "," : "", s->at, s->seconds, s->phase, s->joined, s->fewest, s->fewest_at,
                 s->published, s->delivered, s->lost, s->outstanding);
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
        put_step(out, &result->step[i], o->connections, false);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
    if (o->search)
        buf_addf(out, ",\"search\":{\"rate\":%.12g,\"deliveries_per_second\":%.1f}", result->searched,
                 result->searched > 0 ? step_deliveries_per_second(&result->step[result->shown]) : 0.0);
}

/* The verdict's lines. */
static void put_verdict(struct buf *out, const struct result *result)
{
    struct buf text;
    const char *separator = "";
    buf_init(&text, 100000);
    report_verdict(&text, result);
    buf_adds(out, ",\"verdict\":[");
    for (const char *p = text.p, *end = p + text.n, *eol; p < end; p = eol + 1) {
        eol = memchr(p, '\n', (size_t)(end - p));
        buf_adds(out, separator);
        json_quote(out, (struct slice){p, (size_t)((eol ? eol : end) - p)});
        separator = ",";
        if (!eol)
            break;
    }
    buf_addc(out, ']');
    buf_free(&text);
}

static void put_started(struct buf *out, time_t started)
{
    struct tm utc;
    char text[40];
    if (gmtime_r(&started, &utc) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) > 0)
        put_string(out, "started", text);
}

int report_json(struct buf *out, const struct result *result)
{
    buf_addf(out, "{\"version\":\"%s\",\"ok\":%s,\"interrupted\":%s,\"seconds\":%.3f", ROOMCAST_VERSION,
             result_failed(result) ? "false" : "true", result->interrupted ? "true" : "false",
             result->seconds);
    if (result->error[0] != '\0')
        put_string(out, "error", result->error);
    put_verdict(out, result);
    put_started(out, result->started);
    buf_addf(out, ",\"cuts\":%s,\"late_after_us\":%" PRIu64,
             result->options->scenario->cuts ? "true" : "false", options_late_us(result->options));
    put_options(out, result->options);
    if (result->steps > 0) {
        buf_addc(out, ',');
        put_step(out, &result->step[result->shown], result->options->connections, true);
        put_servers(out, result);
        put_steps(out, result);
    }
    if (result->command.at > 0)
        buf_addf(out, ",\"command\":{\"at\":%.3f,\"pid\":%d,\"ended\":%s,\"status\":%d}", result->command.at,
                 (int)result->command.pid, result->command.ended ? "true" : "false", result->command.status);
    put_timeline(out, &result->timeline);
    buf_adds(out, "}\n");
    return out->err;
}
