/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of routes: join, leave, emit, request, ack, reject. */
#include <stdlib.h>

#include "core/broker/run.h"

static int step_join(struct run *r, const struct step *s)
{
    struct slice name;
    int err = values_name(&r->ctx, &s->subject, &r->broker->targets, &name);
    if (err == 0)
        err = room_join(r->ctx.client, name, r);
    if (err != 1)
        return err;
    r->room = room_find(r->ctx.client->ns, name);
    err = run_suspend(r);
    if (err == 0)
        return 1;
    room_stop_waiting(r->room, r);
    r->room = NULL;
    return err;
}

static int step_leave(struct run *r, const struct step *s)
{
    struct slice name;
    int err = values_name(&r->ctx, &s->subject, &r->broker->targets, &name);
    return err != 0 ? err : room_leave(r->ctx.client, name);
}

/* The event to emit: its name, checked, and its arguments. */
static int outgoing_event(struct run *r, const struct step *s, struct event *out)
{
    struct slice decoded;
    memset(out, 0, sizeof *out);
    int err = values_event_name(&r->ctx, &s->subject, &out->name);
    if (err == 0 && s->subject.kind == VALUE_ARG)
        err = event_name_check(r->broker, out->name, &decoded);
    return err != 0 ? err : values_args(&r->ctx, &s->args, out);
}

static void run_accepted(void *arg, int err)
{
    struct run *r = arg;
    count_acceptance(r->broker, err);
    if (r->err == 0)
        r->err = err;
    run_done_one(r);
}

static void nobody_waits(void *arg, int err)
{
    struct broker *b = arg;
    count_acceptance(b, err);
    if (err != 0)
        refused(b, err, "publication");
}

static int step_emit(struct run *r, const struct step *s)
{
    struct broker *b = r->broker;
    struct event out;
    int err = outgoing_event(r, s, &out);
    if (err == 0 && !s->everybody)
        err = values_names(&r->ctx, &s->to, &b->targets);
    if (err == 0)
        err = values_names(&r->ctx, &s->except, &b->except);
    if (err != 0)
        return err;
    struct emission e = {.ns = r->ctx.client->ns,
                         .everybody = s->everybody,
                         .targets = b->targets.v,
                         .target_count = b->targets.count,
                         .except = b->except.v,
                         .except_count = b->except.count,
                         .kind = PUB_EVENT,
                         .flags = s->is_volatile ? PUB_VOLATILE : 0,
                         .event = &out};
    err = r->wants_ack ? publish(b, &e, run_accepted, r) : publish(b, &e, nobody_waits, b);
    if (err == 1 && r->wants_ack)
        r->pending++;
    return err < 0 ? err : 0;
}

static int set_answer(struct run *r, const struct event *answer, bool literal)
{
    free(r->answer_copy);
    r->answer_copy = NULL;
    r->answer = *answer;
    return literal ? 0 : run_copy(r, &r->answer, &r->answer_copy, answer);
}

static void run_answered(void *arg, int err, const struct event *answer)
{
    struct run *r = arg;
    if (err == 0)
        err = set_answer(r, answer, false);
    if (r->err == 0)
        r->err = err;
    run_done_one(r);
}

static int step_request(struct run *r, const struct step *s)
{
    struct event out;
    struct slice target;
    int err = outgoing_event(r, s, &out);
    if (err == 0)
        err = values_name(&r->ctx, &s->to.v[0], &r->broker->targets, &target);
    if (err == 0)
        err = broker_request(r->broker, r->ctx.client->ns->name, target, &out, 0, run_answered, r);
    if (err == 0)
        r->pending++;
    return err;
}

static int step_ack(struct run *r, const struct step *s)
{
    struct event answer = {.name = SLICE_NONE};
    if (!r->wants_ack)
        return 0;
    int err = values_args(&r->ctx, &s->args, &answer);
    return err != 0 ? err : set_answer(r, &answer, s->args.literal != NULL);
}

static int step_reject(struct run *r, const struct step *s)
{
    r->message = s->text;
    return ERR_REJECTED;
}

static int (*const step_functions[])(struct run *, const struct step *) = {
    [STEP_JOIN] = step_join,       [STEP_LEAVE] = step_leave, [STEP_EMIT] = step_emit,
    [STEP_REQUEST] = step_request, [STEP_ACK] = step_ack,     [STEP_REJECT] = step_reject};

int run_step(struct run *r, const struct step *step)
{
    return step_functions[step->op](r, step);
}
