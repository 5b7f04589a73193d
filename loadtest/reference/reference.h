/* SPDX-License-Identifier: Apache-2.0 */
/* The practical limit of a broadcast server, to compare others with: a WebSocket server on bare epoll that
 * does nothing else. /raw/ROOM is a room; a message goes to all its members, the sender included. What one
 * turn of the loop brought is framed once, into one batch per room, and sent with one send() per member. It
 * knows no events, limits of rate, pings of its own, drain, logs or cluster; it is no server to run. */
#ifndef LOADTEST_REFERENCE_REFERENCE_H
#define LOADTEST_REFERENCE_REFERENCE_H

#include "core/base/buf.h"
#include "core/base/hash.h"
#include "core/base/list.h"
#include "core/codec/websocket_read.h"

#define READ_SIZE   65536
#define MAX_HEAD    8192
#define MAX_MESSAGE 1000000
#define MAX_QUEUE                                                                                            \
    (1u << 20) /* waiting for one member; who is further behind is disconnected, as by a gateway */
#define FULL_BATCH (256u << 10) /* is sent before the end of the turn */

struct room {
    struct member **members;
    uint32_t count, size;
    struct buf batch;    /* frames for every member that this turn brought */
    struct link touched; /* in server.touched, when the batch is not empty */
    UT_hash_handle hh;
    char name[];
};

struct member {
    int fd;
    bool dead;           /* it is closed at the end of the turn */
    uint32_t place;      /* in room->members */
    struct buf queue;    /* what its socket did not take */
    struct room *room;   /* NULL until the handshake is done */
    struct buf gathered; /* the request, later a message that comes in pieces */
    struct ws_reader reader;
    struct link link; /* in server.dead */
};

struct server {
    int epoll, listener, timer;
    struct room *rooms;
    struct link touched, dead;
    struct buf source; /* what the timer sends to everybody; empty without --source */
    char input[READ_SIZE];
};

/* The program ends: a system call failed that has no reason to. */
void die(const char *what) __attribute__((noreturn));

void kill_member(struct server *s, struct member *m);
void enter(struct server *s, struct member *m, struct slice room_name);
void leave(struct server *s, struct member *m);

int put_frame(struct buf *out, enum ws_opcode opcode, struct slice payload) MUST_CHECK;
/* To one member: now, or when its socket takes more. */
void write_to(struct server *s, struct member *m, struct slice bytes);
void write_queue(struct server *s, struct member *m);
/* To all members of the room, at the end of the turn. */
void publish(struct server *s, struct room *room, enum ws_opcode opcode, struct slice message);
void flush(struct server *s, struct room *room);

#endif
