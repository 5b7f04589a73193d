/* SPDX-License-Identifier: Apache-2.0 */
/* What a chat does: half of the people talk, and say that they are typing; the other half come and go. */
#include "core/base/random.h"
#include "loadtest/scenario/scenarios.h"
#include "loadtest/worker/worker.h"

static const struct scenario_default defaults[] = {{"--connections", "1000"},
                                                   {"--rooms", "20"},
                                                   {"--publishers", "500"},
                                                   {"--rate", "100"},
                                                   {"--typing", "1"},
                                                   {"--churn", "20"},
                                                   {0}};

/* How many of those that come at this rate (per second, in all processes) are this process's until now. */
static uint64_t due(const struct worker *worker, double rate, uint64_t now)
{
    double share = (double)worker->crowd.range.count / worker->crowd.plan->connections;
    return (uint64_t)(rate * share * (double)(now - worker->phase_began) / 1e6);
}

static struct actor *anybody(struct worker *worker)
{
    return &worker->crowd.actors[random_u64() % worker->crowd.range.count];
}

static void type(struct worker *worker, struct actor *actor)
{
    static const struct slice event = {"typing", 6}, nothing = {"true", 4};
    if (actor->state != ACTOR_JOINED || actor_say(actor, event, nothing) != 0)
        return;
    worker->place->stats.count[STAT_TYPING]++;
    actor_flush(actor);
}

/* One who only listens: publishers are the first connections. */
static void leave(struct worker *worker)
{
    struct plan_range range = worker->crowd.range;
    uint32_t talking =
        worker->crowd.plan->publishers > range.first ? worker->crowd.plan->publishers - range.first : 0;
    if (talking >= range.count)
        return;
    struct actor *actor = &worker->crowd.actors[talking + random_u64() % (range.count - talking)];
    if (actor->state == ACTOR_JOINED)
        clients_leave_room(worker, actor);
}

static void begin(struct worker *worker)
{
    worker->typed = worker->left = 0;
}

static void tick(struct worker *worker, uint64_t now)
{
    const struct options *o = worker->options;
    uint64_t typing = due(worker, o->rate * o->typing, now);
    uint64_t leaving = worker->crowd.speech.joins ? due(worker, o->churn, now) : 0;
    for (; worker->typed < typing; worker->typed++)
        type(worker, anybody(worker));
    for (; worker->left < leaving; worker->left++)
        leave(worker);
}

const struct scenario scenario_chat = {
    .name = "chat",
    .summary = "rooms of fifty: half of the people talk and type, the others leave and come back",
    .defaults = defaults,
    .searchable = true,
    .begin = begin,
    .tick = tick};
