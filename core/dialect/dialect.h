/* SPDX-License-Identifier: Apache-2.0 */
/* A dialect translates between a client-facing protocol and events: one const table each. Frames are made
 * here, once per publication however many receive it. */
#ifndef CORE_DIALECT_DIALECT_H
#define CORE_DIALECT_DIALECT_H

#include "core/broker/conn.h"
#include "core/bus/envelope.h"

struct client;
struct plain_request;

enum dialect_index { DIALECT_SOCKETIO, DIALECT_JSON, DIALECT_RAW, DIALECT_SSE, DIALECTS };

struct dialect {
    const char *name;
    enum dialect_index index;
    size_t conn_size;  /* of the struct that begins with its struct conn */
    bool in_namespace; /* receives what is sent to the whole namespace */
    bool pings;        /* heartbeats expect an answer */
    enum metric opened;
    /* plain_open() calls it before the rooms are joined. 0 or ERR_NOMEM. May be NULL. */
    int (*open)(struct conn *c, const struct plain_request *request);
    void (*message)(struct conn *c, struct slice bytes, bool binary);
    /* The conn is being freed: release what the dialect added to it. May be NULL. */
    void (*release)(struct conn *c);
    /* A heartbeat, as a new reference. */
    struct frame *(*ping)(struct broker *b);
    /* A publication of namespace ns for any receiver of this dialect. room: its one room, or empty.
     * NULL: out of memory. An empty frame when the dialect has no way to show it. */
    struct frame *(*encode)(const struct publication *pub, struct slice room);
    /* To one client: it is connected; the answer to its event `ack`; an error answer. NULL where events do
     * not come by routes (raw, SSE). */
    void (*connected)(struct client *cl);
    void (*ack)(struct client *cl, uint64_t ack, const struct event *answer);
    /* event failed; told as the dialect can. */
    void (*fail)(struct client *cl, const struct event *event, bool wants_ack, uint64_t ack, int err,
                 const char *message);
    /* An event that asks the client for an ack under `id`. NULL: its clients cannot be asked. */
    void (*request)(struct client *cl, uint64_t id, const struct event *event);
};

extern const struct dialect dialect_socketio, dialect_json, dialect_raw, dialect_sse;

#endif
