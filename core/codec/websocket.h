/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket framing (RFC 6455 section 5.2) of output: unmasked server frames, masked client frames for the
 * load generator, and a walk over frames, either those that we made or those that a server sent. */
#ifndef CORE_CODEC_WEBSOCKET_H
#define CORE_CODEC_WEBSOCKET_H

#include "core/base/slice.h"

enum ws_opcode { WS_CONTINUATION = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

#define WS_MAX_HEADER 14   /* with a mask */
#define WS_RSV1       0x40 /* in a message's first byte: it is compressed (RFC 7692, section 6) */

/* Size of the unmasked header for a payload of n bytes: 2, 4 or 10. */
size_t ws_header_size(size_t n);
/* Writes the header of one whole unmasked message (FIN set) to out; returns its size. */
size_t ws_put_header(char *out, enum ws_opcode opcode, size_t n);
/* Writes the header of one whole masked message; the caller masks the payload with ws_mask(). */
size_t ws_put_masked_header(char *out, enum ws_opcode opcode, size_t n, uint32_t mask);
/* XORs a payload with the mask, whose most significant byte comes first. */
void ws_mask(char *p, size_t n, uint32_t mask);

struct ws_frame {
    enum ws_opcode opcode;
    bool fin, rsv1;
    struct slice payload;
};

/* Takes one whole unmasked frame off the front of *rest. 1: taken; 0: more bytes are needed, *need says how
 * many the whole frame has (0 when not even that is known yet); ERR_PARSE: reserved bits or opcode, a mask,
 * an over-long or fragmented control frame, RSV1 on anything but a message's first frame, a length in more
 * bytes than it needs; ERR_TOO_LARGE: payload above max. */
int ws_frame_next(struct slice *rest, size_t max, struct ws_frame *frame, size_t *need) MUST_CHECK;

#endif
