/* SPDX-License-Identifier: Apache-2.0 */
/* The clients of a load process: connecting all of them, and what becomes of those that are cut. */
#include <stdio.h>

#include "core/base/random.h"
#include "core/base/xalloc.h"
#include "loadtest/clock.h"
#include "loadtest/worker/worker.h"

#define COMPLAINTS   5 /* disconnections that are told one by one */
#define RETRY_DELAYS 8 /* distinct ones, for not all to come back at once */

struct worker *worker_of(const struct actor *actor)
{
    return actor->crowd->owner;
}

struct worker_client *worker_client(struct worker *worker, const struct actor *actor)
{
    return &worker->client[actor->index - worker->crowd.range.first];
}

static void start(struct worker_client *client, uint64_t now)
{
    client->began = now;
    actor_start(client->actor);
}

void clients_connect(struct worker *worker, uint64_t now)
{
    const struct options *o = worker->options;
    uint32_t count = worker->crowd.range.count;
    double share = (double)count / worker->setup->plan->connections;
    double elapsed = (double)(now - worker->phase_began) / 1e6;
    double allowed = o->connect_rate > 0 ? elapsed * o->connect_rate * share + 1 : 1e18;
    double in_flight = o->in_flight * share < 1 ? 1 : o->in_flight * share;
    while (worker->phase == PHASE_CONNECT && worker->started < count && worker->in_flight < in_flight &&
           worker->started < allowed) {
        worker->in_flight++;
        start(&worker->client[worker->started++], now);
    }
}

static void back_later(struct worker *worker, struct worker_client *client)
{
    if (client->cut_at != 0 && worker->scenario->cuts)
        client->actor->elsewhere++; /* as behind a load balancer */
    double delay =
        worker->options->reconnect_delay * (0.5 + (double)(random_u64() % RETRY_DELAYS) / RETRY_DELAYS);
    timer_start(&worker->crowd.timers, &client->back, clock_us() / 1000, (uint64_t)(delay * 1000));
}

static void on_back(struct timer *timer, uint64_t now)
{
    struct worker_client *client = container_of(timer, struct worker_client, back);
    (void)now;
    if (client->actor->state == ACTOR_LEFT) {
        judge_ask(&worker_of(client->actor)->traffic.judge, client->actor->index);
        actor_join(client->actor);
    } else {
        start(client, clock_us());
    }
}

/* Whether clients that are cut connect again by themselves. */
static bool retries(const struct worker *worker)
{
    return worker->scenario->retries || worker->options->search;
}

void clients_joined(struct actor *actor)
{
    struct worker *worker = worker_of(actor);
    struct worker_client *client = worker_client(worker, actor);
    struct stats *stats = &worker->place->stats;
    uint64_t now = clock_us();
    if (client->connected) { /* it had only left the room */
        stats->count[STAT_MOVES]++;
        judge_return(&worker->traffic.judge, actor->index);
        return;
    }
    client->connected = true;
    worker->place->joined++;
    histogram_record(&stats->connect, now - client->began);
    if (client->cut_at != 0) {
        stats->count[STAT_RECONNECTS]++;
        histogram_record(&stats->outage, now - client->cut_at);
        judge_return(&worker->traffic.judge, actor->index);
        client->cut_at = 0;
        return;
    }
    worker->in_flight--;
    clients_connect(worker, now);
}

void clients_leave_room(struct worker *worker, struct actor *actor)
{
    judge_leave(&worker->traffic.judge, actor->index, LEAVING);
    actor_leave(actor);
}

void clients_left(struct actor *actor)
{
    struct worker *worker = worker_of(actor);
    judge_leave(&worker->traffic.judge, actor->index, OUT);
    back_later(worker, worker_client(worker, actor));
}

static void complain(struct worker *worker, const struct actor *actor, const char *why)
{
    const struct plan *plan = worker->setup->plan;
    uint32_t others = atomic_fetch_add(&worker->board->complaints, 1);
    if (others >= COMPLAINTS)
        return;
    progress_say(&worker->progress, "client %u in %.*s was disconnected: %s", actor->index,
                 SLICE_FMT(plan->room_name[plan_room(plan, actor->index)]), why);
    if (others + 1 == COMPLAINTS)
        progress_say(&worker->progress, "further disconnections are counted only");
}

static void fail_to_connect(struct worker *worker, const struct actor *actor, enum actor_state before,
                            const char *why)
{
    const struct plan *plan = worker->setup->plan;
    const struct target *target = &worker->setup->targets[plan_url(plan, actor->index)];
    char text[512];
    snprintf(text, sizeof text, "%s %u of %u, %s (%s): %s",
             before == ACTOR_JOINED ? "lost, while others were connecting, connection"
                                    : "cannot open connection",
             actor->index + 1, plan->connections, target->url, target->text, why);
    worker_fail(worker, text);
}

/* One that was connected was cut off. */
static void cut(struct worker *worker, struct actor *actor, const char *why)
{
    struct worker_client *client = worker_client(worker, actor);
    client->connected = false;
    worker->place->joined--;
    if (client->stalled) {
        worker->place->stats.count[STAT_STALLED_CUT]++;
        return;
    }
    worker->place->stats.count[STAT_DISCONNECTED]++;
    traffic_cut(&worker->traffic, actor);
    judge_leave(&worker->traffic.judge, actor->index, retries(worker) ? AWAY : GONE);
    complain(worker, actor, why);
    if (!retries(worker))
        return;
    client->cut_at = clock_us();
    back_later(worker, client);
}

void clients_gone(struct actor *actor, enum actor_state before, const char *why)
{
    struct worker *worker = worker_of(actor);
    if (worker->phase == PHASE_END)
        return;
    if (worker->phase == PHASE_CONNECT && !worker->scenario->retries) {
        fail_to_connect(worker, actor, before, why);
    } else if (worker_client(worker, actor)->connected) {
        cut(worker, actor, why);
    } else {
        if (worker->place->stats.count[STAT_CONNECT_FAILED]++ == 0)
            progress_say(&worker->progress, "client %u could not connect: %s", actor->index, why);
        back_later(worker, worker_client(worker, actor));
    }
}

void clients_conclude(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->crowd.range.count; i++)
        if (worker->client[i].cut_at != 0)
            worker->place->stats.count[STAT_AWAY]++;
}

void clients_close(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->crowd.range.count; i++) {
        struct worker_client *client = &worker->client[i];
        timer_stop(&client->back);
        actor_stop(client->actor);
        client->cut_at = 0;
        client->connected = client->stalled = false;
        if (worker->traffic.judge.subscriber[i].membership != MEMBER)
            judge_return(&worker->traffic.judge, client->actor->index);
    }
    worker->place->joined = 0;
    worker->started = worker->in_flight = 0;
}

void clients_stall(struct worker *worker, struct actor *actor)
{
    struct worker_client *client = worker_client(worker, actor);
    if (actor->state != ACTOR_JOINED)
        return;
    client->stalled = true;
    worker->place->stats.count[STAT_STALLED]++;
    judge_leave(&worker->traffic.judge, actor->index, LEAVING);
    actor_pause(actor, true);
}

void clients_wake(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->crowd.range.count; i++)
        if (worker->client[i].stalled && worker->client[i].connected)
            actor_pause(worker->client[i].actor, false);
}

void clients_init(struct worker *worker)
{
    uint32_t count = worker->crowd.range.count;
    worker->client = xcalloc(count + 1, sizeof *worker->client);
    for (uint32_t i = 0; i < count; i++) {
        worker->client[i].actor = &worker->crowd.actors[i];
        timer_init(&worker->client[i].back, on_back);
    }
}
