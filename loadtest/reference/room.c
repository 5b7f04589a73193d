/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms and what is written to their members. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "core/base/xalloc.h"
#include "loadtest/reference/reference.h"

/* ---- writing */

void kill_member(struct server *s, struct member *m)
{
    if (m->dead)
        return;
    m->dead = true;
    list_append(&s->dead, &m->link);
}

static void watch(const struct server *s, struct member *m, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = m};
    if (epoll_ctl(s->epoll, EPOLL_CTL_MOD, m->fd, &event) != 0)
        die("epoll_ctl");
}

/* How much of it the socket took. */
static size_t offer(struct server *s, struct member *m, struct slice bytes)
{
    ssize_t sent = send(m->fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        kill_member(s, m);
    return sent < 0 ? 0 : (size_t)sent;
}

void write_to(struct server *s, struct member *m, struct slice bytes)
{
    bool behind = m->queue.n > 0;
    size_t sent = behind ? 0 : offer(s, m, bytes);
    if (sent == bytes.n || m->dead)
        return;
    if (buf_add(&m->queue, slice_from(bytes, sent)) != 0)
        kill_member(s, m); /* it does not keep up */
    else if (!behind)
        watch(s, m, EPOLLIN | EPOLLOUT);
}

void write_queue(struct server *s, struct member *m)
{
    buf_consume(&m->queue, offer(s, m, buf_slice(&m->queue)));
    if (m->queue.n > 0 || m->dead)
        return;
    buf_free(&m->queue);
    watch(s, m, EPOLLIN);
}

void flush(struct server *s, struct room *room)
{
    for (uint32_t i = 0; i < room->count; i++)
        if (!room->members[i]->dead)
            write_to(s, room->members[i], buf_slice(&room->batch));
    buf_clear(&room->batch);
    list_remove(&room->touched);
}

int put_frame(struct buf *out, enum ws_opcode opcode, struct slice payload)
{
    char header[WS_MAX_HEADER];
    size_t n = ws_put_header(header, opcode, payload.n);
    int err = buf_reserve(out, n + payload.n);
    return err != 0 ? err : buf_add(out, (struct slice){header, n}) + buf_add(out, payload);
}

void publish(struct server *s, struct room *room, enum ws_opcode opcode, struct slice message)
{
    if (put_frame(&room->batch, opcode, message) != 0)
        die("no memory for a batch");
    if (list_empty(&room->touched))
        list_append(&s->touched, &room->touched);
    if (room->batch.n >= FULL_BATCH)
        flush(s, room);
}

/* ---- rooms */

static struct room *find_room(struct server *s, struct slice name)
{
    struct room *room;
    HASH_FIND(hh, s->rooms, name.p, name.n, room);
    if (room)
        return room;
    room = xcalloc(1, sizeof *room + name.n);
    memcpy(room->name, name.p, name.n);
    buf_init(&room->batch, SIZE_MAX);
    list_init(&room->touched);
    HASH_ADD_KEYPTR(hh, s->rooms, room->name, name.n, room);
    return room;
}

void enter(struct server *s, struct member *m, struct slice room_name)
{
    struct room *room = find_room(s, room_name);
    if (room->count == room->size) {
        room->size = room->size > 0 ? room->size * 2 : 8;
        room->members = xrealloc(room->members, room->size * sizeof(struct member *));
    }
    m->room = room;
    m->place = room->count;
    room->members[room->count++] = m;
}

void leave(struct server *s, struct member *m)
{
    struct room *room = m->room;
    struct member *last = room->members[--room->count];
    room->members[last->place = m->place] = last;
    if (room->count > 0)
        return;
    HASH_DEL(s->rooms, room);
    list_remove(&room->touched);
    buf_free(&room->batch);
    free(room->members);
    free(room);
}
