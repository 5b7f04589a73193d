/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of several steps: rounds, and the search for the highest rate. */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/xalloc.h"
#include "loadtest/clock.h"
#include "loadtest/run/conductor.h"
#include "loadtest/run/search.h"

#define CALM_MAX   30.0 /* seconds */
#define SEARCH_MAX 1e7  /* messages per second */

void run_rounds(struct conductor *c)
{
    bool again = c->scenario->reconnects_all;
    for (uint32_t round = 0; round < c->options->rounds; round++) {
        if (round > 0 && again && !conductor_order(c, PHASE_CLOSE))
            return;
        if (!step_do(c, c->options->rate, round == 0 || again))
            return;
        if (conductor_interrupts() > 0) {
            c->result->interrupted = true;
            return;
        }
        c->result->shown = round;
    }
}

/* Whether the rate held; otherwise step->why says what did not. */
static bool held(const struct conductor *c, struct step *step)
{
    const struct stats *stats = &step->stats;
    uint64_t lag = histogram_quantile(&stats->lag, 0.99);
    char a[16];
    for (int i = 0; i < STATS; i++)
        if (stat_is_fault((enum stat)i, false) && stats->count[i] > 0) {
            snprintf(step->why, sizeof step->why, "%s %llu", stat_info[i].key,
                     (unsigned long long)stats->count[i]);
            return false;
        }
    if (stats->count[STAT_PUBLISHED] == 0)
        snprintf(step->why, sizeof step->why, "nothing was published");
    else if (step->joined < c->options->connections)
        snprintf(step->why, sizeof step->why, "%u clients are not connected",
                 c->options->connections - step->joined);
    else if (stats->count[STAT_REFUSED] > 0)
        snprintf(step->why, sizeof step->why, "refused %llu", (unsigned long long)stats->count[STAT_REFUSED]);
    else if (step_fell_short(step))
        snprintf(step->why, sizeof step->why, "the load generator published %llu of %llu that were due",
                 (unsigned long long)stats->count[STAT_PUBLISHED], (unsigned long long)step->due);
    else if (stats->count[STAT_MEASURED] == 0)
        snprintf(step->why, sizeof step->why, "no delivery was measured within --duration (%.12g s)",
                 c->options->duration);
    else if ((double)lag > c->options->max_p99 * 1000)
        snprintf(step->why, sizeof step->why, "the load generator published late by p99 %s",
                 format_us(lag, a));
    else if (step_is_slow(step, c->options))
        snprintf(step->why, sizeof step->why, "p99 %s",
                 format_us(histogram_quantile(&stats->latency, 0.99), a));
    return step->why[0] == '\0';
}

/* What a rate that was too high has left behind must not spoil the next one. */
static bool calm_down(struct conductor *c)
{
    c->doing = "calming down";
    return conductor_calm(c, CALM_MAX);
}

static void say_step(struct conductor *c, const struct step *step)
{
    char p99[16] = "-";
    if (step->stats.latency.count > 0)
        format_us(histogram_quantile(&step->stats.latency, 0.99), p99);
    progress_say(&c->progress, "%.6g messages/s: %s%s (p99 %s, generator %.0f %% of a core)", step->pace.rate,
                 step->why[0] == '\0' ? "holds" : "does not hold: ", step->why, p99,
                 100 * step->generator_cpu);
}

/* What was cut short has shown nothing. */
static bool interrupted(struct conductor *c, struct step *step)
{
    if (conductor_interrupts() == 0)
        return false;
    c->result->interrupted = true;
    snprintf(step->why, sizeof step->why, "interrupted");
    return true;
}

void run_search(struct conductor *c)
{
    struct search search;
    bool more = true;
    search_init(&search, c->options->rate, SEARCH_MAX);
    for (bool connect = true; more && conductor_interrupts() == 0; connect = false) {
        struct step *step = step_do(c, search.rate, connect);
        if (!step || interrupted(c, step))
            return;
        bool ok = held(c, step);
        say_step(c, step);
        more = search_next(&search, ok);
        if (ok && step->pace.rate >= c->result->searched) {
            c->result->searched = step->pace.rate;
            c->result->shown = c->result->steps - 1;
        }
        if (!ok && more && !calm_down(c))
            return;
        if (more && conductor_interrupts() > 0)
            c->result->interrupted = true;
    }
}
