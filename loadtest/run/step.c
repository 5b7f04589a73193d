/* SPDX-License-Identifier: Apache-2.0 */
/* One step: connecting (when it is to), publishing, waiting for what is outstanding, counting. */
#include <stdlib.h>
#include <string.h>

#include "core/base/xalloc.h"
#include "loadtest/clock.h"
#include "loadtest/run/conductor.h"

#define BEGIN_US  50000  /* from the first order to the first message: all processes have seen both orders */
#define MARGIN_US 20000  /* of it for the second order */
#define TRIES     20     /* to have all of them ready in time, on a machine that is busy */
#define SETTLE_US 200000 /* what comes twice comes within this time after all is there */
#define CALM_US   500000 /* nothing has come for so long: no more will */
#define BUSY      0.9    /* of a core: it could not do more */
#define SHORT     0.5    /* seconds of connecting that say little about it */
#define LATE_US   10000  /* p99 of how late the generator itself may be */

static double run_time(const struct conductor *c)
{
    return seconds_between(c->began, clock_us());
}

/* Where clients try again, this is what ends it. */
static bool comes_on(struct conductor *c, uint32_t joined, uint32_t *most, uint64_t *since)
{
    const struct options *o = c->options;
    double patience =
        o->connect_timeout + 2 * o->reconnect_delay + (o->connect_rate > 0 ? 2 / o->connect_rate : 0);
    if (joined > *most || *since == 0) {
        *most = joined;
        *since = clock_us();
    }
    if (seconds_between(*since, clock_us()) < patience)
        return true;
    conductor_fail(c, "no further client could join for %.1f s: %u of %u have joined", patience, joined,
                   o->connections);
    return false;
}

/* What earlier rounds have shown is still told. */
static void stop_connecting(struct conductor *c, uint32_t joined)
{
    c->result->interrupted = true;
    if (c->result->steps == 1)
        conductor_fail(c, "interrupted while connecting (%u of %u clients had joined)", joined,
                       c->options->connections);
}

/* CPU seconds of each load process. */
static double *busy_now(const struct conductor *c)
{
    double *busy = xcalloc(c->board->places, sizeof *busy);
    for (uint32_t i = 0; i < c->board->places; i++)
        busy[i] = c->board->place[i].cpu_seconds;
    return busy;
}

/* Of the busiest one since then, in cores. */
static double busiest(const struct conductor *c, const double *since, double seconds)
{
    double most = 0;
    for (uint32_t i = 0; i < c->board->places && seconds > 0; i++) {
        double cores = (c->board->place[i].cpu_seconds - since[i]) / seconds;
        most = cores > most ? cores : most;
    }
    return most;
}

static bool wait_for_all(struct conductor *c)
{
    uint64_t since = 0;
    uint32_t most = 0, joined;
    while ((joined = board_joined(c->board)) < c->options->connections) {
        if (conductor_interrupts() > 0)
            stop_connecting(c, joined);
        if (conductor_interrupts() > 0 || !comes_on(c, joined, &most, &since) || !conductor_turn(c))
            return false;
    }
    return true;
}

static bool connect_all(struct conductor *c, struct step *step)
{
    uint64_t began = clock_us();
    double *busy = busy_now(c);
    double cpu = servers_read(&c->result->servers).cpu_seconds;
    c->doing = "connecting";
    step->from.connecting = run_time(c);
    bool done = conductor_order(c, PHASE_CONNECT) && wait_for_all(c);
    step->connect_seconds = seconds_between(began, clock_us());
    step->connect_generator_cpu = busiest(c, busy, step->connect_seconds);
    free(busy);
    if (!done)
        return false;
    struct server_usage usage = servers_read(&c->result->servers);
    step->connect_server_cpu = usage.cpu_seconds - cpu;
    if (c->result->server_rss_joined == 0)
        c->result->server_rss_joined = usage.rss_bytes;
    return true;
}

/* From warm-up to the end of publishing, what the servers and the generator used. */
static void account(struct conductor *c, struct step *step, const struct snapshot *from, const double *busy)
{
    struct snapshot *to = xcalloc(1, sizeof *to);
    conductor_snapshot(c, to, clock_us());
    double time = seconds_between(from->time, to->time);
    step->server.seconds = time;
    step->server.cpu_seconds = to->server_cpu - from->server_cpu;
    step->server.deliveries = to->stats.count[STAT_DELIVERED] - from->stats.count[STAT_DELIVERED];
    step->server.messages = to->stats.count[STAT_PUBLISHED] - from->stats.count[STAT_PUBLISHED];
    step->generator_cpu = busiest(c, busy, time);
    free(to);
}

/* On a machine that others use, too, it may be late without being busy. */
static void blame_generator(struct step *step)
{
    if (step->generator_cpu > BUSY)
        step->generator_why = "it was busy all the time";
    else if (step_fell_short(step))
        step->generator_why = "it could not publish all that was due";
    else if (step->connect_generator_cpu > BUSY && step->connect_seconds > SHORT)
        step->generator_why = "it was busy all the time while connecting";
    else if (histogram_quantile(&step->stats.lag, 0.99) > LATE_US)
        step->generator_why = "it published late";
    else if (histogram_quantile(&step->stats.stall, 0.99) > LATE_US)
        step->generator_why = "it did not get to run in time";
    step->generator_busy = step->generator_why != NULL;
}

static bool nobody_is_left(const struct conductor *c)
{
    return board_joined(c->board) == 0 && !c->scenario->retries && !c->options->search;
}

static bool publishing_is_over(struct conductor *c, struct step *step, uint64_t now)
{
    if (now >= c->board->schedule.end)
        return true;
    if (conductor_interrupts() > 0) {
        c->result->interrupted = true;
        step->cut_short = BY_INTERRUPT;
    } else if (nobody_is_left(c)) {
        step->cut_short = BY_DISCONNECTIONS;
    }
    return step->cut_short != NOT_CUT_SHORT;
}

/* All load processes know what is due before the first of them publishes: else what others publish would come
 * unexpected. */
static bool prepare_all(struct conductor *c, const struct step *step)
{
    struct schedule *schedule = &c->board->schedule;
    for (int i = 0; i < TRIES; i++) {
        ledger_begin(c->board->ledger, c->first);
        schedule_init(schedule, clock_us() + BEGIN_US, c->first, &step->pace);
        if (!conductor_order(c, PHASE_PREPARE))
            return false;
        if (clock_us() + MARGIN_US < schedule->start)
            break;
    }
    c->first = schedule_next_first(schedule);
    return true;
}

static bool publish_all(struct conductor *c, struct step *step)
{
    const struct schedule *schedule = &c->board->schedule;
    struct snapshot *from = xcalloc(1, sizeof *from);
    double *busy = NULL;
    uint64_t now, command_at = schedule->start + (uint64_t)(c->options->command_at * 1e6);
    bool measuring = false, goes_on;
    c->doing = step->pace.rate > 0 && step->pace.publishers > 0 ? "publishing" : "waiting";
    step->from.publishing = run_time(c);
    board_order(c->board, PHASE_PUBLISH);
    while ((goes_on = conductor_turn(c)) && !publishing_is_over(c, step, now = clock_us())) {
        if (!measuring && now >= schedule->measured) {
            measuring = true;
            step->from.measuring = run_time(c);
            conductor_snapshot(c, from, now);
            busy = busy_now(c);
        }
        if (c->options->command && c->result->command.at <= 0 && now >= command_at)
            conductor_run_command(c, now);
    }
    now = clock_us();
    if (goes_on && measuring)
        account(c, step, from, busy);
    step->publish_seconds = seconds_between(schedule->start, now < schedule->end ? now : schedule->end);
    free(from);
    free(busy);
    return goes_on;
}

/* All has arrived, and all are back. */
static bool is_settled(const struct conductor *c)
{
    return board_settled(c->board) &&
           (!c->scenario->cuts || board_joined(c->board) == c->options->connections);
}

static bool drain_all(struct conductor *c, struct step *step)
{
    uint64_t began = clock_us(), settled_since = 0, now = began;
    int before = conductor_interrupts();
    c->doing = "draining";
    step->from.draining = run_time(c);
    c->board->stop_at = began < c->board->schedule.end ? began : c->board->schedule.end;
    step->due = schedule_due_before(&c->board->schedule, c->board->stop_at);
    if (!conductor_order(c, PHASE_STOP) || !conductor_order(c, PHASE_DRAIN))
        return false;
    while (seconds_between(began, now) < c->options->drain_timeout && conductor_interrupts() == before) {
        if (!conductor_turn(c))
            return false;
        now = clock_us();
        if (!is_settled(c))
            settled_since = 0;
        else if (settled_since == 0)
            settled_since = now;
        if (settled_since != 0 && now - settled_since >= SETTLE_US)
            break;
    }
    if (conductor_interrupts() > before)
        c->result->interrupted = step->waited_less = true;
    return conductor_order(c, PHASE_VOID) && conductor_order(c, PHASE_AUDIT);
}

bool conductor_calm(struct conductor *c, double at_most)
{
    uint64_t began = clock_us(), since = began, bytes = 0, now = began;
    struct stats *stats = xcalloc(1, sizeof *stats);
    bool goes_on = true;
    int before = conductor_interrupts();
    while (goes_on && conductor_interrupts() == before && now - since < CALM_US &&
           seconds_between(began, now) < at_most) {
        goes_on = conductor_turn(c);
        now = clock_us();
        board_stats(c->board, stats);
        if (stats->bytes != bytes ||
            (c->options->search && board_joined(c->board) != c->options->connections))
            since = now;
        bytes = stats->bytes;
    }
    free(stats);
    return goes_on;
}

/* Who was disconnected while it did not read learns it now. */
static bool wake_stalled(struct conductor *c)
{
    struct stats *stats = xcalloc(1, sizeof *stats);
    board_stats(c->board, stats);
    bool any = stats->count[STAT_STALLED] > 0;
    free(stats);
    if (any)
        c->doing = "waking readers";
    return !any || (conductor_order(c, PHASE_WAKE) && conductor_calm(c, c->options->drain_timeout));
}

/* From the end of the warm-up to the end of publishing, or to the last event, if that is later: what a
 * generator or a server does late is no higher rate. */
static double measured_until(const struct conductor *c, uint64_t last)
{
    uint64_t end = last > c->board->stop_at ? last : c->board->stop_at;
    return seconds_between(c->board->schedule.measured, end);
}

static void note_measured(const struct conductor *c, struct step *step)
{
    uint64_t delivered = 0, sent = 0;
    for (uint32_t i = 0; i < c->board->places; i++) {
        const struct board_place *place = &c->board->place[i];
        delivered = place->last_delivery > delivered ? place->last_delivery : delivered;
        sent = place->last_sent > sent ? place->last_sent : sent;
    }
    step->measured_seconds = measured_until(c, delivered);
    step->sent_seconds = measured_until(c, sent);
    if (step->due < stats_tried(&step->stats)) /* some came due while it was told to stop */
        step->due = stats_tried(&step->stats);
}

static struct step *new_step(struct conductor *c, double rate)
{
    const struct options *o = c->options;
    struct result *result = c->result;
    result->step = xrealloc(result->step, (result->steps + 1) * sizeof *result->step);
    struct step *step = &result->step[result->steps++];
    memset(step, 0, sizeof *step);
    step->pace = (struct pace){.rate = rate,
                               .ramp = o->ramp,
                               .warmup = o->warmup,
                               .duration = o->duration,
                               .publishers = o->publishers,
                               .burst = o->burst};
    return step;
}

struct step *step_do(struct conductor *c, double rate, bool connect)
{
    struct stats *before = xcalloc(1, sizeof *before), *after = xcalloc(1, sizeof *after);
    struct step *step = new_step(c, rate);
    board_stats(c->board, before);
    bool done = !connect || connect_all(c, step);
    if (done) {
        done = prepare_all(c, step) && publish_all(c, step) && drain_all(c, step) && wake_stalled(c);
    }
    if (done) {
        board_stats(c->board, after);
        stats_difference(&step->stats, after, before);
        note_measured(c, step);
        blame_generator(step);
        step->joined = board_joined(c->board);
        step->from.over = run_time(c);
    }
    if (!done && !c->failed) /* interrupted: the steps before it are the result */
        c->result->steps--;
    free(before);
    free(after);
    return done ? step : NULL;
}
