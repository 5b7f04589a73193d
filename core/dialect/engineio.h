/* SPDX-License-Identifier: Apache-2.0 */
/* Engine.IO v4 sessions: what lies between HTTP requests or WebSocket messages and Socket.IO packets. A
 * session is a connection of the Socket.IO dialect; it starts on polling or on WebSocket and may be upgraded
 * once. Source of the rules: the Engine.IO protocol v4 and the behaviour of engine.io 6.6. */
#ifndef CORE_DIALECT_ENGINEIO_H
#define CORE_DIALECT_ENGINEIO_H

#include "core/base/buf.h"
#include "core/base/hash.h"
#include "core/broker/conn.h"

#define SESSION_ID_MAX 64

struct session {
    struct conn conn; /* first */
    char sid[SESSION_ID_MAX];
    uint8_t sid_size;
    bool websocket;             /* the transport that counts now is WebSocket */
    bool probing;               /* a WebSocket asks for the session: between its opening and "5" or its end */
    struct timer connect_timer; /* no namespace joined yet */
    struct socketio *socketio;  /* an event whose attachments are not complete; NULL otherwise */
    UT_hash_handle hh;
};

/* Opens a session and queues its open packet. sid: proposed by a trusted proxy (used when it is 16 to 64
 * characters of A-Z a-z 0-9 - _ . ~ and free), or empty. NULL when memory is short. */
struct session *session_open(struct broker *b, const struct transport *t, void *io, bool websocket,
                             struct slice sid, struct slice peer) MUST_CHECK;
/* A session that is not lost; its conn.state may be CONN_CLOSING. NULL: unknown (code 1). */
struct session *session_find(struct broker *b, struct slice sid);

/* The body of a POST. 0: done; 1: `most` packets are, and *body is what is left, to go on with; or ERR_PARSE,
 * and the session is closing then. */
int session_payload(struct session *s, struct slice *body, unsigned most) MUST_CHECK;
/* Takes everything that is queued as the body of one polling response. ERR_NOMEM. Nothing queued: empty body.
 */
int session_take(struct session *s, struct buf *body) MUST_CHECK;

/* Upgrade. A WebSocket with this sid has opened: ERR_BAD_REQUEST when the session is not on polling or
 * already being probed: close that WebSocket. The transport's timer of upgrade_timeout_ms and the WebSocket
 * are the gateway's. */
int session_probe_begin(struct session *s) MUST_CHECK;
enum probe_action {
    PROBE_PONG,   /* send "3probe" on the WebSocket; answer a held GET with "6", now and every 100 ms */
    PROBE_SWITCH, /* the session is on WebSocket now: session_switch() was not called yet, do it */
    PROBE_FAIL    /* close the WebSocket; the session stays on polling */
};
enum probe_action session_probe_message(struct session *s, struct slice text, bool binary);
/* The probing WebSocket ended without an upgrade. */
void session_probe_end(struct session *s);
/* From now on t moves the bytes; a GET that is still held is answered "1"... by the old transport's caller.
 */
void session_switch(struct session *s, const struct transport *t, void *io);

/* Error bodies by code: {"code":1,"message":"Session ID unknown"}; text is the message alone. */
enum eio_error {
    EIO_UNKNOWN_TRANSPORT,
    EIO_UNKNOWN_SID,
    EIO_BAD_METHOD,
    EIO_BAD_REQUEST,
    EIO_FORBIDDEN,
    EIO_BAD_VERSION
};
const char *eio_error_message(enum eio_error code);

#endif
