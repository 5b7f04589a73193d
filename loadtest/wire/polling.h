/* SPDX-License-Identifier: Apache-2.0 */
/* The wire that is an Engine.IO v4 session over HTTP polling, as socket.io-client makes it: a GET opens the
 * session, then there is always one GET that the server holds until it has something to say, and at most one
 * POST, on a second connection, which takes everything that waits. One packet is one text ("4hello"), binary
 * ones ("b...") are passed over; the texts begin with the open packet. Ids are of no meaning. */
#ifndef LOADTEST_WIRE_POLLING_H
#define LOADTEST_WIRE_POLLING_H

#include "loadtest/wire/http_client.h"
#include "loadtest/wire/wire.h"

#define POLLING_MAX_ANSWER (16u << 20) /* bytes of one answer, beside a frame that is larger */

struct polling {
    struct wire wire; /* first */
    struct http_client get, post;
    struct buf target; /* with the session's id, once that is known */
    bool open;
    size_t
        max_payload; /* bytes that one POST may have; what a single packet has beyond is sent all the same */
    struct buf out;  /* packets that wait, joined */
};

/* The next packet of a payload, off the front of *rest; false at its end. */
bool polling_next(struct slice *rest, struct slice *packet);
/* How many bytes of the joined packets make the next payload: as many whole packets as fit into max bytes, at
 * least one. */
size_t polling_fits(struct slice packets, size_t max);
/* Reads an open packet: *sid is its session id as a JSON string token. 0 or ERR_PARSE. */
int polling_read_open(struct slice packet, struct slice *sid, size_t *max_payload) MUST_CHECK;

#endif
