/* SPDX-License-Identifier: Apache-2.0 */
/* The wire that is a WebSocket: one text message is one text, ids are of no meaning. Frames are used in
 * place, in the shared buffer; only fragments are collected, and compressed messages inflated. Binary
 * messages are passed over.
 *
 * With loop->ping_first a ping is sent as soon as the handshake is through, and opened() is called when it
 * has been answered. A server may complete the handshake before it has put the client where it belongs, as
 * Roomcast's gateway does for /raw/ROOM; but it reads, and so answers, only after that. */
#ifndef LOADTEST_WIRE_WEBSOCKET_H
#define LOADTEST_WIRE_WEBSOCKET_H

#include "core/codec/websocket.h"
#include "loadtest/wire/wire.h"

enum websocket_state { WEBSOCKET_CLOSED, WEBSOCKET_HANDSHAKE, WEBSOCKET_OPEN };

struct websocket {
    struct wire wire; /* first */
    struct stream stream;
    uint8_t state;     /* enum websocket_state */
    bool deflate;      /* negotiated */
    bool pinged;       /* the answer to the first ping is waited for */
    bool in_message;   /* fragments of a message are being collected */
    bool text_message; /* what they are of */
    bool compressed;
    struct buf message; /* the fragments */
};

#endif
