/* SPDX-License-Identifier: Apache-2.0 */
/* Engine.IO v4 packets. Source of the format: the Engine.IO protocol, revision 4
 * (https://github.com/socketio/socket.io, docs/engine.io-protocol/v4-current.md). */
#ifndef CORE_CODEC_ENGINEIO_H
#define CORE_CODEC_ENGINEIO_H

#include "core/base/buf.h"
#include "core/base/slice.h"

enum eio_type { EIO_OPEN, EIO_CLOSE, EIO_PING, EIO_PONG, EIO_MESSAGE, EIO_UPGRADE, EIO_NOOP };

#define EIO_SEPARATOR '\x1e'

struct eio_packet {
    enum eio_type type;
    bool binary;       /* a binary message */
    bool base64;       /* binary, and data is still base64 (text form "b...") */
    struct slice data; /* without the type digit */
};

/* One text packet ("4hello", "b<base64>"). Empty text and unknown types: ERR_PARSE. */
int eio_decode(struct slice text, struct eio_packet *packet) MUST_CHECK;
/* The next packet of a polling payload; *rest shrinks. 1, 0 at the end, ERR_PARSE.
 * An empty payload is ERR_PARSE on the first call: start with rest = the body, and *first = true. */
int eio_payload_next(struct slice *rest, bool *first, struct eio_packet *packet) MUST_CHECK;

#endif
