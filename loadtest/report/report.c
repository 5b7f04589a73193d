/* SPDX-License-Identifier: Apache-2.0 */
/* The summary for people. */
#include "loadtest/report/report.h"

#include <inttypes.h>

#include "loadtest/dialect/dialect.h"
#include "loadtest/format.h"
#include "loadtest/scenario/scenario.h"

#define LEAST_BYTES 256 /* no server holds a connection in less: it used what earlier ones have left */

static double per_second(uint64_t count, double seconds)
{
    return seconds > 0 ? (double)count / seconds : 0;
}

double step_messages_per_second(const struct step *step)
{
    return per_second(step->stats.lag.count, step->sent_seconds);
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
    struct server_usage before = servers_at_start(&result->servers);
    uint64_t most = before.peak_bytes > before.rss_bytes ? before.peak_bytes : before.rss_bytes;
    if (result->server_rss_joined <= most)
        return 0;
    double each = (double)(result->server_rss_joined - before.rss_bytes) / result->options->connections;
    return each < LEAST_BYTES ? 0 : each;
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

/* The last one up to the one that is shown in which clients connected. */
static const struct step *connecting_step(const struct result *result)
{
    uint32_t i = result->shown;
    while (i > 0 && result->step[i].connect_seconds <= 0)
        i--;
    return &result->step[i];
}

static void print_connections(FILE *out, const struct result *result)
{
    const struct step *step = connecting_step(result);
    uint32_t connections = result->options->connections;
    if (step->connect_seconds <= 0)
        return;
    label(out, "connected");
    fprintf(out, "  %u joined in %.2f s (%.0f/s), %u at the end\n", connections, step->connect_seconds,
            per_second(connections, step->connect_seconds), result->step[result->shown].joined);
    print_quantiles(out, "joining", &step->stats.connect);
}

/* What clients did besides publishing and listening. */
static void print_doings(FILE *out, const struct options *o, const struct stats *stats)
{
    if (o->churn > 0 && o->no_join) {
        label(out, "moves");
        fputs("  none: with --no-join nobody can leave a room\n", out);
    } else if (o->churn > 0 && o->publishers == o->connections) {
        label(out, "moves");
        fputs("  none: all are --publishers, and only those who listen leave\n", out);
    } else if (o->churn > 0) {
        label(out, "moves");
        fprintf(out, "  %" PRIu64 " times a client left its room and came back\n", stats->count[STAT_MOVES]);
    }
    if (o->typing > 0) {
        label(out, "typing");
        fprintf(out, "  %" PRIu64 " notices sent\n", stats->count[STAT_TYPING]);
    }
    if (stats_tried(stats) == 0 && !o->scenario->reconnects_all) {
        label(out, "heartbeats");
        fprintf(out, "  %" PRIu64 " answered\n", stats->count[STAT_HEARTBEATS]);
    }
}

static void print_messages(FILE *out, const struct options *o, const struct step *step)
{
    const struct stats *stats = &step->stats;
    const uint64_t *count = stats->count;
    double rate = step_deliveries_per_second(step);
    char text[16];
    label(out, "published");
    fprintf(out,
            "  %" PRIu64 " of %" PRIu64 " due (%.1f/s for %.2f s), acknowledged %" PRIu64 ", refused %" PRIu64
            "\n",
            count[STAT_PUBLISHED], step->due, step_messages_per_second(step), step->sent_seconds,
            count[STAT_ACKNOWLEDGED], count[STAT_REFUSED]);
    if (stats->first_refusal[0] != '\0')
        fprintf(out, "%-11s  the first: %s\n", "", stats->first_refusal);
    label(out, "delivered");
    fprintf(out, "  %" PRIu64 " of %" PRIu64 " (%s/s for %.2f s, %.1f MB/s of messages)\n",
            count[STAT_DELIVERED], count[STAT_DELIVERED] + count[STAT_LOST] + count[STAT_MISSED],
            format_count(rate, text), step->measured_seconds, rate * o->size / 1e6);
    print_quantiles(out, "latency", &stats->latency);
    print_quantiles(out, "answers", &stats->answer);
}

/* How many messages there were for each of those clients that h counts. */
static void print_each(FILE *out, const struct histogram *h)
{
    if (h->count > 0)
        fprintf(out, "; each p50 %" PRIu64 ", max %" PRIu64, histogram_quantile(h, 0.5), h->max);
}

static void print_missed(FILE *out, const char *name, const struct histogram *h, uint64_t clients,
                         const char *which)
{
    label(out, name);
    fprintf(out, "  %" PRIu64 " deliveries to %" PRIu64 " of %" PRIu64 " clients that %s", h->sum, h->count,
            clients, which);
    print_each(out, h);
    fputc('\n', out);
}

/* Who did not get what, and who got it late, where connections were cut. */
static void print_clients(FILE *out, const struct options *o, const struct stats *stats)
{
    uint64_t cut = stats->count[STAT_CLIENTS_CUT];
    char text[16];
    if (stats->count[STAT_PUBLISHED] == 0 || (cut == 0 && !o->scenario->cuts))
        return;
    print_missed(out, "missed", &stats->missed_by, cut, "were disconnected");
    print_missed(out, "", &stats->lost_by, o->connections - cut, "stayed connected");
    label(out, "late");
    fprintf(out, "  %" PRIu64 " deliveries to %" PRIu64 " of %u clients, later than %s",
            stats->count[STAT_LATE], stats->late_by.count, o->connections,
            format_us(options_late_us(o), text));
    print_each(out, &stats->late_by);
    if (stats->late_by.count > 0)
        fprintf(out, "; the latest %s", format_us(stats->latency.max, text));
    fputc('\n', out);
}

/* Clients that were cut off. */
static void print_cuts(FILE *out, const struct options *o, const struct stats *stats)
{
    if (stats->count[STAT_STALLED] > 0) {
        label(out, "stalled");
        fprintf(out, "  %" PRIu64 " readers, %" PRIu64 " of them were disconnected by the server\n",
                stats->count[STAT_STALLED], stats->count[STAT_STALLED_CUT]);
        fprintf(out, "%-11s  (--stalled %.12g of the %u that do not publish)\n", "", o->stalled,
                o->connections - o->publishers);
    }
    bool cuts = o->scenario->cuts;
    bool any = stats->count[STAT_RECONNECTS] > 0 || (cuts && stats->count[STAT_DISCONNECTED] > 0);
    if (any || cuts)
        label(out, "reconnected");
    if (cuts && !any)
        fputs("  nobody was disconnected\n", out);
    if (!any)
        return;
    fprintf(out, "  %" PRIu64 " of %" PRIu64 " that were cut\n", stats->count[STAT_RECONNECTS],
            stats->count[STAT_DISCONNECTED]);
    print_quantiles(out, "away", &stats->outage);
}

static void print_generator(FILE *out, const struct step *step)
{
    char text[16];
    label(out, "generator");
    if (stats_tried(&step->stats) == 0 && step->connect_seconds > 0)
        fprintf(out, "  %.0f %% of a core while connecting\n%-11s", 100 * step->connect_generator_cpu, "");
    fprintf(out, "  %.0f %% of a core; how late it was, p99:", 100 * step->generator_cpu);
    if (step->stats.lag.count > 0)
        fprintf(out, " %s to publish,", format_us(histogram_quantile(&step->stats.lag, 0.99), text));
    fprintf(out, " %s to run at all\n",
            step->stats.stall.count > 0 ? format_us(histogram_quantile(&step->stats.stall, 0.99), text)
                                        : "-");
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
    if (stats_tried(&step->stats) == 0 && step->connect_seconds > 0)
        fprintf(out, "  %.2f of a core while connecting\n%-11s",
                step->connect_server_cpu / step->connect_seconds, "");
    fprintf(out, "  %.2f of a core while it was measured\n",
            per_second(1, step->server.seconds) * step->server.cpu_seconds);
    if (step->server.deliveries > 0)
        fprintf(out, "%-11s  CPU seconds per million: deliveries %.3f, messages %.1f\n", "",
                step_cpu_per_million_deliveries(step), step_cpu_per_million_messages(step));
    if (connecting_step(result)->connect_seconds > 0)
        fprintf(out, "%-11s  CPU seconds per million connections: %.1f\n", "",
                connecting_step(result)->connect_server_cpu * 1e6 / o->connections);
    if (result_bytes_per_connection(result) > 0)
        fprintf(out,
                "%-11s  at least %.0f bytes of memory more for each connection%s (what earlier ones left is "
                "used again)\n",
                "", result_bytes_per_connection(result),
                o->rounds > 1 && o->scenario->reconnects_all ? " in the first round" : "");
    else
        fprintf(out, "%-11s  memory for each connection: -, it was there before; restart them to see\n", "");
    for (uint32_t i = 0; i < servers->count; i++) {
        const struct server *s = &servers->server[i];
        fprintf(out, "%-11s  %s (%d)%s: %.2f CPU s in all, %.1f MB, %u thread%s\n", "", s->name, (int)s->pid,
                s->gone ? ", has ended" : "", s->usage.cpu_seconds - s->at_start.cpu_seconds,
                (double)s->usage.rss_bytes / 1e6, s->usage.threads, plural(s->usage.threads));
    }
}

static void print_command(FILE *out, const struct result *result)
{
    if (result->command.at <= 0)
        return;
    label(out, "command");
    fprintf(out, "  run %.2f s after publishing began, ",
            result->command.at - result->step[0].from.publishing);
    if (result->command.ended)
        fprintf(out, "ended with status %d\n", result->command.status);
    else
        fprintf(out, "still running: process %d goes on\n", (int)result->command.pid);
}

static void print_verdict(FILE *out, const struct result *result)
{
    struct buf text;
    buf_init(&text, 100000);
    report_verdict(&text, result);
    fwrite(text.p, 1, text.n, out);
    buf_free(&text);
}

static void print_header(FILE *out, const struct options *o, const struct step *step)
{
    fprintf(out, "\n%s, %s: %u connection%s to %u URL%s, %u room%s, %u publisher%s,\n", o->scenario->name,
            o->dialect->name, o->connections, plural(o->connections), o->urls, plural(o->urls), o->rooms,
            plural(o->rooms), o->publishers, plural(o->publishers));
    if (o->publishers == 0 || step->pace.rate <= 0)
        fputs("nobody publishes", out);
    else
        fprintf(out, "%.6g messages/s of %u bytes", step->pace.rate, o->size);
    if (o->ramp > 0)
        fprintf(out, ", %.12g s ramp", o->ramp);
    if (o->warmup > 0)
        fprintf(out, ", %.12g s warm-up", o->warmup);
    fprintf(out, ", %.12g s measured\n\n", o->duration);
}

void report_print(FILE *out, const struct result *result)
{
    const struct options *o = result->options;
    if (result->error[0] != '\0') {
        print_verdict(out, result);
        return;
    }
    const struct step *step = &result->step[result->shown];
    print_header(out, o, step);
    if (o->rounds > 1 && !o->search)
        fprintf(out, "round %u of %u:\n", result->shown + 1, o->rounds);
    print_connections(out, result);
    if (stats_tried(&step->stats) > 0)
        print_messages(out, o, step);
    print_doings(out, o, &step->stats);
    print_cuts(out, o, &step->stats);
    print_clients(out, o, &step->stats);
    print_generator(out, step);
    print_servers(out, result, step);
    print_command(out, result);
    print_faults(out, &step->stats);
    report_steps(out, result);
    fputc('\n', out);
    print_verdict(out, result);
}
