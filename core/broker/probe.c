/* SPDX-License-Identifier: Apache-2.0 */
/* Readiness: each second this node publishes a nonce on its own channel and hears it again, through the same
 * path that publications take. */
#include "core/base/random.h"
#include "core/broker/state.h"

#define PROBE_INTERVAL_MS 1000
#define PROBES_LATE       3 /* a nonce may take as long as three are sent */
#define PROBE_LATE_MS     (PROBES_LATE * PROBE_INTERVAL_MS)

static void probe_send(struct broker *b)
{
    b->probe.nonce++;
    struct publication pub = {
        .kind = PUB_NONCE, .sequence = ++b->sequence, .request = b->probe.nonce, .node = b->node};
    if (publish_to_node(b, b->node, &pub, NULL, NULL) != 0)
        b->probe.seen = false; /* down: the state handler has said so */
}

static void probe_fire(struct timer *t, uint64_t now)
{
    struct broker *b = container_of(t, struct broker, probe.timer);
    if (b->bus->up)
        probe_send(b);
    timer_start(&b->timers, t, now, PROBE_INTERVAL_MS);
}

void probe_init(struct broker *b)
{
    timer_init(&b->probe.timer, probe_fire);
    timer_start(&b->timers, &b->probe.timer, b->now, PROBE_INTERVAL_MS);
}

/* The bus has come up: ask at once rather than up to a second later; has gone down: not ready at once. */
void probe_bus_state(struct broker *b, bool up)
{
    b->probe.seen = false;
    b->probe.nonce = random_u64(); /* what was asked before proves nothing */
    if (up)
        probe_send(b);
}

void probe_returned(struct broker *b, uint64_t nonce)
{
    if (b->probe.nonce - nonce >= PROBES_LATE) /* or it is of another process with our node id */
        return;
    b->probe.seen = true;
    b->probe.seen_at = b->now;
}

bool broker_ready(const struct broker *b)
{
    return b->bus->up && b->probe.seen && b->now - b->probe.seen_at <= PROBE_LATE_MS;
}
