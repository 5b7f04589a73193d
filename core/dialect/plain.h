/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a connection of one of the plain dialects: JSON, raw, SSE. Each is in one namespace from the start,
 * and (raw, SSE) in the rooms that its address names. */
#ifndef CORE_DIALECT_PLAIN_H
#define CORE_DIALECT_PLAIN_H

#include "core/broker/conn.h"

struct plain_request {
    struct broker *broker;
    const struct dialect *dialect;
    const struct transport *transport;
    void *io;
    struct slice peer;
    struct slice ns;           /* "/" when the request names none */
    struct slice auth;         /* a JSON object (from a header or the query), or empty */
    const struct slice *rooms; /* decoded names */
    size_t room_count;
};

/* 0 and *conn, or ERR_NAMESPACE, ERR_ROOM_NAME, ERR_TOO_MANY_ROOMS, ERR_UNAVAILABLE, ERR_PARSE (auth),
 * ERR_NOMEM. JSON: the greeting is queued. Others: transport->ready() comes once all rooms are joined (also
 * when there are none), or the connection closes with CLOSE_JOIN_FAILED. */
int plain_open(const struct plain_request *request, struct conn **conn) MUST_CHECK;

#endif
