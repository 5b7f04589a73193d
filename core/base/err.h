/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of the outside world: negative results, one table. Our own bugs are asserts, never these.
 * A code's name is what clients see as error.code; the text is the default error.message; the HTTP
 * status is what an HTTP request that fails with it is answered. */
#ifndef CORE_BASE_ERR_H
#define CORE_BASE_ERR_H

#define ERR_TABLE(X)                                                                                         \
    /* symbol           value  name               HTTP  text */                                              \
    X(ERR_PARSE, -1, "parse_error", 400, "malformed packet")                                                 \
    X(ERR_TOO_LARGE, -2, "too_large", 413, "larger than the limit")                                          \
    X(ERR_TOO_DEEP, -3, "too_deep", 400, "JSON is nested deeper than the limit")                             \
    X(ERR_NOMEM, -4, "out_of_memory", 503, "out of memory")                                                  \
    X(ERR_UNAVAILABLE, -5, "unavailable", 503, "the bus is down, try again later")                           \
    X(ERR_OVERLOADED, -6, "overloaded", 503, "too much is queued, try again later")                          \
    X(ERR_BAD_REQUEST, -7, "bad_request", 400, "bad request")                                                \
    X(ERR_ROOM_NAME, -8, "bad_room_name", 400,                                                               \
      "a room name is a string of 1 to max_room_name_bytes bytes that does not begin with '~'")              \
    X(ERR_EVENT_NAME, -9, "bad_event_name", 400,                                                             \
      "an event name is a string of at most max_event_name_bytes bytes")                                     \
    X(ERR_RESERVED_EVENT, -10, "reserved_event", 400, "this event name is reserved")                         \
    X(ERR_TOO_MANY_ROOMS, -11, "too_many_rooms", 403, "max_rooms_per_client reached")                        \
    X(ERR_TOO_MANY_NAMESPACES, -12, "too_many_namespaces", 403, "max_namespaces_per_connection reached")     \
    X(ERR_NAMESPACE, -13, "invalid_namespace", 404, "Invalid namespace")                                     \
    X(ERR_NOT_CONNECTED, -14, "not_connected", 400, "not connected to this namespace")                       \
    X(ERR_ALREADY_CONNECTED, -15, "already_connected", 400, "already connected to this namespace")           \
    X(ERR_REJECTED, -16, "rejected", 403, "rejected by a route")                                             \
    X(ERR_RATE_LIMITED, -17, "rate_limited", 429, "more events than max_events_per_second allows")           \
    X(ERR_TIMEOUT, -18, "timeout", 504, "no answer in time")                                                 \
    X(ERR_GONE, -19, "gone", 404, "no such client is connected")                                             \
    X(ERR_FORBIDDEN, -20, "forbidden", 403, "forbidden")                                                     \
    X(ERR_VERSION, -21, "unknown_version", 500, "unknown envelope version")

enum err {
    ERR_OK = 0,
#define X(sym, value, name, http, text) sym = value,
    ERR_TABLE(X)
#undef X
};

/* Never NULL: "ok" for 0, "unknown" for what is not in the table. */
const char *err_name(int err);
const char *err_text(int err);
int err_http_status(int err);

#endif
