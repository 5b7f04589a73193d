/* SPDX-License-Identifier: Apache-2.0 */
/* The payloads of compressed WebSocket messages (permessage-deflate, RFC 7692 section 7.2): raw DEFLATE
 * without the 00 00 ff ff that a flush ends with. Each message stands alone (no context takeover in either
 * direction), so that one of each serves all connections, and a compressed message is the same for all
 * receivers. */
#ifndef CORE_CODEC_DEFLATE_H
#define CORE_CODEC_DEFLATE_H

#include "core/base/buf.h"

/* What a message of n bytes may need compressed, if it is as incompressible as can be and its sender's
 * compressor small (5 bytes more for every 127). */
#define DEFLATE_BOUND(n) ((n) + (n) / 16 + 64)

/* About 260 KiB. NULL when memory is short. */
struct deflater *deflater_new(void) MUST_CHECK;
void deflater_free(struct deflater *d); /* d may be NULL */
/* Compresses a payload into out. Returns its size, or 0 when `room` bytes are not enough for it and the 5
 * bytes more that it takes meanwhile. */
size_t deflate_payload(struct deflater *d, struct slice in, char *out, size_t room);

/* About 40 KiB. NULL when memory is short. */
struct inflater *inflater_new(void) MUST_CHECK;
void inflater_free(struct inflater *f); /* f may be NULL */
/* Appends the whole message whose payload is `in` to out. 0, ERR_PARSE (corrupt, or not complete),
 * ERR_TOO_LARGE (out's bound is passed: no more than that has been produced or allocated), ERR_NOMEM. */
int inflate_payload(struct inflater *f, struct slice in, struct buf *out) MUST_CHECK;

#endif
