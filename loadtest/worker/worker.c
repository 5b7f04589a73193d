/* SPDX-License-Identifier: Apache-2.0 */
/* One load process. */
#include "loadtest/worker/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "core/base/err.h"
#include "core/base/xalloc.h"
#include "loadtest/clock.h"

#define TICK_US     10000
#define CATCH_UP_US 1000000 /* after the end of publishing: a hiccup is no lack of speed */
#define LOOK_US     500000  /* between two looks at how things are, while messages are published */
#define LOOK_SHARE  20      /* a look may take one part in so many of the time */
#define FRAME_SPARE 65536   /* frames from the server may be this much larger than a payload */

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void worker_fail(struct worker *worker, const char *why)
{
    board_fail(worker->place, why);
    worker->phase = PHASE_END;
    event_base_loopbreak(worker->base);
}

/* ---- publishing */

/* The order has come, and is not yet taken up. */
static bool is_told_to_stop(const struct worker *worker)
{
    const struct board *board = worker->board;
    return atomic_load_explicit(&board->order, memory_order_acquire) != worker->order &&
           board->phase == PHASE_STOP;
}

/* Until then it may still publish what was due before it was to stop. */
static bool is_too_late(const struct worker *worker, uint64_t now)
{
    return is_told_to_stop(worker) && now >= worker->board->stop_at + CATCH_UP_US;
}

static bool is_behind(const struct worker *worker, uint64_t now)
{
    return worker->phase == PHASE_PUBLISH && is_told_to_stop(worker) &&
           worker->next_due < worker->board->stop_at && !is_too_late(worker, now);
}

static void publish_due(struct worker *worker, uint64_t now)
{
    if (is_too_late(worker, now))
        return;
    worker->next_due = traffic_publish(&worker->traffic, now);
    if (worker->next_due == UINT64_MAX)
        return;
    uint64_t wait = worker->next_due > now ? worker->next_due - now : 0;
    struct timeval timeout = {.tv_sec = (time_t)(wait / 1000000), .tv_usec = (suseconds_t)(wait % 1000000)};
    evtimer_add(worker->publish_timer, &timeout);
}

static void on_publish_timer(evutil_socket_t fd, short what, void *arg)
{
    struct worker *worker = arg;
    (void)fd;
    (void)what;
    if (worker->phase == PHASE_PUBLISH)
        publish_due(worker, clock_us());
}

/* ---- messages */

static void on_message(struct actor *actor, const struct heard *heard)
{
    struct worker *worker = worker_of(actor);
    if (!worker_client(worker, actor)->stalled)
        traffic_message(&worker->traffic, actor, heard, worker->crowd.loop.now);
}

static void on_answered(struct actor *actor, const struct heard *heard)
{
    struct worker *worker = worker_of(actor);
    traffic_answer(&worker->traffic, actor, heard, worker->crowd.loop.now);
}

static void on_after_read(struct crowd *crowd)
{
    struct worker *worker = crowd->owner;
    if (worker->phase == PHASE_PUBLISH && crowd->loop.now >= worker->next_due)
        publish_due(worker, clock_us());
}

static const struct crowd_events events = {.joined = clients_joined,
                                           .gone = clients_gone,
                                           .left = clients_left,
                                           .message = on_message,
                                           .answered = on_answered,
                                           .after_read = on_after_read};

/* ---- orders */

static void begin_publishing(struct worker *worker, uint64_t now)
{
    if (worker->scenario->begin)
        worker->scenario->begin(worker);
    publish_due(worker, now);
}

static void obey(struct worker *worker, enum phase phase, uint64_t now)
{
    worker->phase = phase;
    worker->phase_began = now;
    worker->next_look = 0;
    worker->place->settled = false;
    switch (phase) {
    case PHASE_CONNECT:
        clients_connect(worker, now);
        break;
    case PHASE_PREPARE:
        traffic_begin(&worker->traffic, &worker->board->schedule);
        break;
    case PHASE_PUBLISH:
        begin_publishing(worker, now);
        break;
    case PHASE_STOP:
        event_del(worker->publish_timer);
        break;
    case PHASE_VOID:
        traffic_void_unanswered(&worker->traffic);
        break;
    case PHASE_AUDIT:
        clients_conclude(worker);
        traffic_conclude(&worker->traffic);
        break;
    case PHASE_WAKE:
        clients_wake(worker);
        break;
    case PHASE_CLOSE:
        clients_close(worker);
        break;
    case PHASE_END:
        event_base_loopbreak(worker->base);
        break;
    case PHASE_IDLE:
    case PHASE_DRAIN:
        break;
    }
}

static void look(struct worker *worker, uint64_t now)
{
    bool in_step = worker->phase >= PHASE_PREPARE && worker->phase <= PHASE_DRAIN;
    if (!in_step || now < worker->next_look)
        return;
    struct audit audit = traffic_audit(&worker->traffic);
    uint64_t cost = clock_us() - now, least = worker->phase == PHASE_DRAIN ? TICK_US : LOOK_US;
    worker->next_look = now + (cost * LOOK_SHARE > least ? cost * LOOK_SHARE : least);
    worker->place->audit = audit;
    worker->place->settled =
        worker->phase == PHASE_DRAIN && worker->traffic.pending == 0 && audit.outstanding == 0;
}

/* Who does not get to run in time measures itself. */
static void note_stall(struct worker *worker, uint64_t now)
{
    uint64_t due = worker->last_tick + TICK_US;
    if (worker->phase == PHASE_PUBLISH && worker->last_tick >= worker->traffic.schedule.measured)
        histogram_record(&worker->place->stats.stall, now > due ? now - due : 0);
    worker->last_tick = now;
}

static void show(struct worker *worker)
{
    struct board_place *place = worker->place;
    const struct wire_loop *loop = &worker->crowd.loop;
    place->stats.frames = loop->frames;
    place->stats.reads = loop->reads;
    place->stats.bytes = loop->bytes;
    place->stats.count[STAT_HEARTBEATS] = loop->pings;
    place->last_delivery = worker->traffic.last_delivery;
    place->last_sent = worker->traffic.last_sent;
    place->cpu_seconds = cpu_seconds();
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct worker *worker = arg;
    uint64_t now = clock_us();
    (void)fd;
    (void)what;
    note_stall(worker, now);
    timers_run(&worker->crowd.timers, now / 1000);
    if (worker->phase == PHASE_CONNECT)
        clients_connect(worker, now);
    if (worker->phase == PHASE_PUBLISH && worker->scenario->tick)
        worker->scenario->tick(worker, now);
    look(worker, now);
    show(worker);
    if (worker->phase == PHASE_END)
        return;
    uint32_t order = atomic_load_explicit(&worker->board->order, memory_order_acquire);
    if (order == worker->order || is_behind(worker, now))
        return;
    worker->order = order;
    obey(worker, worker->board->phase, now);
    show(worker);
    atomic_store_explicit(&worker->place->obeyed, order, memory_order_release);
}

/* ---- set-up */

static bool open_loop(struct worker *worker)
{
    struct event_config *config = event_config_new();
    if (config) {
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER); /* due times are microseconds */
        event_config_set_flag(config, EVENT_BASE_FLAG_NO_CACHE_TIME);
        worker->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (!worker->base)
        return false;
    worker->publish_timer = evtimer_new(worker->base, on_publish_timer, worker);
    worker->tick = event_new(worker->base, -1, EV_PERSIST, on_tick, worker);
    return worker->publish_timer && worker->tick &&
           event_add(worker->tick, &(struct timeval){.tv_usec = TICK_US}) == 0;
}

static void close_loop(struct worker *worker)
{
    if (worker->publish_timer)
        event_free(worker->publish_timer);
    if (worker->tick)
        event_free(worker->tick);
    if (worker->base)
        event_base_free(worker->base);
}

static bool open_crowd(struct worker *worker, struct plan_range range)
{
    const struct options *o = worker->options;
    worker->crowd = (struct crowd){.plan = worker->setup->plan,
                                   .range = range,
                                   .targets = worker->setup->targets,
                                   .sources = worker->setup->sources,
                                   .join_timeout_ms = (uint64_t)(o->connect_timeout * 1000),
                                   .events = &events,
                                   .owner = worker};
    int err = crowd_init(&worker->crowd, worker->base, o, o->size + FRAME_SPARE);
    if (err != 0) {
        char why[100];
        snprintf(why, sizeof why, "cannot prepare the run: %s", err_text(err));
        board_fail(worker->place, why);
        return false;
    }
    clients_init(worker);
    traffic_init(&worker->traffic, &worker->crowd, worker->board->ledger, o, &worker->place->stats);
    return true;
}

void worker_run(const struct setup *setup, struct board *board, uint32_t process)
{
    struct worker worker = {.setup = setup,
                            .options = setup->options,
                            .scenario = setup->options->scenario,
                            .board = board,
                            .place = &board->place[process]};
    struct plan_range range = plan_range(setup->plan, process, setup->processes);
    progress_init(&worker.progress, true);
    worker.progress.line_open = worker.progress.terminal;
    worker.place->connections = range.count;
    if (!open_loop(&worker)) {
        board_fail(worker.place, "cannot make an event loop");
    } else if (open_crowd(&worker, range)) {
        event_base_dispatch(worker.base);
        traffic_free(&worker.traffic);
        crowd_free(&worker.crowd);
        free(worker.client);
    }
    close_loop(&worker);
}
