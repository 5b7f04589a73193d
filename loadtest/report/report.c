/* SPDX-License-Identifier: Apache-2.0 */
/* The summary for people. */
#include "loadtest/report/report.h"

#include <inttypes.h>

#include "loadtest/dialect/dialect.h"
#include "loadtest/format.h"
#include "loadtest/scenario/scenario.h"

static double per_second(uint64_t count, double seconds)
{
    return seconds > 0 ? (double)count / seconds : 0;
}

double step_deliveries_per_second(const struct step *step)
{
    return per_second(step->stats.count[STAT_MEASURED], step->measured_seconds);
}

double step_cpu_per_million_deliveries(const struct step *step)
{
    return step->server.deliveries > 0 ? step->server.cpu_seconds * 1e6 / (double)step->server.deliveries : 0;
}

double step_cpu_per_million_messages(const struct step *step)
{
    return step->server.messages > 0 ? step->server.cpu_seconds * 1e6 / (double)step->server.messages : 0;
}

double result_bytes_per_connection(const struct result *result)
{
    uint64_t before = servers_at_start(&result->servers).rss_bytes;
    if (result->server_rss_joined <= before)
        return 0;
    return (double)(result->server_rss_joined - before) / result->options->connections;
}

static const char *plural(uint32_t count)
{
    return count == 1 ? "" : "s";
}

static void label(FILE *out, const char *text)
{
    fprintf(out, "%-11s", text);
}

static void print_quantiles(FILE *out, const char *name, const struct histogram *h)
{
    static const struct {
        const char *name;
        double fraction;
    } quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};
    char text[16];
    if (h->count == 0)
        return;
    label(out, name);
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
        fprintf(out, "  %s %s", quantiles[i].name,
                format_us(histogram_quantile(h, quantiles[i].fraction), text));
    fprintf(out, "  max %s\n", format_us(h->max, text));
}

static void print_faults(FILE *out, const struct stats *stats)
{
    bool any = false;
    label(out, "faults");
    for (int i = 0; i < STATS; i++)
        if (stat_info[i].fault != FAULT_NEVER && stats->count[i] > 0) {
            fprintf(out, "  %s %" PRIu64, stat_info[i].key, stats->count[i]);
            any = true;
        }
    fputs(any ? "\n" : "  none\n", out);
}

static void print_connections(FILE *out, const struct options *o, const struct step *step)
{
    if (step->connect_seconds <= 0)
        return;
    label(out, "connected");
    fprintf(out, "  %u joined in %.2f s (%.0f/s), %u at the end\n", o->connections, step->connect_seconds,
            per_second(o->connections, step->connect_seconds), step->joined);
    print_quantiles(out, "joining", &step->stats.connect);
}

static void print_messages(FILE *out, const struct options *o, const struct step *step)
{
    const struct stats *stats = &step->stats;
    const uint64_t *count = stats->count;
    double rate = step_deliveries_per_second(step);
    char text[16];
    label(out, "published");
    fprintf(out, "  %" PRIu64 " (%.1f/s), acknowledged %" PRIu64 ", refused %" PRIu64 "\n",
            count[STAT_PUBLISHED], per_second(count[STAT_PUBLISHED], step->publish_seconds),
            count[STAT_ACKNOWLEDGED], count[STAT_REFUSED]);
    if (stats->first_refusal[0] != '\0')
        fprintf(out, "%-11s  the first: %s\n", "", stats->first_refusal);
    label(out, "delivered");
    fprintf(out, "  %" PRIu64 " of %" PRIu64 ", %s deliveries/s (%.1f MB/s of messages)\n",
            count[STAT_DELIVERED], count[STAT_DELIVERED] + count[STAT_LOST] + count[STAT_MISSED],
            format_count(rate, text), rate * o->size / 1e6);
    print_quantiles(out, "latency", &stats->latency);
    print_quantiles(out, "answers", &stats->answer);
}

/* Clients that were cut off, and what they did not get. */
static void print_cuts(FILE *out, const struct stats *stats)
{
    if (stats->count[STAT_STALLED] > 0) {
        label(out, "stalled");
        fprintf(out, "  %" PRIu64 " readers, %" PRIu64 " of them were disconnected by the server\n",
                stats->count[STAT_STALLED], stats->count[STAT_STALLED_CUT]);
    }
    if (stats->count[STAT_RECONNECTS] == 0)
        return;
    label(out, "reconnected");
    fprintf(out, "  %" PRIu64 " of %" PRIu64 " that were cut\n", stats->count[STAT_RECONNECTS],
            stats->count[STAT_DISCONNECTED]);
    print_quantiles(out, "away", &stats->outage);
    label(out, "missed");
    fprintf(out,
            "  %" PRIu64 " by %" PRIu64 " clients; half of them up to %" PRIu64 ", at most %" PRIu64 "\n",
            stats->count[STAT_MISSED], stats->missed_by.count, histogram_quantile(&stats->missed_by, 0.5),
            stats->missed_by.max);
}

static void print_generator(FILE *out, const struct step *step)
{
    char text[16];
    label(out, "generator");
    fprintf(out, "  %.0f %% of a core, late by p99:", 100 * step->generator_cpu);
    if (step->stats.lag.count > 0)
        fprintf(out, " publishing %s,", format_us(histogram_quantile(&step->stats.lag, 0.99), text));
    fprintf(out, " running %s\n", format_us(histogram_quantile(&step->stats.stall, 0.99), text));
    if (step->generator_busy)
        fprintf(out, "%-11s  %s: it may have been the bottleneck itself\n", "", step->generator_why);
}

static void print_servers(FILE *out, const struct result *result, const struct step *step)
{
    const struct servers *servers = &result->servers;
    const struct options *o = result->options;
    if (servers->count == 0)
        return;
    label(out, "servers");
    fprintf(out, "  %.2f of a core while it was measured\n",
            per_second(1, step->server.seconds) * step->server.cpu_seconds);
    if (step->server.deliveries > 0)
        fprintf(out, "%-11s  CPU seconds per million: deliveries %.3f, messages %.1f\n", "",
                step_cpu_per_million_deliveries(step), step_cpu_per_million_messages(step));
    if (step->connect_seconds > 0)
        fprintf(out, "%-11s  CPU seconds per million connections: %.1f\n", "",
                step->connect_server_cpu * 1e6 / o->connections);
    if (result_bytes_per_connection(result) > 0)
        fprintf(out, "%-11s  %.0f bytes of memory more for each connection\n", "",
                result_bytes_per_connection(result));
    for (uint32_t i = 0; i < servers->count; i++) {
        const struct server *s = &servers->server[i];
        fprintf(out, "%-11s  %s (%d)%s: %.2f CPU s in all, %.1f MB, %u threads\n", "", s->name, (int)s->pid,
                s->gone ? ", has ended" : "", s->usage.cpu_seconds - s->at_start.cpu_seconds,
                (double)s->usage.rss_bytes / 1e6, s->usage.threads);
    }
}

static void print_command(FILE *out, const struct result *result)
{
    if (result->command.at <= 0)
        return;
    label(out, "command");
    fprintf(out, "  run %.2f s after the beginning, ", result->command.at);
    if (result->command.ended)
        fprintf(out, "ended with status %d\n", result->command.status);
    else
        fputs("still running\n", out);
}

static void print_verdict(FILE *out, const struct result *result)
{
    struct buf text;
    buf_init(&text, 100000);
    report_verdict(&text, result);
    fwrite(text.p, 1, text.n, out);
    buf_free(&text);
}

void report_print(FILE *out, const struct result *result)
{
    const struct options *o = result->options;
    if (result->error[0] != '\0') {
        print_verdict(out, result);
        return;
    }
    const struct step *step = &result->step[result->shown];
    fprintf(out,
            "\n%s, %s: %u connections to %u URL%s, %u room%s, %u publisher%s,\n%.6g messages/s of %u bytes, "
            "%.12g s + %.12g s warm-up\n\n",
            o->scenario->name, o->dialect->name, o->connections, o->urls, plural(o->urls), o->rooms,
            plural(o->rooms), o->publishers, plural(o->publishers), step->pace.rate, o->size, o->duration,
            o->warmup);
    print_connections(out, o, step);
    if (step->stats.count[STAT_PUBLISHED] > 0)
        print_messages(out, o, step);
    print_cuts(out, &step->stats);
    print_generator(out, step);
    print_servers(out, result, step);
    print_command(out, result);
    print_faults(out, &step->stats);
    report_steps(out, result);
    fputc('\n', out);
    print_verdict(out, result);
}
