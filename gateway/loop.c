/* SPDX-License-Identifier: Apache-2.0 */
/* The one loop: wait, handle what came in, let the broker work and write, serve libwebsockets, again. */
#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "gateway/gateway.h"
#include "gateway/loop.h"

/* libevent hands up to 4096 events to one turn; what is cut off here is still active in the next. */
#define EVENTS_PER_TURN 256

static struct {
    uint64_t began_us; /* when this turn's first event was handled; 0: none yet */
    unsigned events;
} turn;

static uint64_t clock_us(void)
{
    struct timespec t;
    int rc = clock_gettime(CLOCK_MONOTONIC, &t);
    assert(rc == 0);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* libevent has no hook between waking up and the first callback: whoever comes first after the wait reads it.
 */
static void turn_begin(struct gateway *g)
{
    if (turn.began_us != 0)
        return;
    turn.began_us = clock_us();
    broker_set_now(g->broker, turn.began_us / 1000);
}

void loop_enter(struct gateway *g)
{
    turn_begin(g);
    if (++turn.events == EVENTS_PER_TURN)
        event_base_loopbreak(g->base);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    loop_enter(arg);
}

/* Waits at most `wait` ms (UINT64_MAX: as long as nothing happens). */
static void wait_for_events(struct gateway *g, struct event *timer, uint64_t wait)
{
    struct timeval tv = {.tv_sec = (time_t)(wait / 1000), .tv_usec = (suseconds_t)(wait % 1000 * 1000)};
    if (wait == UINT64_MAX)
        evtimer_del(timer);
    else if (wait > 0 && evtimer_add(timer, &tv) != 0)
        abort();
    turn.began_us = 0;
    turn.events = 0;
    /* Not EVLOOP_NONBLOCK alone: that goes on inside libevent as long as anything is active. */
    event_base_loop(g->base, EVLOOP_ONCE | (wait == 0 ? EVLOOP_NONBLOCK : 0));
}

void loop_run(struct gateway *g)
{
    struct event *timer = evtimer_new(g->base, on_timer, g);
    uint64_t wait = 0;
    if (timer == NULL)
        abort();
    while (!g->stopping) {
        wait_for_events(g, timer, wait);
        turn_begin(g);
        wait = broker_turn(g->broker);
        if (server_turn(g->server))
            wait = 0;
        histogram_record(&g->metrics.loop_lag, clock_us() - turn.began_us);
    }
    event_free(timer);
}
