/* SPDX-License-Identifier: Apache-2.0 */
/* Publications that came from the bus, to the members on this gateway. */
#include "core/broker/state.h"

/* Marks everybody whom `except` names: clients by id, and all members of rooms. */
static void mark_excluded(struct namespace *ns, struct names except)
{
    struct broker *b = ns->broker;
    struct slice name;
    while (names_next(&except, &name)) {
        struct client *cl = client_find(b, name);
        if (cl != NULL) {
            cl->mark = b->mark;
            continue;
        }
        struct room *room = room_find(ns, name);
        for (unsigned d = 0; room != NULL && d < DIALECTS; d++)
            for (uint32_t i = 0; i < room->audience.members[d].count; i++)
                room->audience.members[d].of[i]->client->mark = b->mark;
    }
}

void client_catch_up(struct client *cl)
{
    audience_distribute(&cl->ns->everyone);
    list_for_each (it, &cl->memberships)
        audience_distribute(container_of(it, struct membership, in_client)->audience);
}

static void deliver_to_client(struct client *cl, const struct publication *pub)
{
    struct broker *b = cl->ns->broker;
    if (cl->mark == b->mark)
        return;
    cl->mark = b->mark;
    struct frame *f = cl->conn->dialect->encode(pub, SLICE_NONE);
    if (f == NULL) {
        b->metrics->v[M_DROP_ENCODING]++;
        return;
    }
    client_catch_up(cl);
    if (f->n > 0)
        b->metrics->v[M_DELIVERIES] +=
            (pub->flags & PUB_VOLATILE) ? conn_send_volatile(cl->conn, f) : conn_send(cl->conn, f);
    frame_put(f);
}

/* What each of the rooms has gathered in this turn comes first, also for those who are served as members of
 * another one. */
static void distribute_rooms(struct namespace *ns, struct names rooms)
{
    struct slice name;
    while (names_next(&rooms, &name)) {
        struct room *room = room_find(ns, name);
        if (room != NULL)
            audience_distribute(&room->audience);
    }
}

/* Rooms and clients by name, each client once. */
static void deliver_to_targets(struct namespace *ns, const struct publication *pub)
{
    struct names targets = pub->rooms;
    struct slice name;
    if (targets.count > 1)
        distribute_rooms(ns, targets);
    while (names_next(&targets, &name)) {
        if (name.n > 0 && name.p[0] == '~') {
            struct client *cl = client_find(ns->broker, name);
            if (cl != NULL && cl->ns == ns)
                deliver_to_client(cl, pub);
            continue;
        }
        struct room *room = room_find(ns, name);
        if (room != NULL)
            audience_publish_unmarked(&room->audience, pub, pub->rooms.count == 1 ? name : SLICE_NONE);
    }
}

static void new_mark(struct broker *b, struct namespace *ns, const struct publication *pub)
{
    b->mark++;
    mark_excluded(ns, pub->except);
}

/* The publication's namespace: that of its channel, but for a node's. NULL: another gateway has one more. */
static struct namespace *namespace_of(struct broker *b, const struct channel *ch,
                                      const struct publication *pub)
{
    const struct room *room = ch->bus.owner;
    if (ch->kind == CHANNEL_NODE)
        return namespace_find(b, pub->ns);
    struct namespace *ns = ch->kind == CHANNEL_ROOM ? room->ns : ch->bus.owner;
    return slice_eq(ns->name, pub->ns) ? ns : NULL;
}

/* The members whom the publication excepts. False: some cannot be left out of a batch, since it is volatile
 * or they may be too many. */
static bool find_excepted(struct namespace *ns, const struct audience *a, const struct publication *pub,
                          struct membership **v, unsigned *count)
{
    struct names except = pub->except;
    struct slice name;
    *count = 0;
    while (names_next(&except, &name)) {
        struct client *cl = client_find(ns->broker, name);
        if (cl == NULL && room_find(ns, name) != NULL)
            return false;
        struct membership *m = cl != NULL ? membership_find(cl, a) : NULL;
        if (m == NULL)
            continue;
        if ((pub->flags & PUB_VOLATILE) || *count == LEFT_OUT_MAX)
            return false;
        v[(*count)++] = m;
    }
    return true;
}

static void deliver_to_audience(struct namespace *ns, struct audience *a, const struct publication *pub,
                                struct slice room)
{
    struct membership *except[LEFT_OUT_MAX];
    unsigned count = 0;
    if (pub->except.count > 0 && !find_excepted(ns, a, pub, except, &count)) {
        new_mark(ns->broker, ns, pub);
        audience_publish_unmarked(a, pub, room);
    } else if (count == 0) {
        audience_publish(a, pub, room);
    } else {
        audience_publish_except(a, pub, room, except, count);
    }
}

static void deliver_event(struct broker *b, struct channel *ch, const struct publication *pub)
{
    struct namespace *ns = namespace_of(b, ch, pub);
    struct room *room = ch->kind == CHANNEL_ROOM ? ch->bus.owner : NULL;
    if (ns == NULL)
        return;
    if (room != NULL) {
        deliver_to_audience(ns, &room->audience, pub, room->name);
    } else if (ch->kind == CHANNEL_NAMESPACE && pub->rooms.count == 0) {
        deliver_to_audience(ns, &ns->everyone, pub, SLICE_NONE);
    } else {
        new_mark(b, ns, pub);
        deliver_to_targets(ns, pub);
    }
}

static void bad_envelope(struct broker *b, int err, struct slice channel)
{
    static struct log_limit limit;
    uint64_t suppressed;
    b->metrics->v[err == ERR_VERSION ? M_DROP_VERSION : M_DROP_ENVELOPE]++;
    if (log_limit(&limit, b->now, &suppressed))
        log_warn("publication skipped", "channel=%s reason=%s suppressed=%llu", log_quote(channel),
                 err_name(err), (unsigned long long)suppressed);
}

static bool is_name(struct slice token)
{
    if (token.n > 0 && token.p[0] == '"')
        return token.n > 1 && token.p[token.n - 1] == '"';
    return token.n > 0 && (token.p[0] == '-' || (token.p[0] >= '0' && token.p[0] <= '9'));
}

void deliver(struct broker *b, struct channel *ch, struct slice bytes)
{
    struct publication pub;
    int err = envelope_decode(bytes, &pub);
    if (err == 0 && (pub.kind == PUB_EVENT || pub.kind == PUB_REQUEST) && !is_name(pub.event.name))
        err = ERR_PARSE;
    if (err != 0) {
        bad_envelope(b, err, ch->bus.name);
        return;
    }
    switch (pub.kind) {
    case PUB_EVENT:
        b->metrics->v[M_PUB_RECEIVED]++;
        deliver_event(b, ch, &pub);
        break;
    case PUB_REQUEST:
        request_deliver(b, &pub);
        break;
    case PUB_REPLY:
        request_answered(b, &pub);
        break;
    case PUB_NONCE:
        probe_returned(b, pub.request);
        break;
    }
}
