/* SPDX-License-Identifier: Apache-2.0 */
/* Running a route for one event. Steps run at once, one after the other; only a join may have to wait for the
 * bus, and then the event is copied and later events of the client queue behind it. An ack is sent when every
 * publication of the run has been accepted; an error ends the run and the ack carries it. */
#include <assert.h>
#include <stdlib.h>

#include "core/base/xalloc.h"
#include "core/broker/run.h"

#define RUNS_KEPT 1024 /* for reuse */

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
int run_copy(struct run *r, struct event *to, char **mem, const struct event *from)
{
    size_t n = from->name.n + from->args.n;
    for (unsigned i = 0; i < from->attachments; i++)
        n += from->attachment[i].n;
    char *p = malloc(n + 1);
    if (p == NULL)
        return ERR_NOMEM;
    *mem = p;
    *to = *from;
    if (r->ctx.client != NULL) {
        r->copied += n;
        conn_pending(r->ctx.client->conn, 0, (int64_t)n);
    }
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
        b->free_run_count--;
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
    conn_pending(cl->conn, 1, 0);
    return r;
}

static void run_release(struct run *r)
{
    routes_free(r->routes);
    free(r->event_copy);
    free(r->answer_copy);
    list_remove(&r->link);
    if (r->broker->free_run_count >= RUNS_KEPT) {
        free(r);
        return;
    }
    r->broker->free_run_count++;
    list_append(&r->broker->free_runs, &r->link);
}

static void detach(struct run *r)
{
    struct conn *c = r->ctx.client->conn;
    list_remove(&r->link);
    conn_pending(c, -1, -(int64_t)r->copied);
    r->ctx.client = NULL;
}

static void tell(struct run *r)
{
    struct client *cl = r->ctx.client;
    const struct dialect *d = cl->conn->dialect;
    if (r->err != 0) {
        refused(r->broker, r->err, "event");
        if (d->fail != NULL) /* a life-cycle route of raw or SSE */
            d->fail(cl, r->ctx.event, r->wants_ack, r->ack, r->err,
                    r->message != NULL ? r->message : err_text(r->err));
    } else if (r->wants_ack) {
        r->broker->metrics->v[M_ACKS_SENT]++;
        d->ack(cl, r->ack, &r->answer);
    }
}

void run_done_one(struct run *r)
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

int run_suspend(struct run *r)
{
    if (r->event_copy != NULL || r->ctx.event == NULL)
        return 0;
    int err = run_copy(r, &r->event, &r->event_copy, r->ctx.event);
    if (err == 0)
        r->ctx.event = &r->event;
    return err;
}

static void run_go(struct run *r)
{
    r->begun = true;
    while (r->err == 0 && r->step < r->route->count) {
        int err = run_step(r, &r->route->steps[r->step++]);
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
    r->ctx.client->opening--;
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
        cl->opening++;
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
