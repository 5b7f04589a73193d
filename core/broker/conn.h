/* SPDX-License-Identifier: Apache-2.0 */
/* A connection: one transport-level peer (an Engine.IO session, a plain WebSocket, an SSE stream), with its
 * bounded output queue. The broker decides what is queued; the transport moves bytes.
 *
 * Life: a transport opens it (conn_open, session_open), feeds it messages, and says once that it is gone
 * (conn_lost). The core may ask for the end earlier: conn_close() makes it CONN_CLOSING, takes its clients
 * out of all rooms, and touches it; the transport sees that state in its next flush(), sends what it may,
 * closes, and calls conn_lost(). Memory is freed at the end of the turn after conn_lost(): nothing dies in
 * its own callback.
 *
 * All writing happens at the end of a loop turn: whoever queues a frame touches the connection, and
 * broker_turn() calls flush() once for each touched one. */
#ifndef CORE_BROKER_CONN_H
#define CORE_BROKER_CONN_H

#include "core/base/close_reason.h"
#include "core/base/frame.h"
#include "core/base/list.h"
#include "core/base/metrics.h"
#include "core/base/timer.h"

struct broker;
struct client;
struct conn;
struct dialect;

/* First in, first out. The usual single frame needs no memory of its own: idle connections hold no buffers.
 */
struct outq {
    struct frame *one;
    struct frame **ring; /* used when more than one is queued */
    uint32_t head, count, cap;
    uint32_t offset; /* bytes of the first frame that are already written */
    uint64_t bytes;  /* of all frames, less offset */
};

struct frame *outq_at(const struct outq *q, uint32_t i);
/* n bytes were written: releases the frames that are complete. */
void outq_consume(struct outq *q, size_t n);

enum conn_state { CONN_OPEN, CONN_CLOSING, CONN_LOST };

/* What a transport provides. One static table per transport. */
struct transport {
    const char *name; /* "polling", "websocket", "stream" */
    /* End of turn: write as much of c->out as the socket takes, in one call where possible; set c->behind
     * when it refused some. When c->state is CONN_CLOSING: close in the way that c->reason wants and see that
     * conn_lost() follows, now or later; flush() may be called again until then. */
    void (*flush)(struct conn *c);
    /* Every room asked for at opening is joined (plain.h). May be NULL. */
    void (*ready)(struct conn *c);
    /* Stop (true) or go on reading messages: too many of this peer's events wait. May be NULL. */
    void (*pause)(struct conn *c, bool paused);
};

struct conn {
    struct broker *broker;
    const struct dialect *dialect;
    const struct transport *transport;
    void *io; /* the transport's own */
    enum conn_state state;
    enum close_reason reason; /* valid unless CONN_OPEN */
    bool paused;              /* transport->pause(c, true) is in force */
    bool behind;              /* the transport cannot take more now: volatile events are dropped */
    bool awaiting_pong;
    bool compressed;   /* what it is sent is compressed */
    enum metric gauge; /* which connections{} series it is counted in */
    struct outq out;
    struct link touched;
    struct link all;
    struct link ending; /* in the broker's closing or dead list */
    struct link clients;
    unsigned client_count;
    uint32_t pending_events; /* unfinished runs of its clients */
    uint64_t pending_bytes;  /* copied, because their events have to wait */
    struct timer heartbeat;
    double tokens; /* of the event rate limit */
    uint64_t tokens_at;
    bool ended;    /* its clients have left: the broker's */
    char peer[46]; /* the client's address as text, from X-Forwarded-For behind a trusted proxy */
};

/* Used by session_open() (engineio.h) and plain_open() (plain.h). NULL when memory is short. */
struct conn *conn_open(struct broker *b, const struct dialect *d, const struct transport *t, void *io,
                       struct slice peer) MUST_CHECK;
/* From now on frames are sent compressed, where that makes them smaller. Its transport has agreed on
 * permessage-deflate with the peer. */
void conn_compress(struct conn *c);
/* One whole message arrived. Not in CONN_LOST; ignored in CONN_CLOSING. The connection may be closing
 * afterwards. */
void conn_message(struct conn *c, struct slice bytes, bool binary);
/* The peer answered a heartbeat (WebSocket pong for the plain WebSocket dialects). */
void conn_pong(struct conn *c);
/* Queues a reference to f, which may be put by the caller afterwards. False: it was not queued, since the
 * connection is closing, or closes now because its queue is full; counted. */
bool conn_send(struct conn *c, struct frame *f);
/* The same, but dropped and counted when the connection is behind or its queue is full. */
bool conn_send_volatile(struct conn *c, struct frame *f);
/* Queues f and releases the caller's reference; f may be NULL (out of memory): then the connection is closed.
 */
void conn_send_own(struct conn *c, struct frame *f);
/* Asks for flush() at the end of this turn. */
void conn_touch(struct conn *c);
void conn_close(struct conn *c, enum close_reason why);
/* The transport is gone; the last call about c. reason counts only if nobody closed it before. */
void conn_lost(struct conn *c, enum close_reason why);

/* For transports: bytes were written; keeps metrics right and releases frames. */
void conn_written(struct conn *c, size_t n);

#endif
