/* SPDX-License-Identifier: Apache-2.0 */
/* Socket.IO v5 packets with the default JSON parser. Source of the format: the Socket.IO protocol, revision 5
 * (https://github.com/socketio/socket.io, docs/socket.io-protocol/v5-current.md), and the behaviour of
 * socket.io-parser 4.2.
 *     <type digit>[<n attachments>-][<namespace>,][<ack id>][<JSON>]
 * Only one packet's text is looked at here; collecting the attachments is the connection's work. */
#ifndef CORE_CODEC_SOCKETIO_H
#define CORE_CODEC_SOCKETIO_H

#include "core/base/buf.h"
#include "core/base/slice.h"

enum sio_type {
    SIO_CONNECT,
    SIO_DISCONNECT,
    SIO_EVENT,
    SIO_ACK,
    SIO_CONNECT_ERROR,
    SIO_BINARY_EVENT,
    SIO_BINARY_ACK
};

#define SIO_MAX_ATTACHMENTS 10 /* the protocol's own bound: both parsers enforce it */

struct sio_packet {
    enum sio_type type;
    unsigned attachments; /* 0 unless type is SIO_BINARY_* */
    bool has_id;
    uint64_t id;
    struct slice ns;   /* "/" when omitted */
    struct slice data; /* the JSON, or empty */
    struct slice name; /* events: the first element as it stands: a string token with quotes, or a number */
    struct slice args; /* events: the elements after the name; acks: all of them; without brackets */
};

struct sio_limits {
    unsigned max_depth;       /* JSON */
    unsigned max_attachments; /* at most SIO_MAX_ATTACHMENTS */
};

/* Applies every decoder rule, reserved event names and placeholders included. An event without data
 * ("2", "20") is accepted with an empty name. ERR_PARSE, ERR_TOO_DEEP. */
int sio_decode(struct slice text, const struct sio_limits *limits, struct sio_packet *packet) MUST_CHECK;

/* connect, connect_error, disconnect, disconnecting, newListener, removeListener: an event so named
 * disconnects the receiving client. name is the decoded name. */
bool sio_reserved(struct slice name);

/* What stands before the JSON, e.g. "51-/admin,17": ns "/" is left out, id only if has_id. In three parts:
 * "51-", the namespace, ",17"; the digits are in the struct itself, which must stay where it is. */
struct sio_head {
    char before[16], after[24];
    struct slice part[3];
};
void sio_head(struct sio_head *h, enum sio_type type, unsigned attachments, struct slice ns, bool has_id,
              uint64_t id);
/* Appends it. */
int sio_put_head(struct buf *b, enum sio_type type, unsigned attachments, struct slice ns, bool has_id,
                 uint64_t id);

#endif
