/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated users. */
#include "loadtest/actor.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/err.h"
#include "loadtest/clock.h"
#include "loadtest/crowd.h"

static struct actor *actor_of(struct wsc *wsc)
{
    return container_of(wsc, struct actor, wsc);
}

static struct slice room_of(const struct actor *actor)
{
    const struct plan *plan = actor->crowd->plan;
    return slice_of(plan->room_name[plan_room(plan, actor->index)]);
}

static void leave(struct actor *actor, const char *why)
{
    enum actor_state before = actor->state;
    actor->state = ACTOR_GONE;
    timer_stop(&actor->deadline);
    actor->crowd->events->gone(actor, before, why);
}

static void on_closed(struct wsc *wsc, const char *why)
{
    leave(actor_of(wsc), why);
}

static void give_up(struct actor *actor, const char *what, struct slice detail)
{
    char why[WSC_MAX_WHY];
    snprintf(why, sizeof why, "%s%s%.*s", what, detail.n > 0 ? ": " : "",
             detail.n < 200 ? (int)detail.n : 200, detail.n > 0 ? detail.p : "");
    wsc_close(&actor->wsc);
    leave(actor, why);
}

static void on_deadline(struct timer *timer, uint64_t now)
{
    static const char *const waiting_for[] = {[WSC_CONNECTING] = "timed out connecting",
                                              [WSC_HANDSHAKE] =
                                                  "timed out waiting for the WebSocket handshake",
                                              [WSC_OPEN] = "timed out waiting for the server's greeting"};
    struct actor *actor = container_of(timer, struct actor, deadline);
    (void)now;
    const char *why = actor->state == ACTOR_JOINING ? "timed out waiting for the answer to the join"
                                                    : waiting_for[actor->wsc.state];
    give_up(actor, why, SLICE_NONE);
}

static void say(struct actor *actor, struct slice text)
{
    if (wsc_queue(&actor->wsc, WS_TEXT, text) != 0)
        give_up(actor, "the server does not read", SLICE_NONE);
    else
        wsc_flush(&actor->wsc);
}

static void join(struct actor *actor)
{
    struct crowd *crowd = actor->crowd;
    buf_clear(&crowd->text);
    int err = crowd->speech.dialect->put_join(&crowd->speech, &crowd->text, room_of(actor), ACTOR_JOIN_ID);
    if (err != 0) {
        give_up(actor, err_text(err), SLICE_NONE);
        return;
    }
    actor->state = ACTOR_JOINING;
    say(actor, buf_slice(&crowd->text));
}

static void hear_ack(struct actor *actor, const struct heard *heard)
{
    const struct crowd_events *events = actor->crowd->events;
    if (actor->state == ACTOR_JOINED && heard->id != ACTOR_JOIN_ID) {
        events->answered(actor, heard);
    } else if (actor->state == ACTOR_JOINING && heard->id == ACTOR_JOIN_ID && heard->refused) {
        give_up(actor, "the join was refused", heard->text);
    } else if (actor->state == ACTOR_JOINING && heard->id == ACTOR_JOIN_ID) {
        actor->state = ACTOR_JOINED;
        timer_stop(&actor->deadline);
        events->joined(actor);
    }
}

static void on_text(struct wsc *wsc, struct slice text)
{
    struct actor *actor = actor_of(wsc);
    const struct speech *speech = &actor->crowd->speech;
    struct heard heard;
    speech->dialect->hear(speech, room_of(actor), text, &heard);
    switch (heard.kind) {
    case HEARD_NOTHING:
        break;
    case HEARD_REPLY:
        say(actor, heard.text);
        break;
    case HEARD_READY:
        if (actor->state == ACTOR_CONNECTING)
            join(actor);
        break;
    case HEARD_ACK:
        hear_ack(actor, &heard);
        break;
    case HEARD_MESSAGE:
        actor->crowd->events->message(actor, &heard);
        break;
    case HEARD_END:
        give_up(actor, "the server ended the conversation", heard.text);
        break;
    }
}

static void on_after_read(struct wsc *wsc)
{
    struct crowd *crowd = actor_of(wsc)->crowd;
    crowd->events->after_read(crowd);
}

static const struct wsc_ops wsc_ops = {.text = on_text, .closed = on_closed, .after_read = on_after_read};

void actor_init(struct actor *actor, struct crowd *crowd, uint32_t index)
{
    *actor = (struct actor){.crowd = crowd, .index = index, .state = ACTOR_IDLE};
    timer_init(&actor->deadline, on_deadline);
    wsc_init(&actor->wsc, &crowd->loop, &wsc_ops);
}

void actor_stop(struct actor *actor)
{
    actor->state = ACTOR_GONE;
    timer_stop(&actor->deadline);
    wsc_close(&actor->wsc);
}

static int connect_from_source(struct actor *actor, const struct target *target, struct slice request)
{
    const struct sockaddr *to = (const struct sockaddr *)&target->addr;
    int on = 1, fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (sources_bind(&actor->crowd->sources, fd, actor->index, to) != 0) {
        int err = errno;
        close(fd);
        errno = err;
        return -1;
    }
    return wsc_connect(&actor->wsc, fd, to, target->addr_len, request);
}

void actor_start(struct actor *actor)
{
    struct crowd *crowd = actor->crowd;
    uint32_t url = plan_url(crowd->plan, actor->index);
    assert(actor->state == ACTOR_IDLE || actor->state == ACTOR_GONE);
    wsc_init(&actor->wsc, &crowd->loop, &wsc_ops);
    actor->state = ACTOR_CONNECTING;
    timer_start(&crowd->timers, &actor->deadline, clock_us() / 1000, crowd->join_timeout_ms);
    if (connect_from_source(actor, &crowd->targets[url], buf_slice(&crowd->requests[url])) != 0)
        give_up(actor, "connect", slice_of(strerror(errno)));
}

int actor_publish(struct actor *actor, uint64_t id, struct slice payload)
{
    struct crowd *crowd = actor->crowd;
    assert(actor->state == ACTOR_JOINED);
    buf_clear(&crowd->text);
    int err = crowd->speech.dialect->put_publish(&crowd->speech, &crowd->text, room_of(actor), id, payload);
    if (err != 0)
        return err;
    return wsc_queue(&actor->wsc, WS_TEXT, buf_slice(&crowd->text));
}

void actor_flush(struct actor *actor)
{
    wsc_flush(&actor->wsc);
}

void actor_pause(struct actor *actor, bool pause)
{
    if (pause)
        event_del(&actor->wsc.event);
    else
        event_add(&actor->wsc.event, NULL);
}
