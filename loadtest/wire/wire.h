/* SPDX-License-Identifier: Apache-2.0 */
/* A wire is what an actor talks over: a WebSocket, Engine.IO's HTTP polling, or an event stream with POST
 * requests beside it. Texts go in and come out; one const ops table per kind says how.
 *
 * A wire may be closed, and started again, inside its own callbacks. It may only not be freed there. */
#ifndef LOADTEST_WIRE_WIRE_H
#define LOADTEST_WIRE_WIRE_H

#include <event2/event.h>

#include "core/base/buf.h"
#include "core/codec/deflate.h"
#include "loadtest/wire/stream.h"

#define WIRE_MAX_QUEUE                                                                                       \
    STREAM_MAX_QUEUE /* bytes that a wire holds for a server that does not read or answer */
#define WIRE_MAX_WHY 320
/* For what a wire waits for as long as the server has not said a word: the kernel accepts for it. */
#define WIRE_AT_LIMIT " (is the server at its limit of open files or connections?)"
#define WIRE_NO_ID    UINT64_MAX /* of a text whose answer nobody wants to know */

struct wire;

struct wire_events {
    /* The server is there, and has said so: the handshake, or the head of the event stream. (An Engine.IO
     * session over polling opens with a text instead.) */
    void (*opened)(struct wire *wire);
    void (*text)(struct wire *wire, struct slice text);
    /* Where the wire itself brings the answer to what was queued with `id`: when refused, text says why. */
    void (*answered)(struct wire *wire, uint64_t id, bool refused, struct slice text);
    /* Once, and not for wire_close(). Everything is closed already. */
    void (*closed)(struct wire *wire, const char *why);
    /* After the callbacks above were called for what one read brought. */
    void (*after_read)(struct wire *wire);
};

/* What all wires of an event loop have in common. */
struct wire_loop {
    struct event_base *base;
    char *in; /* the shared receive buffer */
    size_t in_size, max_frame;
    uint64_t now;              /* microseconds, when the current read was made */
    bool offer_deflate;        /* WebSockets: permessage-deflate, for what the server sends */
    bool ping_first;           /* WebSockets: opened() waits for the answer to a ping, see websocket.h */
    struct inflater *inflater; /* NULL before the first compressed message */
    struct buf inflated;       /* the last one */
    uint64_t mask_state;
    uint64_t reads, writes, frames, bytes; /* frames: texts of any kind; bytes: received */
    uint64_t pings;                        /* heartbeats of the server, of any kind */
};

struct wire_ops {
    size_t size;      /* of the struct that begins with a struct wire */
    unsigned sockets; /* at most so many at a time */
    void (*init)(struct wire *wire);
    /* 0, or -1 with errno; then nothing is open. */
    int (*start)(struct wire *wire, struct slice target) MUST_CHECK;
    int (*queue)(struct wire *wire, struct slice text, uint64_t id) MUST_CHECK;
    void (*flush)(struct wire *wire);
    void (*pause)(struct wire *wire, bool paused);
    /* Says goodbye as well as it can without waiting; NULL where the end of the connection says it. */
    void (*goodbye)(struct wire *wire);
    /* Closes the sockets and frees what is held for them. Right in any state. */
    void (*drop)(struct wire *wire);
    const char *(*waits_for)(const struct wire *wire);
};

extern const struct wire_ops wire_websocket, wire_polling, wire_event_stream;

struct wire {
    const struct wire_ops *ops;
    const struct wire_events *events;
    struct wire_loop *loop;
    void *owner;
    struct endpoint to;
    uint32_t life; /* counts starts and ends: who sees it change in a callback must leave the wire alone */
};

/* Texts from the server up to max_frame bytes. `base` must outlive the loop. */
void wire_loop_init(struct wire_loop *loop, struct event_base *base, size_t max_frame);
void wire_loop_free(struct wire_loop *loop);

/* A wire that is closed. */
struct wire *wire_new(const struct wire_ops *ops, struct wire_loop *loop, const struct wire_events *events,
                      void *owner);
/* Closes it. NULL is right, too. */
void wire_free(struct wire *wire);

/* For a closed wire: begins to connect. `target` is the request target; what `to` points at must outlive the
 * connection. 0, or -1 with errno: then the wire is closed and nobody is told. */
int wire_start(struct wire *wire, const struct endpoint *to, struct slice target) MUST_CHECK;
/* Queues one text for an open wire; wire_flush() sends what is queued. `id` is for wires that bring answers.
 * ERR_TOO_LARGE when too much waits already. */
int wire_queue(struct wire *wire, struct slice text, uint64_t id) MUST_CHECK;
/* May call closed(). */
void wire_flush(struct wire *wire);
/* Stops reading from its sockets altogether, or goes on. Ends with the connection. */
void wire_pause(struct wire *wire, bool paused);
/* Right in any state. */
void wire_close(struct wire *wire);
/* What a wire that is being opened waits for: "the WebSocket handshake". */
const char *wire_waits_for(const struct wire *wire);

/* For wires: drops everything and tells the owner. */
void wire_fail(struct wire *wire, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
