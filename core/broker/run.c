/* SPDX-License-Identifier: Apache-2.0 */
/* Running a route for one event. Steps run at once, one after the other; only a join may have to wait for the
 * bus, and then the event is copied and later events of the client queue behind it. An ack is sent when every
 * publication of the run has been accepted; an error ends the run and the ack carries it. */
#include <assert.h>
#include <stdlib.h>

#include "core/base/xalloc.h"
#include "core/broker/routes_compiled.h"

struct run {
    struct link link;    /* in client->runs, or in the pool */
    struct link waiting; /* in room->waiting or client->queue */
    struct broker *broker;
    struct context ctx; /* ctx.client NULL: it has left */
    struct routes *routes;
    const struct route *route;
    struct room *room; /* whose subscription it waits for */
    unsigned step;
    unsigned pending; /* publications not yet accepted, and 1 until the last step is done */
    bool begun, wants_ack, plain_join;
    uint64_t ack;
    int err;
    const char *message; /* of a reject */
    struct event event, answer;
    char *event_copy, *answer_copy;
};

struct link *run_waiting(struct run *run)
{
    return &run->waiting;
}

struct run *run_of_waiting(struct link *waiting)
{
    return container_of(waiting, struct run, waiting);
}

struct client *run_client(const struct run *run)
{
    return run->ctx.client;
}

/* One block for all bytes of an event. */
static int event_copy(struct event *to, char **mem, const struct event *from)
{
    size_t n = from->name.n + from->args.n;
    for (unsigned i = 0; i < from->attachments; i++)
        n += from->attachment[i].n;
    char *p = malloc(n + 1);
    if (p == NULL)
        return ERR_NOMEM;
    *mem = p;
    *to = *from;
    struct slice *part[2 + EVENT_MAX_ATTACHMENTS] = {&to->name, &to->args};
    for (unsigned i = 0; i < from->attachments; i++)
        part[2 + i] = &to->attachment[i];
    for (unsigned i = 0; i < 2 + from->attachments; i++) {
        if (part[i]->n > 0)
            memcpy(p, part[i]->p, part[i]->n);
        part[i]->p = p;
        p += part[i]->n;
    }
    return 0;
}

static struct run *run_new(struct client *cl, const struct route *route)
{
    struct broker *b = cl->ns->broker;
    struct run *r;
    if (list_empty(&b->free_runs)) {
        r = xcalloc(1, sizeof *r);
    } else {
        r = container_of(b->free_runs.next, struct run, link);
        list_remove(&r->link);
        memset(r, 0, sizeof *r);
    }
    r->broker = b;
    r->ctx.client = cl;
    r->routes = routes_get(b->routes);
    r->route = route;
    r->pending = 1;
    list_init(&r->waiting);
    list_init(&r->link);
    list_append(&cl->runs, &r->link);
    conn_pending(cl->conn, 1);
    return r;
}

static void run_release(struct run *r)
{
    routes_free(r->routes);
    free(r->event_copy);
    free(r->answer_copy);
    list_remove(&r->link);
    list_append(&r->broker->free_runs, &r->link);
}

static void detach(struct run *r)
{
    struct conn *c = r->ctx.client->conn;
    list_remove(&r->link);
    conn_pending(c, -1);
    r->ctx.client = NULL;
}

static void tell(struct run *r)
{
    struct client *cl = r->ctx.client;
    const struct dialect *d = cl->conn->dialect;
    if (r->err != 0) {
        refused(r->broker, r->err, "event");
        d->fail(cl, r->ctx.event, r->wants_ack, r->ack, r->err,
                r->message != NULL ? r->message : err_text(r->err));
    } else if (r->wants_ack) {
        r->broker->metrics->v[M_ACKS_SENT]++;
        d->ack(cl, r->ack, &r->answer);
    }
}

/* One thing less to wait for; the last one tells the client. */
static void run_done_one(struct run *r)
{
    assert(r->pending > 0);
    if (--r->pending > 0)
        return;
    if (r->ctx.client != NULL) {
        tell(r);
        detach(r);
    }
    run_release(r);
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

static int run_suspend(struct run *r)
{
    if (r->event_copy != NULL || r->ctx.event == NULL)
        return 0;
    int err = event_copy(&r->event, &r->event_copy, r->ctx.event);
    if (err == 0)
        r->ctx.event = &r->event;
    return err;
}

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
    return literal ? 0 : event_copy(&r->answer, &r->answer_copy, answer);
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

static void run_go(struct run *r)
{
    r->begun = true;
    while (r->err == 0 && r->step < r->route->count) {
        const struct step *s = &r->route->steps[r->step++];
        int err = step_functions[s->op](r, s);
        if (err == 1)
            return; /* room_subscribed() goes on */
        r->err = err;
    }
    if (r->pending > 1)
        r->ctx.event = NULL; /* its bytes are the caller's */
    run_done_one(r);
}

/* Events that arrived while the client was joining. */
static void run_queue(struct client *cl)
{
    while (cl->joining == 0 && !list_empty(&cl->queue)) {
        struct run *r = run_of_waiting(cl->queue.next);
        list_remove(&r->waiting);
        run_go(r);
    }
}

static void plain_joined(struct run *r, int err)
{
    struct conn *c = r->ctx.client->conn;
    if (err != 0)
        conn_close(c, CLOSE_JOIN_FAILED);
    else
        plain_ready(r->ctx.client);
}

void run_joined(struct run *r, int err)
{
    struct client *cl = r->ctx.client;
    r->room = NULL;
    r->err = err;
    if (r->plain_join) {
        plain_joined(r, err);
        r->err = 0;
        run_done_one(r);
        return;
    }
    run_go(r);
    run_queue(cl);
}

static struct route *route_of(struct client *cl, struct slice name)
{
    struct route *route;
    HASH_FIND(hh, cl->ns->routes->routes, name.p, (unsigned)name.n, route);
    return route != NULL ? route : cl->ns->routes->rest;
}

static void refuse_event(struct client *cl, const struct event *event, bool wants_ack, uint64_t ack, int err,
                         const char *message)
{
    refused(cl->ns->broker, err, "event");
    cl->conn->dialect->fail(cl, event, wants_ack, ack, err, message);
}

void run_event(struct client *cl, const struct event *event, bool wants_ack, uint64_t ack)
{
    struct slice name;
    int err = event_name_check(cl->ns->broker, event->name, &name);
    struct route *route = err == 0 ? route_of(cl, name) : NULL;
    if (err == 0 && route == NULL)
        err = ERR_REJECTED;
    if (err != 0) {
        refuse_event(cl, event, wants_ack, ack, err,
                     err == ERR_REJECTED ? "no route for this event" : err_text(err));
        return;
    }
    struct run *r = run_new(cl, route);
    r->wants_ack = wants_ack;
    r->ack = ack;
    r->ctx.event = event;
    if (cl->joining > 0 || !list_empty(&cl->queue)) {
        r->err = run_suspend(r);
        if (r->err == 0) {
            list_append(&cl->queue, &r->waiting);
            return;
        }
    }
    run_go(r);
}

void run_lifecycle(struct client *cl, enum lifecycle which, struct slice room, struct slice reason)
{
    struct route *route = cl->ns->routes->lifecycle[which];
    if (route == NULL)
        return;
    struct run *r = run_new(cl, route);
    r->ctx.room = room;
    r->ctx.reason = reason;
    run_go(r);
}

int run_plain_join(struct client *cl, struct slice room)
{
    struct run *r = run_new(cl, NULL);
    r->plain_join = true;
    int err = room_join(cl, room, r);
    if (err == 1) {
        r->room = room_find(cl->ns, room);
        return 1;
    }
    run_done_one(r);
    return err;
}

void runs_drop(struct client *cl)
{
    list_for_each_safe (it, &cl->runs) {
        struct run *r = container_of(it, struct run, link);
        bool suspended = r->room != NULL || !r->begun;
        if (r->room != NULL)
            room_stop_waiting(r->room, r);
        list_remove(&r->waiting);
        detach(r);
        if (suspended)
            run_done_one(r);
    }
}

void runs_free(struct broker *b)
{
    while (!list_empty(&b->free_runs)) {
        struct run *r = container_of(b->free_runs.next, struct run, link);
        list_remove(&r->link);
        free(r);
    }
}
