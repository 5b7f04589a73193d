/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of subscribing, in the order they were asked for. */
#include "gateway/redis/subscriptions.h"

#include <assert.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "core/base/xalloc.h"

enum {
    BATCH = 256,     /* channels in one command */
    SENT_MAX = 8192, /* unanswered names: bounds the output buffers here and in Redis */
};

enum kind { SUBSCRIBE, UNSUBSCRIBE, BARRIER /* a PING: all that was asked before it is answered */ };

struct step {
    struct link link;
    enum kind kind;
    bool sent;
    bool asked;                  /* somebody waits for the answer: it is not the bus that subscribes again */
    struct bus_channel *channel; /* SUBSCRIBE: NULL once nobody wants it any more */
    size_t name_n;               /* UNSUBSCRIBE: the channel may be gone, so here is its name */
    char name[];
};

void redis_subscriptions_init(struct redis_subscriptions *s, struct bus *bus)
{
    *s = (struct redis_subscriptions){.bus = bus};
    list_init(&s->queued);
    list_init(&s->sent);
}

static struct step *step_of(struct link *l)
{
    return container_of(l, struct step, link);
}

static struct step *pop(struct link *list)
{
    struct step *it = step_of(list->next);
    list_remove(&it->link);
    return it;
}

static void free_all(struct link *list)
{
    while (!list_empty(list))
        free(pop(list));
}

void redis_subscriptions_free(struct redis_subscriptions *s)
{
    free_all(&s->queued);
    free_all(&s->sent);
}

static struct step *queue(struct redis_subscriptions *s, enum kind kind, struct slice name)
{
    struct step *it = xcalloc(1, sizeof *it + name.n);
    it->kind = kind;
    it->name_n = name.n;
    if (name.n > 0)
        memcpy(it->name, name.p, name.n);
    list_append(&s->queued, &it->link);
    return it;
}

static void queue_subscribe(struct redis_subscriptions *s, struct bus_channel *channel, bool asked)
{
    struct step *it = queue(s, SUBSCRIBE, SLICE_NONE);
    it->channel = channel;
    it->asked = asked;
    channel->request = it;
}

void redis_subscriptions_add(struct redis_subscriptions *s, struct bus_channel *channel)
{
    queue_subscribe(s, channel, true);
}

void redis_subscriptions_remove(struct redis_subscriptions *s, struct bus_channel *channel, bool live)
{
    struct step *it = channel->request;
    if (it && !it->sent) {
        list_remove(&it->link);
        free(it);
        return; /* Redis never heard of it */
    }
    if (it)
        it->channel = NULL;
    if (live)
        queue(s, UNSUBSCRIBE, channel->name);
}

void redis_subscriptions_restore(struct redis_subscriptions *s)
{
    struct bus_channel *channel, *next;
    assert(list_empty(&s->sent));
    HASH_ITER(hh, s->bus->channels, channel, next)
    {
        if (channel->request == NULL)
            queue_subscribe(s, channel, false);
    }
    queue(s, BARRIER, SLICE_NONE);
}

/* Callbacks may take steps out of `waiting`, by unsubscribing, and add to s->queued. */
static void refuse(struct redis_subscriptions *s, struct link *waiting)
{
    while (!list_empty(waiting)) {
        struct step *it = pop(waiting);
        struct bus_channel *channel = it->channel;
        bool tell = it->asked && channel;
        if (channel)
            channel->request = NULL;
        free(it);
        if (tell)
            s->bus->handler.subscribed(s->bus->handler.arg, channel, ERR_UNAVAILABLE);
    }
}

void redis_subscriptions_refuse(struct redis_subscriptions *s)
{
    struct link waiting;
    assert(list_empty(&s->sent));
    list_init(&waiting);
    list_move_all(&waiting, &s->queued);
    refuse(s, &waiting);
}

/* No channel is subscribed any more; steps are as if they had not been sent. */
void redis_subscriptions_lost(struct redis_subscriptions *s)
{
    struct bus_channel *channel, *next;
    struct link waiting;
    HASH_ITER(hh, s->bus->channels, channel, next)
    {
        channel->state = BUS_SUBSCRIBING;
    }
    list_for_each (l, &s->sent) {
        step_of(l)->sent = false;
    }
    list_init(&waiting);
    list_move_all(&waiting, &s->sent);
    list_move_all(&waiting, &s->queued);
    s->sent_count = 0;
    s->restored = false;
    refuse(s, &waiting);
}

bool redis_subscriptions_sendable(const struct redis_subscriptions *s)
{
    return !list_empty(&s->queued) && s->sent_count < SENT_MAX;
}

/* How many steps at the head of the queue go into one command. */
static size_t run_length(const struct link *queued)
{
    enum kind kind = step_of(queued->next)->kind;
    size_t n = 0;
    list_for_each (l, queued) {
        if (step_of(l)->kind != kind || n == BATCH || (kind == BARRIER && n == 1))
            break;
        n++;
    }
    return n;
}

static void send_command(struct redis_subscriptions *s, struct redis_link *link)
{
    static const char *const verbs[] = {
        [SUBSCRIBE] = "SUBSCRIBE", [UNSUBSCRIBE] = "UNSUBSCRIBE", [BARRIER] = "PING"};
    struct buf *out = redis_link_out(link);
    enum kind kind = step_of(s->queued.next)->kind;
    size_t n = run_length(&s->queued);
    resp_array(out, kind == BARRIER ? 1 : n + 1);
    resp_bulk(out, slice_of(verbs[kind]));
    for (size_t i = 0; i < n; i++) {
        struct step *it = pop(&s->queued);
        if (kind == SUBSCRIBE)
            resp_bulk(out, it->channel->name);
        else if (kind == UNSUBSCRIBE)
            resp_bulk(out, (struct slice){it->name, it->name_n});
        it->sent = true;
        list_append(&s->sent, &it->link);
    }
    s->sent_count += n;
    (void)redis_link_expect(link, n);
}

void redis_subscriptions_send(struct redis_subscriptions *s, struct redis_link *link)
{
    while (redis_subscriptions_sendable(s))
        send_command(s, link);
}

static bool answers(const struct resp_reply *reply, const struct step *it)
{
    switch (it->kind) {
    case SUBSCRIBE:
        return reply->type == RESP_PUSH && slice_is(reply->text, "subscribe") &&
               (it->channel == NULL || slice_eq(reply->channel, it->channel->name));
    case UNSUBSCRIBE:
        return reply->type == RESP_PUSH && slice_is(reply->text, "unsubscribe") &&
               slice_eq(reply->channel, (struct slice){it->name, it->name_n});
    case BARRIER:
        break;
    }
    return reply->type == RESP_STATUS && slice_is(reply->text, "PONG");
}

int redis_subscriptions_reply(struct redis_subscriptions *s, const struct resp_reply *reply)
{
    if (reply->type == RESP_ERROR)
        return ERR_UNAVAILABLE;
    if (list_empty(&s->sent) || !answers(reply, step_of(s->sent.next)))
        return ERR_PARSE;
    struct step *it = pop(&s->sent);
    struct bus_channel *channel = it->channel;
    s->sent_count--;
    if (it->kind == BARRIER)
        s->restored = true;
    free(it);
    if (channel == NULL)
        return 0;
    assert(channel->state == BUS_SUBSCRIBING);
    channel->state = BUS_SUBSCRIBED;
    channel->request = NULL;
    s->bus->handler.subscribed(s->bus->handler.arg, channel, 0);
    return 0;
}
