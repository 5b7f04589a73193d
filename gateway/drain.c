/* SPDX-License-Identifier: Apache-2.0 */
/* Leaving: not ready, new sessions are answered 503, and those that are open are closed little by little, so
 * that their clients do not all knock at the other gateways at once. Sessions on polling come first: they
 * need new connections until they have been told. When none is left the gateway stops listening, since NGINX
 * sends what belongs to a new session past a gateway that is gone, but not past one that does not know it.
 *
 * The first nine tenths of drain_timeout_ms are for closing, the last for the slowest to go; who is there
 * after it is cut. */
#include <assert.h>

#include "core/base/log.h"
#include "gateway/engineio/polling.h"
#include "gateway/gateway.h"
#include "gateway/loop.h"

enum { TICK_MAX_MS = 100, TICK_MIN_MS = 10, TICKS = 20, PROGRESS_MS = 5000 };

static struct {
    struct event *tick;
    uint64_t began_ms, told_ms;
    size_t total, asked; /* connections when it began, and those of them that were closed */
} drain;

static void finish(struct gateway *g, uint64_t elapsed, size_t left)
{
    if (left > 0)
        log_warn("drain timeout reached, cutting connections", "cut=%zu of=%zu ms=%llu", left, drain.total,
                 (unsigned long long)elapsed);
    else
        log_info("drained", "connections=%zu ms=%llu", drain.total, (unsigned long long)elapsed);
    drain_end();
    g->stopping = true;
}

/* As many as should have been closed by now, the first at once; when the time is up everybody, late comers
 * included. */
static void close_some(struct gateway *g, uint64_t elapsed)
{
    uint64_t window = g->settings.drain_timeout_ms * 9 / 10;
    if (elapsed >= window) {
        broker_drain(g->broker, SIZE_MAX);
        return;
    }
    size_t want = 1 + (size_t)((double)drain.total * (double)elapsed / (double)window);
    broker_drain(g->broker, want - drain.asked);
    drain.asked = want;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct gateway *g = arg;
    loop_enter(g);
    uint64_t now = broker_now(g->broker), elapsed = now - drain.began_ms;
    size_t left = broker_connection_count(g->broker);
    if (left == 0 || elapsed >= g->settings.drain_timeout_ms) {
        finish(g, elapsed, left);
        return;
    }
    close_some(g, elapsed);
    if (g->metrics.v[M_CONN_SOCKETIO_POLLING] == 0)
        server_stop_listening(g->server);
    if (now - drain.told_ms >= PROGRESS_MS) {
        drain.told_ms = now;
        log_info("draining", "connections=%zu of=%zu ms=%llu", left, drain.total,
                 (unsigned long long)elapsed);
    }
}

void drain_begin(struct gateway *g)
{
    assert(!g->draining);
    uint64_t timeout = g->settings.drain_timeout_ms, tick = timeout / TICKS;
    tick = tick > TICK_MAX_MS ? TICK_MAX_MS : tick < TICK_MIN_MS ? TICK_MIN_MS : tick;
    g->draining = true;
    g->metrics.v[M_DRAINING] = 1;
    drain.began_ms = drain.told_ms = broker_now(g->broker);
    drain.total = broker_connection_count(g->broker);
    drain.asked = 0;
    log_info("draining", "connections=%zu timeout_ms=%llu", drain.total, (unsigned long long)timeout);
    polling_drain(g->server);
    if (timeout == 0)
        broker_drain(g->broker, SIZE_MAX);
    struct timeval tv = {0, (suseconds_t)(tick * 1000)};
    drain.tick = event_new(g->base, -1, EV_PERSIST, on_tick, g);
    int err = drain.tick == NULL || event_add(drain.tick, &tv) != 0;
    assert(!err);
}

void drain_end(void)
{
    if (drain.tick)
        event_free(drain.tick);
    drain.tick = NULL;
}
