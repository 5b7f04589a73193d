/* SPDX-License-Identifier: Apache-2.0 */
/* A server's reading of a client's WebSocket frames (RFC 6455, section 5): unmasks them where they stand, and
 * checks all that a server must check. Bytes in, pieces out; however the bytes are cut, nothing is allocated.
 */
#ifndef CORE_CODEC_WEBSOCKET_READ_H
#define CORE_CODEC_WEBSOCKET_READ_H

#include "core/codec/websocket.h"

#define WS_CONTROL_MAX 125 /* bytes of a control frame's payload */

/* All zeros at the beginning, but for deflate. */
struct ws_reader {
    char control[WS_CONTROL_MAX]; /* the payload of the control frame at hand */
    char header[WS_MAX_HEADER];
    uint8_t header_size, control_size;
    bool in_frame;   /* its header is complete */
    bool in_message; /* a data frame without FIN has come */
    bool binary;     /* the message at hand */
    bool fin;
    bool deflate;    /* permessage-deflate was agreed on: messages may be compressed */
    bool compressed; /* the message at hand is */
    enum ws_opcode opcode;
    uint32_t mask;
    uint64_t left; /* bytes of the frame at hand */
};

struct ws_piece {
    enum ws_opcode opcode; /* WS_TEXT, WS_BINARY: a piece of such a message; or a whole control frame */
    bool last;             /* the message ends with it */
    bool compressed;       /* such a message, compressed: the piece is as it came */
    struct slice bytes; /* in the input, or, of a control frame, in the reader: valid until the next call */
    uint64_t announced; /* how many bytes more the frame has */
};

/* Takes the next piece off the front of n bytes at p: *used bytes are done with. 1: a piece; 0: more is
 * needed; ERR_PARSE: the client breaks the protocol. */
int ws_read(struct ws_reader *r, char *p, size_t n, size_t *used, struct ws_piece *piece) MUST_CHECK;

#endif
