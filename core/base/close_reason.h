/* SPDX-License-Identifier: Apache-2.0 */
/* Why a connection ended: one row each, used for logs, metrics and the WebSocket close code of the plain
 * WebSocket dialects (Engine.IO closes carry no code, but for 1009 and 1007). abrupt: the peer does not read
 * or is gone, so the connection is cut without flushing or a close frame. */
#ifndef CORE_BASE_CLOSE_REASON_H
#define CORE_BASE_CLOSE_REASON_H

#define CLOSE_TABLE(X)                                                                                       \
    /* symbol               name                 code  abrupt  text */                                       \
    X(CLOSE_PEER, "peer", 1000, 0, "the peer closed")                                                        \
    X(CLOSE_LOST, "lost", 1006, 1, "the peer's connection was lost")                                         \
    X(CLOSE_PING_TIMEOUT, "ping_timeout", 1006, 1, "no pong in time")                                        \
    X(CLOSE_SLOW, "slow", 1013, 1, "reads too slowly: max_queue_bytes or max_queue_frames reached")          \
    X(CLOSE_PARSE, "parse_error", 1007, 0, "malformed packet")                                               \
    X(CLOSE_PROTOCOL, "protocol_error", 1002, 0, "packet not allowed here")                                  \
    X(CLOSE_TOO_LARGE, "too_large", 1009, 0, "message above max_message_bytes, or inflates to too much")     \
    X(CLOSE_CONNECT_TIMEOUT, "connect_timeout", 1002, 0, "no namespace joined in time")                      \
    X(CLOSE_POLL_CONFLICT, "poll_conflict", 1002, 0, "overlapping polling requests")                         \
    X(CLOSE_POLL_LOST, "poll_lost", 1006, 1, "a polling request was aborted")                                \
    X(CLOSE_PENDING, "pending_events", 1008, 0, "max_pending_events reached")                                \
    X(CLOSE_JOIN_FAILED, "join_failed", 1013, 0, "the room could not be joined")                             \
    X(CLOSE_PUBLISH_FAILED, "publish_failed", 1013, 0, "a raw message could not be published")               \
    X(CLOSE_NO_CLIENTS, "no_namespace", 1000, 0, "the last namespace was left")                              \
    X(CLOSE_NOMEM, "out_of_memory", 1011, 1, "out of memory")                                                \
    X(CLOSE_DRAIN, "drain", 1012, 0, "the gateway is leaving")                                               \
    X(CLOSE_SHUTDOWN, "shutdown", 1012, 1, "the gateway stopped")

enum close_reason {
#define X(sym, name, code, abrupt, text) sym,
    CLOSE_TABLE(X)
#undef X
        CLOSE_REASONS
};

const char *close_reason_name(enum close_reason r);
const char *close_reason_text(enum close_reason r);
int close_reason_code(enum close_reason r);
int close_reason_abrupt(enum close_reason r);

#endif
