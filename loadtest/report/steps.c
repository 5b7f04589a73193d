/* SPDX-License-Identifier: Apache-2.0 */
/* The table of steps: the rates that a search tried, or rounds. */
#include "loadtest/format.h"
#include "loadtest/report/report.h"

/* Which of the columns mean something. */
struct columns {
    bool search, joined, published, servers;
};

static struct columns columns_of(const struct result *result)
{
    struct columns c = {.search = result->options->search, .servers = result->servers.count > 0};
    for (uint32_t i = 0; i < result->steps; i++) {
        c.joined = c.joined || (i > 0 && result->step[i].connect_seconds > 0);
        c.published = c.published || stats_tried(&result->step[i].stats) > 0;
    }
    return c;
}

static void print_heads(FILE *out, const struct columns *c)
{
    fprintf(out, "\n%10s", c->search ? "messages/s" : "round");
    if (c->joined)
        fprintf(out, "%10s%13s", "joined/s", "joining p99");
    if (c->published)
        fprintf(out, "%14s%10s", "deliveries/s", "p99");
    if (c->published && c->servers)
        fprintf(out, "%15s", "CPU s/million");
    fprintf(out, "%11s%s\n", "generator", c->search ? "  holds" : "");
}

static void print_p99(FILE *out, int columns, const struct histogram *h)
{
    char text[16] = "-";
    if (h->count > 0)
        format_us(histogram_quantile(h, 0.99), text);
    fprintf(out, "%*s", columns, text);
}

static void print_step(FILE *out, const struct columns *c, const struct step *s, uint32_t round)
{
    char text[16];
    if (c->search)
        fprintf(out, "%10.6g", s->pace.rate);
    else
        fprintf(out, "%10u", round);
    if (c->joined) {
        double rate = s->connect_seconds > 0 ? s->joined / s->connect_seconds : 0;
        fprintf(out, "%10s", format_count(rate, text));
        print_p99(out, 13, &s->stats.connect);
    }
    if (c->published) {
        fprintf(out, "%14s", format_count(step_deliveries_per_second(s), text));
        print_p99(out, 10, &s->stats.latency);
    }
    if (c->published && c->servers)
        fprintf(out, "%15.3f", step_cpu_per_million_deliveries(s));
    fprintf(out, "%9.0f %%",
            100 * (c->joined && !c->published ? s->connect_generator_cpu : s->generator_cpu));
    if (c->search)
        fprintf(out, "  %s%s", s->why[0] == '\0' ? "yes" : "no: ", s->why);
    fputc('\n', out);
}

void report_steps(FILE *out, const struct result *result)
{
    struct columns c = columns_of(result);
    if (result->steps < 2)
        return;
    print_heads(out, &c);
    for (uint32_t i = 0; i < result->steps; i++)
        print_step(out, &c, &result->step[i], i + 1);
}
