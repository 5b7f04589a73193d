/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated users. */
#include "loadtest/worker/actor.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "core/base/err.h"
#include "loadtest/clock.h"
#include "loadtest/format.h"
#include "loadtest/worker/crowd.h"

static struct slice room_of(const struct actor *actor)
{
    const struct plan *plan = actor->crowd->plan;
    return plan->room_name[plan_room(plan, actor->index)];
}

static void vanish(struct actor *actor, const char *why)
{
    enum actor_state before = actor->state;
    actor->state = ACTOR_GONE;
    timer_stop(&actor->deadline);
    actor->crowd->events->gone(actor, before, why);
}

static void on_closed(struct wire *wire, const char *why)
{
    vanish(wire->owner, why);
}

static void give_up(struct actor *actor, const char *what, struct slice detail)
{
    char why[WIRE_MAX_WHY];
    snprintf(why, sizeof why, "%s%s%.*s", what, detail.n > 0 ? ": " : "",
             detail.n < 200 ? (int)detail.n : 200, detail.n > 0 ? detail.p : "");
    format_line(why);
    wire_close(actor->wire);
    vanish(actor, why);
}

static void on_deadline(struct timer *timer, uint64_t now)
{
    struct actor *actor = container_of(timer, struct actor, deadline);
    char why[WIRE_MAX_WHY];
    (void)now;
    snprintf(why, sizeof why, "timed out waiting for %s",
             actor->state == ACTOR_JOINING   ? "the answer to the join (if it sends none: --no-join-acks)"
             : actor->state == ACTOR_LEAVING ? "the answer to the leave"
                                             : wire_waits_for(actor->wire));
    give_up(actor, why, SLICE_NONE);
}

static void set_deadline(struct actor *actor)
{
    struct crowd *crowd = actor->crowd;
    timer_start(&crowd->timers, &actor->deadline, clock_us() / 1000, crowd->join_timeout_ms);
}

static void send_text(struct actor *actor, struct slice text)
{
    if (wire_queue(actor->wire, text, WIRE_NO_ID) != 0)
        give_up(actor, "the server does not read", SLICE_NONE);
    else
        wire_flush(actor->wire);
}

static int put(struct actor *actor, enum act act, struct slice event, struct slice payload,
               const uint64_t *id)
{
    struct crowd *crowd = actor->crowd;
    struct template_values values = {.room = room_of(actor), .event = event, .message = payload};
    buf_clear(&crowd->text);
    return crowd->speech.dialect->put(&crowd->speech, &crowd->text, act, &values, id);
}

static void enter(struct actor *actor, enum actor_state state)
{
    const struct crowd_events *events = actor->crowd->events;
    timer_stop(&actor->deadline);
    actor->state = state;
    if (state == ACTOR_JOINED)
        events->joined(actor);
    else
        events->left(actor);
}

/* Joins or leaves. Where that is not answered, it is done once it is said. */
static void ask(struct actor *actor, enum act act)
{
    const struct speech *speech = &actor->crowd->speech;
    static const uint64_t id = ACTOR_JOIN_ID;
    int err = put(actor, act, speech->message_event, SLICE_NONE, speech->join_acks ? &id : NULL);
    if (err != 0) {
        give_up(actor, err_text(err), SLICE_NONE);
        return;
    }
    actor->state = act == ACT_JOIN ? ACTOR_JOINING : ACTOR_LEAVING;
    uint32_t life = actor->wire->life;
    send_text(actor, buf_slice(&actor->crowd->text));
    if (actor->wire->life == life && !speech->join_acks)
        enter(actor, act == ACT_JOIN ? ACTOR_JOINED : ACTOR_LEFT);
}

void actor_leave(struct actor *actor)
{
    assert(actor->state == ACTOR_JOINED && actor->crowd->speech.joins);
    set_deadline(actor);
    ask(actor, ACT_LEAVE);
}

void actor_join(struct actor *actor)
{
    assert(actor->state == ACTOR_LEFT);
    actor->began = clock_us();
    set_deadline(actor);
    ask(actor, ACT_JOIN);
}

static void hear_ack(struct actor *actor, const struct heard *heard)
{
    if (heard->id != ACTOR_JOIN_ID) {
        if (actor->state >= ACTOR_JOINED)
            actor->crowd->events->answered(actor, heard);
    } else if (actor->state != ACTOR_JOINING && actor->state != ACTOR_LEAVING) {
        return;
    } else if (heard->refused) {
        give_up(actor, actor->state == ACTOR_JOINING ? "the join was refused" : "the leave was refused",
                heard->text);
    } else {
        enter(actor, actor->state == ACTOR_JOINING ? ACTOR_JOINED : ACTOR_LEFT);
    }
}

static void on_text(struct wire *wire, struct slice text)
{
    struct actor *actor = wire->owner;
    const struct speech *speech = &actor->crowd->speech;
    struct heard heard;
    speech->dialect->hear(speech, room_of(actor), text, &heard);
    switch (heard.kind) {
    case HEARD_NOTHING:
        break;
    case HEARD_PING:
        wire->loop->pings++;
        if (heard.text.n > 0)
            send_text(actor, heard.text);
        break;
    case HEARD_REPLY:
        send_text(actor, heard.text);
        break;
    case HEARD_READY:
        if (actor->state == ACTOR_CONNECTING && speech->joins)
            ask(actor, ACT_JOIN);
        else if (actor->state == ACTOR_CONNECTING)
            enter(actor, ACTOR_JOINED);
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

static void on_opened(struct wire *wire)
{
    struct actor *actor = wire->owner;
    if (actor->crowd->speech.dialect->joining == JOIN_BY_ADDRESS)
        enter(actor, ACTOR_JOINED);
}

static void on_answered(struct wire *wire, uint64_t id, bool refused, struct slice text)
{
    hear_ack(wire->owner, &(struct heard){.kind = HEARD_ACK, .id = id, .refused = refused, .text = text});
}

static void on_after_read(struct wire *wire)
{
    struct crowd *crowd = ((struct actor *)wire->owner)->crowd;
    crowd->events->after_read(crowd);
}

static const struct wire_events wire_events = {.opened = on_opened,
                                               .text = on_text,
                                               .answered = on_answered,
                                               .closed = on_closed,
                                               .after_read = on_after_read};

void actor_init(struct actor *actor, struct crowd *crowd, uint32_t index)
{
    *actor = (struct actor){.crowd = crowd, .index = index, .state = ACTOR_IDLE};
    timer_init(&actor->deadline, on_deadline);
}

void actor_stop(struct actor *actor)
{
    actor->state = ACTOR_GONE;
    timer_stop(&actor->deadline);
    if (actor->wire)
        wire_close(actor->wire);
}

void actor_free(struct actor *actor)
{
    actor_stop(actor);
    wire_free(actor->wire);
    actor->wire = NULL;
}

static int start_wire(struct actor *actor)
{
    struct crowd *crowd = actor->crowd;
    const struct wire_ops *ops = crowd->speech.dialect->wire;
    uint32_t url = (plan_url(crowd->plan, actor->index) + actor->elsewhere) % crowd->plan->urls;
    struct endpoint to = {
        .target = &crowd->targets[url], .sources = &crowd->sources, .socket = actor->index * ops->sockets};
    buf_clear(&crowd->text);
    int err = speech_put_target(&crowd->speech, &crowd->text, room_of(actor));
    assert(err == 0); /* the options bound it */
    if (!actor->wire)
        actor->wire = wire_new(ops, &crowd->loop, &wire_events, actor);
    return wire_start(actor->wire, &to, buf_slice(&crowd->text));
}

void actor_start(struct actor *actor)
{
    assert(actor->state == ACTOR_IDLE || actor->state == ACTOR_GONE);
    actor->state = ACTOR_CONNECTING;
    actor->began = clock_us();
    set_deadline(actor);
    if (start_wire(actor) != 0)
        give_up(actor, "connect", slice_of(strerror(errno)));
}

int actor_publish(struct actor *actor, uint64_t id, struct slice payload)
{
    const struct speech *speech = &actor->crowd->speech;
    assert(actor->state == ACTOR_JOINED);
    const uint64_t *asked = speech->publish_acks ? &id : NULL;
    int err = put(actor, ACT_PUBLISH, speech->message_event, payload, asked);
    return err ? err : wire_queue(actor->wire, buf_slice(&actor->crowd->text), asked ? id : WIRE_NO_ID);
}

int actor_say(struct actor *actor, struct slice event, struct slice payload)
{
    assert(actor->state == ACTOR_JOINED && actor->crowd->speech.dialect->events);
    int err = put(actor, ACT_PUBLISH, event, payload, NULL);
    return err ? err : wire_queue(actor->wire, buf_slice(&actor->crowd->text), WIRE_NO_ID);
}

void actor_pause(struct actor *actor, bool paused)
{
    wire_pause(actor->wire, paused);
}

void actor_flush(struct actor *actor)
{
    if (actor->wire)
        wire_flush(actor->wire);
}
