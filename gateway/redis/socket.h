/* SPDX-License-Identifier: Apache-2.0 */
/* A connected socket that speaks RESP: what is appended to `out` is sent by flush, what arrives is parsed. It
 * is read and written directly: one recv() of up to 256 KiB for each readiness, one send() per flush with
 * everything in it, and EV_WRITE only after the socket refused. */
#ifndef GATEWAY_REDIS_SOCKET_H
#define GATEWAY_REDIS_SOCKET_H

#include <event2/event.h>

#include "gateway/redis/resp.h"

struct redis_socket_handler {
    struct resp_handler resp;
    void (*heard)(void *arg); /* bytes arrived, and will be parsed now */
    /* It is over; must close the socket. Called from redis_socket_flush() or the loop.
     */
    void (*broken)(void *arg, const char *reason);
};

struct redis_socket {
    int fd; /* -1: closed */
    struct event *readable, *writable;
    struct resp *resp;
    struct buf out; /* commands are appended here */
    size_t sent;    /* bytes of out that are */
    struct redis_socket_handler handler;
};

/* A closed one. */
void redis_socket_init(struct redis_socket *s);
/* Takes over fd, which is connected and does not block; resp.arg of the handler is arg of all. */
void redis_socket_open(struct redis_socket *s, struct event_base *base, int fd,
                       const struct redis_socket_handler *handler);
/* Closes it, if it is open; memory is released. */
void redis_socket_close(struct redis_socket *s);
void redis_socket_flush(struct redis_socket *s);

#endif
