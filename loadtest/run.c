/* SPDX-License-Identifier: Apache-2.0 */
/* The run: one libevent loop, and a phase that says what its tick does. Reading and writing happen as sockets
 * allow; publishing by a timer that is set to the next due time, and after each read, since under load
 * reading may take long. */
#include "loadtest/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "core/base/err.h"
#include "core/base/xalloc.h"
#include "loadtest/clock.h"
#include "loadtest/progress.h"
#include "loadtest/traffic.h"

#define TICK_US          10000
#define SETTLE_US        200000 /* what comes twice comes within this time after all is there */
#define FRAME_SPARE      65536  /* frames from the server may be this much larger than a payload */
#define SHOWN_DISCONNECT 5      /* messages */

enum phase { PHASE_CONNECT, PHASE_PUBLISH, PHASE_DRAIN, PHASE_DONE };

struct run {
    const struct run_setup *setup;
    const struct options *options;
    struct stats *stats;
    struct crowd crowd;
    struct traffic traffic;
    struct progress progress;
    struct event_base *base;
    struct event *publish_timer, *tick, *progress_timer, *signal[2];
    enum phase phase;
    uint64_t begun, phase_begun, next_due;
    uint64_t settled_since;            /* 0: not settled */
    uint32_t started, in_flight, left; /* connections */
    double cpu_at_publish;
    struct { /* at the last progress line */
        uint64_t time, published, delivered;
    } shown;
};

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double seconds(uint64_t from, uint64_t to)
{
    return to > from ? (double)(to - from) / 1e6 : 0;
}

static struct run *run_of(const struct actor *actor)
{
    return actor->crowd->owner;
}

/* ---- publishing */

static void publish_due(struct run *run, uint64_t now)
{
    run->next_due = traffic_publish(&run->traffic, now);
    if (run->next_due == UINT64_MAX)
        return;
    uint64_t wait = run->next_due > now ? run->next_due - now : 0;
    struct timeval timeout = {.tv_sec = (time_t)(wait / 1000000), .tv_usec = (suseconds_t)(wait % 1000000)};
    evtimer_add(run->publish_timer, &timeout);
}

static void on_publish_timer(evutil_socket_t fd, short what, void *arg)
{
    struct run *run = arg;
    (void)fd;
    (void)what;
    if (run->phase == PHASE_PUBLISH)
        publish_due(run, clock_us());
}

/* ---- phases */

static void begin_publishing(struct run *run, uint64_t now)
{
    const struct options *o = run->options;
    struct schedule schedule;
    run->stats->connect_seconds = seconds(run->begun, now);
    run->cpu_at_publish = cpu_seconds();
    schedule_init(&schedule, now, o->rate, o->warmup, o->duration, o->publishers);
    traffic_begin(&run->traffic, &schedule);
    publish_due(run, now);
}

static void begin_draining(struct run *run, uint64_t now)
{
    const struct schedule *schedule = &run->traffic.schedule;
    uint64_t end = now < schedule->end ? now : schedule->end; /* the tick comes a little later */
    traffic_stop(&run->traffic);
    event_del(run->publish_timer);
    run->stats->publish_seconds = seconds(run->phase_begun, end);
    run->stats->measured_seconds = seconds(schedule->measured, end);
}

static void conclude(struct run *run, uint64_t now)
{
    struct stats *stats = run->stats;
    stats->cpu_seconds = cpu_seconds() - run->cpu_at_publish;
    stats->cpu_wall_seconds = stats->publish_seconds + seconds(run->phase_begun, now);
    stats->frames = run->crowd.loop.frames;
    stats->reads = run->crowd.loop.reads;
    stats->bytes = run->crowd.loop.bytes;
    stats->joined -= run->left;
    traffic_conclude(&run->traffic);
}

static void enter(struct run *run, enum phase phase)
{
    uint64_t now = clock_us();
    if (phase == PHASE_PUBLISH)
        begin_publishing(run, now);
    else if (phase == PHASE_DRAIN)
        begin_draining(run, now);
    else if (run->phase == PHASE_DRAIN)
        conclude(run, now);
    run->phase = phase;
    run->phase_begun = now;
    if (phase == PHASE_DONE)
        event_base_loopbreak(run->base);
}

static void tick_connect(struct run *run, uint64_t now)
{
    const struct options *o = run->options;
    double allowed = o->connect_rate > 0 ? seconds(run->begun, now) * o->connect_rate + 1 : 1e18;
    while (run->phase == PHASE_CONNECT && run->started < o->connections && run->in_flight < o->in_flight &&
           run->started < allowed) {
        run->in_flight++;
        actor_start(&run->crowd.actors[run->started++]);
    }
    timers_run(&run->crowd.timers, now / 1000);
}

static void tick_publish(struct run *run, uint64_t now)
{
    if (now >= run->traffic.schedule.end || run->left == run->options->connections)
        enter(run, PHASE_DRAIN);
}

static void tick_drain(struct run *run, uint64_t now)
{
    bool settled = traffic_is_settled(&run->traffic);
    if (!settled)
        run->settled_since = 0;
    else if (run->settled_since == 0)
        run->settled_since = now;
    if ((settled && now - run->settled_since >= SETTLE_US) ||
        seconds(run->phase_begun, now) >= run->options->drain_timeout)
        enter(run, PHASE_DONE);
}

static const struct {
    const char *name;
    void (*tick)(struct run *run, uint64_t now);
} phases[] = {[PHASE_CONNECT] = {"connecting", tick_connect},
              [PHASE_PUBLISH] = {"publishing", tick_publish},
              [PHASE_DRAIN] = {"draining", tick_drain}};

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct run *run = arg;
    (void)fd;
    (void)what;
    if (run->phase != PHASE_DONE)
        phases[run->phase].tick(run, clock_us());
}

static void on_signal(evutil_socket_t fd, short what, void *arg)
{
    struct run *run = arg;
    (void)fd;
    (void)what;
    run->stats->interrupted = true;
    if (run->phase == PHASE_PUBLISH) {
        enter(run, PHASE_DRAIN);
    } else if (run->phase == PHASE_CONNECT) {
        snprintf(run->stats->error, sizeof run->stats->error,
                 "interrupted while connecting (%u of %u clients had joined)", run->stats->joined,
                 run->options->connections);
        enter(run, PHASE_DONE);
    } else if (run->phase == PHASE_DRAIN) {
        enter(run, PHASE_DONE);
    }
}

/* ---- what the actors tell */

static void on_joined(struct actor *actor)
{
    struct run *run = run_of(actor);
    run->stats->joined++;
    run->in_flight--;
    if (run->stats->joined == run->options->connections)
        enter(run, PHASE_PUBLISH);
    else
        tick_connect(run, clock_us());
}

static void fail_to_connect(struct run *run, const struct actor *actor, enum actor_state before,
                            const char *why)
{
    const struct target *target = &run->setup->targets[plan_url(run->setup->plan, actor->index)];
    snprintf(run->stats->error, sizeof run->stats->error, "%s %u of %u, %s (%s): %s",
             before == ACTOR_JOINED ? "lost, while others were connecting, connection"
                                    : "cannot open connection",
             actor->index + 1, run->options->connections, target->url, target->text, why);
    enter(run, PHASE_DONE);
}

static void on_gone(struct actor *actor, enum actor_state before, const char *why)
{
    struct run *run = run_of(actor);
    if (run->phase == PHASE_DONE)
        return;
    if (run->phase == PHASE_CONNECT) {
        fail_to_connect(run, actor, before, why);
        return;
    }
    run->left++;
    traffic_leave(&run->traffic, actor);
    if (run->left <= SHOWN_DISCONNECT)
        progress_say(&run->progress, "client %u in %s was disconnected: %s", actor->index,
                     run->setup->plan->room_name[plan_room(run->setup->plan, actor->index)], why);
    if (run->left == SHOWN_DISCONNECT)
        progress_say(&run->progress, "further disconnections are counted only");
}

static void on_message(struct actor *actor, const struct heard *heard)
{
    struct run *run = run_of(actor);
    if (run->phase == PHASE_CONNECT)
        run->stats->count[STAT_UNEXPECTED]++;
    else if (run->phase != PHASE_DONE)
        traffic_message(&run->traffic, actor, heard, run->crowd.loop.now);
}

static void on_answered(struct actor *actor, const struct heard *heard)
{
    struct run *run = run_of(actor);
    if (run->phase == PHASE_CONNECT)
        run->stats->count[STAT_UNEXPECTED]++;
    else if (run->phase != PHASE_DONE)
        traffic_answer(&run->traffic, actor, heard, run->crowd.loop.now);
}

static void on_after_read(struct crowd *crowd)
{
    struct run *run = crowd->owner;
    if (run->phase == PHASE_PUBLISH && crowd->loop.now >= run->next_due)
        publish_due(run, clock_us());
}

static const struct crowd_events events = {.joined = on_joined,
                                           .gone = on_gone,
                                           .message = on_message,
                                           .answered = on_answered,
                                           .after_read = on_after_read};

/* ---- progress */

static void show_progress(struct run *run, uint64_t now)
{
    const uint64_t *count = run->stats->count;
    double elapsed = seconds(run->shown.time, now);
    struct audit audit = judge_audit(&run->traffic.judge);
    struct progress_figures figures = {
        .phase = phases[run->phase].name,
        .seconds = seconds(run->begun, now),
        .joined = run->stats->joined - run->left,
        .connections = run->options->connections,
        .publish_rate = (double)(count[STAT_PUBLISHED] - run->shown.published) / elapsed,
        .delivery_rate = (double)(count[STAT_DELIVERED] - run->shown.delivered) / elapsed,
        .delivered = count[STAT_DELIVERED],
        .lost = audit.lost + audit.missed,
        .outstanding = audit.outstanding,
        .p99_us = traffic_merge_recent(&run->traffic)};
    run->shown.time = now;
    run->shown.published = count[STAT_PUBLISHED];
    run->shown.delivered = count[STAT_DELIVERED];
    progress_show(&run->progress, &figures);
}

static void on_progress_timer(evutil_socket_t fd, short what, void *arg)
{
    struct run *run = arg;
    (void)fd;
    (void)what;
    if (run->phase != PHASE_DONE)
        show_progress(run, clock_us());
}

/* ---- set-up */

static struct event *every(struct run *run, double interval, event_callback_fn callback)
{
    struct event *event = event_new(run->base, -1, EV_PERSIST, callback, run);
    struct timeval timeout = {.tv_sec = (time_t)interval};
    timeout.tv_usec = (suseconds_t)((interval - (double)timeout.tv_sec) * 1e6);
    if (event)
        event_add(event, &timeout);
    return event;
}

static bool open_loop(struct run *run)
{
    struct event_config *config = event_config_new();
    if (config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER); /* due times are microseconds */
        event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
        run->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (!run->base) {
        fprintf(stderr, "roomcast-load: cannot make an event loop\n");
        return false;
    }
    run->publish_timer = evtimer_new(run->base, on_publish_timer, run);
    run->tick = every(run, TICK_US / 1e6, on_tick);
    run->progress_timer = every(run, run->options->interval, on_progress_timer);
    static const int numbers[] = {SIGINT, SIGTERM};
    for (int i = 0; i < 2; i++) {
        run->signal[i] = evsignal_new(run->base, numbers[i], on_signal, run);
        if (run->signal[i])
            event_add(run->signal[i], NULL);
    }
    return run->publish_timer && run->tick && run->progress_timer && run->signal[0] && run->signal[1];
}

static void close_loop(struct run *run)
{
    struct event *all[] = {run->publish_timer, run->tick, run->progress_timer, run->signal[0],
                           run->signal[1]};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i])
            event_free(all[i]);
    if (run->base)
        event_base_free(run->base);
}

static bool open_crowd(struct run *run)
{
    const struct options *o = run->options;
    run->crowd = (struct crowd){.plan = run->setup->plan,
                                .targets = run->setup->targets,
                                .sources = run->setup->sources,
                                .join_timeout_ms = (uint64_t)(o->connect_timeout * 1000),
                                .events = &events,
                                .owner = run};
    int err = crowd_init(&run->crowd, run->base, o, o->size + FRAME_SPARE);
    if (err != 0) {
        fprintf(stderr, "roomcast-load: cannot prepare the run: %s\n", err_text(err));
        return false;
    }
    traffic_init(&run->traffic, &run->crowd, o->size, run->stats);
    return true;
}

int run_execute(const struct run_setup *setup, struct stats *stats)
{
    struct run *run = xcalloc(1, sizeof *run); /* histograms: too large for the stack */
    run->setup = setup;
    run->options = setup->options;
    run->stats = stats;
    progress_init(&run->progress, !run->options->no_progress);
    int result = -1;
    if (open_loop(run) && open_crowd(run)) {
        run->begun = run->phase_begun = run->shown.time = clock_us();
        tick_connect(run, run->begun);
        if (run->phase != PHASE_DONE)
            event_base_dispatch(run->base);
        progress_end(&run->progress);
        traffic_free(&run->traffic);
        crowd_free(&run->crowd);
        result = 0;
    }
    close_loop(run);
    free(run);
    return result;
}
