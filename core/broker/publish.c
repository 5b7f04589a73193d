/* SPDX-License-Identifier: Apache-2.0 */
/* Publications on their way out: which channel, and the envelope. Every publication goes through the bus,
 * also when all receivers are local: that is what gives a room one order. */
#include <assert.h>
#include <stdlib.h>

#include "core/broker/state.h"
#include "core/codec/json.h"

void refused(struct broker *b, int err, const char *what)
{
    static struct log_limit limit;
    uint64_t suppressed;
    assert(err < 0 && -err < METRICS_ERRORS);
    b->metrics->refusals[-err]++;
    if (log_limit(&limit, b->now, &suppressed))
        log_warn("refused", "what=%s reason=%s suppressed=%llu", what, err_name(err),
                 (unsigned long long)suppressed);
}

int event_name_check(struct broker *b, struct slice token, struct slice *decoded)
{
    *decoded = token;
    if (token.n == 0)
        return ERR_EVENT_NAME;
    if (token.p[0] != '"') /* a number */
        return token.n <= b->settings->max_event_name_bytes ? 0 : ERR_EVENT_NAME;
    decoded->p = token.p + 1;
    decoded->n = token.n - 2;
    if (memchr(decoded->p, '\\', decoded->n) != NULL) {
        buf_clear(&b->text);
        if (buf_reserve(&b->text, token.n) != 0)
            return ERR_NOMEM;
        long n = json_unescape(token, b->text.p);
        if (n < 0)
            return ERR_EVENT_NAME;
        *decoded = (struct slice){b->text.p, (size_t)n};
    }
    if (decoded->n > b->settings->max_event_name_bytes)
        return ERR_EVENT_NAME;
    /* a name that begins with $ is a life-cycle or protocol event; the others disconnect Socket.IO clients */
    if (slice_starts(*decoded, "$") || sio_reserved(*decoded))
        return ERR_RESERVED_EVENT;
    return 0;
}

static int count_result(struct broker *b, int err)
{
    if (err == 0)
        return 1;
    b->metrics->v[M_PUB_REFUSED]++;
    return err;
}

static int send_envelope(struct broker *b, struct slice channel, const struct publication *pub,
                         struct names_in rooms, struct names_in except, bus_accepted_fn fn, void *arg)
{
    buf_clear(&b->envelope);
    int err = envelope_encode(&b->envelope, pub, rooms, except);
    if (err == 0)
        err = bus_publish(b->bus, channel, buf_slice(&b->envelope), fn, arg);
    return err;
}

static struct publication publication_of(struct broker *b, const struct emission *e)
{
    return (struct publication){.kind = e->kind,
                                .flags = e->flags,
                                .sequence = ++b->sequence,
                                .request = e->request,
                                .node = b->node,
                                .ns = e->ns->name,
                                .event = *e->event};
}

/* In b->text. */
static int node_channel(struct broker *b, struct slice node, struct slice *channel)
{
    buf_clear(&b->text);
    (void)buf_adds(&b->text, b->settings->bus_prefix);
    (void)buf_adds(&b->text, ":g:");
    (void)buf_add(&b->text, node);
    *channel = buf_slice(&b->text);
    return b->text.err;
}

/* A room that is here knows its channel; else the name is made in b->text. */
static int room_channel(struct broker *b, struct namespace *ns, struct slice name, struct slice *channel)
{
    struct room *room = room_find(ns, name);
    if (room != NULL) {
        *channel = room->channel.bus.name;
        return 0;
    }
    int err = room_name_check(b, name);
    if (err != 0)
        return err;
    buf_clear(&b->text);
    (void)buf_adds(&b->text, b->settings->bus_prefix);
    (void)buf_adds(&b->text, ":r:");
    (void)buf_add(&b->text, ns->name);
    (void)buf_addc(&b->text, ',');
    (void)buf_add(&b->text, name);
    *channel = buf_slice(&b->text);
    return b->text.err;
}

/* One target has a channel of its own; several go by the namespace's, where each gateway forms the union, so
 * that a client in two of the rooms gets one copy. */
static int channel_of(struct broker *b, const struct emission *e, struct slice *channel)
{
    if (e->everybody || e->target_count > 1) {
        *channel = e->ns->channel.bus.name;
        return 0;
    }
    struct slice target = e->targets[0];
    if (target.n == 0 || target.p[0] != '~')
        return room_channel(b, e->ns, target, channel);
    struct slice node = client_id_node(target);
    return node.n == 0 ? ERR_GONE : node_channel(b, node, channel);
}

int publish(struct broker *b, const struct emission *e, bus_accepted_fn fn, void *arg)
{
    if (!e->everybody && e->target_count == 0)
        return 0;
    struct slice channel;
    int err = channel_of(b, e, &channel);
    if (err != 0)
        return count_result(b, err);
    struct publication pub = publication_of(b, e);
    struct names_in rooms = {e->everybody ? NULL : e->targets, e->everybody ? 0 : e->target_count};
    struct names_in except = {e->except, e->except_count};
    return count_result(b, send_envelope(b, channel, &pub, rooms, except, fn, arg));
}

int publish_to_node(struct broker *b, struct slice node, const struct publication *pub, bus_accepted_fn fn,
                    void *arg)
{
    struct slice channel;
    int err = node_channel(b, node, &channel);
    if (err != 0)
        return err;
    return send_envelope(b, channel, pub, (struct names_in){NULL, 0}, (struct names_in){NULL, 0}, fn, arg);
}
