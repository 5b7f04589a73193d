/* SPDX-License-Identifier: Apache-2.0 */
/* Asking one client for an ack, wherever it is: the question goes to its node's channel, the ack comes back
 * on ours. Also the publications whose acceptance somebody outside the routes waits for (HTTP). */
#include <stdlib.h>

#include "core/base/random.h"
#include "core/base/xalloc.h"
#include "core/broker/state.h"

#define TICK_MS 20 /* how late a timeout may be noticed */

/* Somebody who waits: for acceptance (accepted), or for an answer (answer, until `deadline`). */
struct reply {
    struct broker *broker;
    struct link link;
    uint64_t id, deadline;
    bus_accepted_fn accepted;
    broker_answer_fn answer;
    void *arg;
};

/* A question that a client of ours has been asked. */
struct ask {
    struct link link;
    uint64_t id;      /* the ack id that the client sees */
    uint64_t request; /* the asking node's number */
    char node[NODE_ID_MAX];
    size_t node_size;
};

static struct reply *reply_new(struct broker *b, void *arg)
{
    struct reply *r = xcalloc(1, sizeof *r);
    r->broker = b;
    r->arg = arg;
    r->id = ++b->next_request;
    r->deadline = UINT64_MAX;
    list_append(&b->replies, &r->link);
    return r;
}

static void reply_free(struct reply *r)
{
    list_remove(&r->link);
    free(r);
}

static void reply_finish(struct reply *r, int err, const struct event *answer)
{
    broker_answer_fn fn = r->answer;
    void *arg = r->arg;
    reply_free(r);
    if (fn != NULL)
        fn(arg, err, answer);
}

void count_acceptance(struct broker *b, int err)
{
    b->metrics->v[err == 0 ? M_PUB_ACCEPTED : M_PUB_FAILED]++;
}

static void publish_accepted(void *arg, int err)
{
    struct reply *r = arg;
    bus_accepted_fn fn = r->accepted;
    void *who = r->arg;
    count_acceptance(r->broker, err);
    reply_free(r);
    if (fn != NULL)
        fn(who, err);
}

int broker_publish(struct broker *b, struct slice ns, struct slice room, const struct event *event,
                   unsigned flags, bus_accepted_fn done, void *arg)
{
    struct slice decoded;
    int err = event_name_check(b, event->name, &decoded);
    struct namespace *n = namespace_find(b, ns);
    if (err == 0 && n == NULL)
        err = ERR_NAMESPACE;
    if (err != 0) {
        refused(b, err, "publication");
        return err;
    }
    struct emission e = {
        .ns = n, .targets = &room, .target_count = 1, .kind = PUB_EVENT, .flags = flags, .event = event};
    struct reply *r = reply_new(b, arg);
    r->accepted = done;
    err = publish(b, &e, publish_accepted, r);
    if (err < 0) {
        reply_free(r);
        refused(b, err, "publication");
        return err;
    }
    return 0;
}

static void tick(struct timer *t, uint64_t now)
{
    struct broker *b = container_of(t, struct broker, request_tick);
    bool more = false;
    list_for_each_safe (it, &b->replies) {
        struct reply *r = container_of(it, struct reply, link);
        if (r->deadline <= now) {
            refused(b, ERR_TIMEOUT, "request");
            reply_finish(r, ERR_TIMEOUT, NULL);
        } else if (r->deadline != UINT64_MAX) {
            more = true;
        }
    }
    if (more)
        timer_start(&b->timers, t, now, TICK_MS);
}

void request_tick_init(struct broker *b)
{
    timer_init(&b->request_tick, tick);
    b->next_request = random_u64(); /* a late answer to the process that had our id before us is not for us */
}

static struct reply *reply_find(struct broker *b, uint64_t id)
{
    list_for_each (it, &b->replies) {
        struct reply *r = container_of(it, struct reply, link);
        if (r->id == id && r->deadline != UINT64_MAX)
            return r;
    }
    return NULL;
}

/* The id travels as the callback's argument, since the reply may be gone by then. */
static void request_accepted(void *arg, int err)
{
    struct reply *question = arg;
    struct broker *b = question->broker;
    uint64_t id = question->id;
    free(question);
    count_acceptance(b, err);
    struct reply *r = err != 0 ? reply_find(b, id) : NULL;
    if (r != NULL)
        reply_finish(r, err, NULL);
}

int broker_request(struct broker *b, struct slice ns, struct slice client_id, const struct event *event,
                   uint64_t timeout_ms, broker_answer_fn done, void *arg)
{
    struct slice decoded;
    int err = event_name_check(b, event->name, &decoded);
    struct namespace *n = namespace_find(b, ns);
    if (err == 0 && n == NULL)
        err = ERR_NAMESPACE;
    if (err == 0 && client_id_node(client_id).n == 0)
        err = ERR_GONE;
    if (err != 0) {
        refused(b, err, "request");
        return err;
    }
    struct reply *r = reply_new(b, arg);
    r->answer = done;
    r->deadline = b->now + (timeout_ms != 0 ? timeout_ms : b->settings->request_timeout_ms);
    struct reply *question = xcalloc(1, sizeof *question);
    question->broker = b;
    question->id = r->id;
    struct emission e = {.ns = n,
                         .targets = &client_id,
                         .target_count = 1,
                         .kind = PUB_REQUEST,
                         .request = r->id,
                         .event = event};
    err = publish(b, &e, request_accepted, question);
    if (err < 0) {
        free(question);
        reply_free(r);
        refused(b, err, "request");
        return err;
    }
    if (!timer_active(&b->request_tick))
        timer_start(&b->timers, &b->request_tick, b->now, TICK_MS);
    return 0;
}

void broker_forget(struct broker *b, void *arg)
{
    list_for_each (it, &b->replies) {
        struct reply *r = container_of(it, struct reply, link);
        if (r->arg == arg) {
            r->arg = NULL;
            r->accepted = NULL;
            r->answer = NULL;
        }
    }
}

void requests_free(struct broker *b)
{
    timer_stop(&b->request_tick);
    while (!list_empty(&b->replies))
        reply_finish(container_of(b->replies.next, struct reply, link), ERR_UNAVAILABLE, NULL);
}

static void answer_node(struct broker *b, struct slice node, uint64_t request, struct slice ns,
                        const struct event *answer)
{
    struct publication pub = {.kind = PUB_REPLY,
                              .flags = answer == NULL ? PUB_FAILED : 0,
                              .sequence = ++b->sequence,
                              .request = request,
                              .node = b->node,
                              .ns = ns};
    if (answer != NULL)
        pub.event = *answer;
    int err = publish_to_node(b, node, &pub, NULL, NULL);
    if (err != 0)
        refused(b, err, "reply");
}

static void ask_finish(struct client *cl, struct ask *ask, const struct event *answer)
{
    answer_node(cl->ns->broker, (struct slice){ask->node, ask->node_size}, ask->request, cl->ns->name,
                answer);
    cl->ask_count--;
    list_remove(&ask->link);
    free(ask);
}

void request_deliver(struct broker *b, const struct publication *pub)
{
    struct names rooms = pub->rooms;
    struct slice id = SLICE_NONE;
    struct client *cl = names_next(&rooms, &id) ? client_find(b, id) : NULL;
    if (cl == NULL || !slice_eq(cl->ns->name, pub->ns) || cl->conn->dialect->request == NULL ||
        pub->node.n > NODE_ID_MAX) {
        answer_node(b, pub->node, pub->request, pub->ns, NULL);
        return;
    }
    if (cl->ask_count >=
        b->settings->max_pending_events) /* it answers nothing: the oldest asker has timed out */
        ask_finish(cl, container_of(cl->asked.next, struct ask, link), NULL);
    struct ask *ask = xcalloc(1, sizeof *ask);
    cl->ask_count++;
    ask->id = cl->next_ask++;
    ask->request = pub->request;
    ask->node_size = pub->node.n;
    memcpy(ask->node, pub->node.p, pub->node.n);
    list_append(&cl->asked, &ask->link);
    client_catch_up(cl);
    cl->conn->dialect->request(cl, ask->id, &pub->event);
}

void client_answer(struct client *cl, uint64_t id, const struct event *answer)
{
    list_for_each (it, &cl->asked) {
        struct ask *ask = container_of(it, struct ask, link);
        if (ask->id == id) {
            cl->ns->broker->metrics->v[M_ACKS_RECEIVED]++;
            ask_finish(cl, ask, answer);
            return;
        }
    }
}

void client_asks_free(struct client *cl)
{
    while (!list_empty(&cl->asked))
        ask_finish(cl, container_of(cl->asked.next, struct ask, link), NULL);
}

void request_answered(struct broker *b, const struct publication *pub)
{
    struct reply *r = reply_find(b, pub->request);
    if (r == NULL) /* timed out, or the asker is gone */
        return;
    if (pub->flags & PUB_FAILED)
        reply_finish(r, ERR_GONE, NULL);
    else
        reply_finish(r, 0, &pub->event);
}
