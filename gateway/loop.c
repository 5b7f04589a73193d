/* SPDX-License-Identifier: Apache-2.0 */
/* The one loop: wait, handle what came in, let the broker work and write, serve libwebsockets, again. */
#include <assert.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "gateway/loop.h"

static struct {
    uint64_t began_us; /* when this turn's first event was handled; 0: none yet */
    unsigned events;
} turn;

uint64_t loop_time(void)
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
    turn.began_us = loop_time();
    broker_set_now(g->broker, turn.began_us / 1000);
}

void loop_enter(struct gateway *g)
{
    bool first = turn.began_us == 0;
    turn_begin(g);
    if (++turn.events == LOOP_EVENTS_PER_TURN || (!first && loop_time() - turn.began_us > LOOP_INPUT_US))
        event_base_loopbreak(g->base); /* what is cut off here is still active in the next turn */
}

/* The end of a wait, to the millisecond. libevent's own timers are some milliseconds coarse, or cost a system
 * call in every turn; this one costs one when it has to ring earlier than it would. */
struct alarm {
    struct gateway *gateway;
    int fd;
    struct event *event;
    uint64_t due; /* ms; 0: not set, or it has rung */
};

/* Edge triggered, so that nobody has to read it. */
static void on_alarm(evutil_socket_t fd, short what, void *arg)
{
    struct alarm *a = arg;
    (void)fd;
    (void)what;
    a->due = 0;
    loop_enter(a->gateway);
}

static void alarm_init(struct alarm *a, struct gateway *g)
{
    a->gateway = g;
    a->due = 0;
    a->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    a->event = a->fd < 0 ? NULL : event_new(g->base, a->fd, EV_READ | EV_PERSIST | EV_ET, on_alarm, a);
    if (a->event == NULL || event_add(a->event, NULL) != 0)
        abort();
}

static void alarm_free(struct alarm *a)
{
    event_free(a->event);
    close(a->fd);
}

/* Rings at `due`, or earlier: it is not put off, and set again when it has rung. */
static void alarm_set(struct alarm *a, uint64_t now, uint64_t due)
{
    if (a->due > now && a->due <= due)
        return;
    struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(due / 1000), .tv_nsec = (long)(due % 1000 * 1000000)}};
    int rc = timerfd_settime(a->fd, TFD_TIMER_ABSTIME, &at, NULL);
    assert(rc == 0);
    a->due = due;
}

/* Waits at most `wait` ms (UINT64_MAX: as long as nothing happens). */
static void wait_for_events(struct gateway *g, struct alarm *alarm, uint64_t wait)
{
    uint64_t now = broker_now(g->broker);
    if (wait > 0 && wait < UINT64_MAX - now)
        alarm_set(alarm, now, now + wait);
    turn.began_us = 0;
    turn.events = 0;
    /* Not EVLOOP_NONBLOCK alone: that goes on inside libevent as long as anything is active. */
    event_base_loop(g->base, EVLOOP_ONCE | (wait == 0 ? EVLOOP_NONBLOCK : 0));
}

void loop_run(struct gateway *g)
{
    struct alarm alarm;
    uint64_t wait = 0;
    alarm_init(&alarm, g);
    while (!g->stopping) {
        wait_for_events(g, &alarm, wait);
        turn_begin(g);
        wait = broker_turn(g->broker);
        if (server_turn(g->server))
            wait = 0;
        histogram_record(&g->metrics.loop_lag, loop_time() - turn.began_us);
    }
    alarm_free(&alarm);
}
