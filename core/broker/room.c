/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms of this gateway. A room's channel is subscribed when its first local client joins, and a join counts
 * only once the bus has confirmed that. After the last member left the room lingers, so that a client that
 * comes and goes costs the bus nothing. */
#include <assert.h>
#include <stdlib.h>

#include "core/base/utf8.h"
#include "core/base/xalloc.h"
#include "core/broker/state.h"

int room_name_check(const struct broker *b, struct slice name)
{
    if (name.n == 0 || name.n > b->settings->max_room_name_bytes || name.p[0] == '~' || !utf8_valid(name))
        return ERR_ROOM_NAME;
    return 0;
}

struct room *room_find(struct namespace *ns, struct slice name)
{
    struct room *room;
    HASH_FIND(hh, ns->rooms, name.p, (unsigned)name.n, room);
    return room;
}

struct room *room_of(struct membership *m)
{
    return container_of(m->audience, struct room, audience);
}

bool room_has(const struct room *room, struct client *cl)
{
    return membership_find(cl, &room->audience) != NULL;
}

static void linger_fire(struct timer *t, uint64_t now)
{
    (void)now;
    struct room *room = container_of(t, struct room, linger);
    bus_unsubscribe(room->ns->broker->bus, &room->channel.bus);
    room_free(room);
}

static void linger(struct room *room)
{
    struct broker *b = room->ns->broker;
    if (room->member_count == 0 && list_empty(&room->waiting))
        timer_start(&b->timers, &room->linger, b->now, b->settings->room_linger_ms);
}

static struct room *room_new(struct namespace *ns, struct slice name)
{
    struct broker *b = ns->broker;
    struct room *room = xcalloc(1, sizeof *room);
    if (channel_init(&room->channel, CHANNEL_ROOM, b->settings->bus_prefix, ns->name, name, room) != 0) {
        free(room);
        return NULL;
    }
    room->ns = ns;
    room->name = slice_from(room->channel.bus.name, room->channel.bus.name.n - name.n);
    audience_init(&room->audience, b);
    list_init(&room->waiting);
    timer_init(&room->linger, linger_fire);
    HASH_ADD_KEYPTR(hh, ns->rooms, room->name.p, (unsigned)room->name.n, room);
    b->metrics->v[M_ROOMS]++;
    bus_subscribe(b->bus, &room->channel.bus);
    return room;
}

void room_free(struct room *room)
{
    assert(room->member_count == 0 && list_empty(&room->waiting));
    timer_stop(&room->linger);
    HASH_DEL(room->ns->rooms, room);
    room->ns->broker->metrics->v[M_ROOMS]--;
    audience_free(&room->audience);
    free(room->channel.name);
    free(room);
}

static int enter(struct room *room, struct client *cl)
{
    if (room_has(room, cl)) /* two joins were under way */
        return 0;
    struct membership *m = calloc(1, sizeof *m);
    if (m == NULL)
        return ERR_NOMEM;
    if (audience_add(&room->audience, m, cl) != 0) {
        free(m);
        return ERR_NOMEM;
    }
    timer_stop(&room->linger);
    list_append(&cl->memberships, &m->in_client);
    cl->room_count++;
    room->member_count++;
    room->ns->broker->metrics->v[M_MEMBERSHIPS]++;
    run_lifecycle(cl, ON_JOIN, room->name, SLICE_NONE);
    return 0;
}

int room_join(struct client *cl, struct slice name, struct run *run)
{
    struct broker *b = cl->ns->broker;
    int err = room_name_check(b, name);
    if (err != 0)
        return err;
    if (!b->bus->up)
        return ERR_UNAVAILABLE;
    struct room *room = room_find(cl->ns, name);
    if (room != NULL && room_has(room, cl))
        return 0;
    if (cl->room_count + cl->joining >= b->settings->max_rooms_per_client)
        return ERR_TOO_MANY_ROOMS;
    if (room == NULL)
        room = room_new(cl->ns, name);
    if (room == NULL)
        return ERR_NOMEM;
    timer_stop(&room->linger);
    if (room->channel.bus.state == BUS_SUBSCRIBED) {
        err = enter(room, cl);
        linger(room);
        return err;
    }
    list_append(&room->waiting, run_waiting(run));
    cl->joining++;
    return 1;
}

/* Runs that wait are continued one by one; each may join and leave anything in its further steps, so that the
 * list is taken over first. */
void room_subscribed(struct room *room, int err)
{
    struct link now;
    list_init(&now);
    while (!list_empty(&room->waiting)) {
        struct link *it = room->waiting.next;
        list_remove(it);
        list_append(&now, it);
    }
    timer_stop(&room->linger);
    while (!list_empty(&now)) {
        struct link *it = now.next;
        list_remove(it);
        struct run *run = run_of_waiting(it);
        struct client *cl = run_client(run);
        cl->joining--;
        run_joined(run, err != 0 ? err : enter(room, cl));
    }
    linger(room);
}

/* A run that waited for the room is given up. */
void room_stop_waiting(struct room *room, struct run *run)
{
    list_remove(run_waiting(run));
    run_client(run)->joining--;
    linger(room);
}

void room_leave_membership(struct membership *m)
{
    struct room *room = room_of(m);
    audience_remove(&room->audience, m);
    list_remove(&m->in_client);
    m->client->room_count--;
    room->member_count--;
    room->ns->broker->metrics->v[M_MEMBERSHIPS]--;
    free(m);
    linger(room);
}

int room_leave(struct client *cl, struct slice name)
{
    struct room *room = room_find(cl->ns, name);
    struct membership *m = room != NULL ? membership_find(cl, &room->audience) : NULL;
    if (m == NULL) /* leaving a room that one is not in is no error, as in Socket.IO */
        return room_name_check(cl->ns->broker, name);
    run_lifecycle(cl, ON_LEAVE, room->name, SLICE_LIT("leave"));
    room_leave_membership(m);
    return 0;
}
