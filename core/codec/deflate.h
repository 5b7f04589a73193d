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

/* What a compressed message of n bytes may become at most, whatever the buffer's own bound: else few bytes of
 * its sender would be many on Redis and at receivers. DEFLATE itself gets to 1,030 times as many. Small ones
 * may, too: they cannot become much. Seen with messages of some 500 KB and zlib's levels 1, 6 and 9:
 *
 *       1 to 9     base64, chat, numbers, time series, GeoJSON
 *      10 to 70    records that differ in their id and some values, or are short (up to 200 bytes); log lines
 *      80 to 140   records of 500 bytes to 4 KiB that differ in their id only; an array with 1 % not 0
 *      65 to 500   the same record again and again, the more the shorter it is
 *     115 to 990   nothing but zeros, nulls or spaces
 *
 * So it passes what says something anew in each record, with half as much again. */
#define INFLATE_RATIO    200
#define INFLATE_ANY      65536
#define INFLATE_BOUND(n) ((n) > INFLATE_ANY / INFLATE_RATIO ? (n)*INFLATE_RATIO : (size_t)INFLATE_ANY)

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
 * ERR_TOO_LARGE (out's bound or INFLATE_BOUND(in.n) is passed: no more than the smaller one has been
 * produced, nor allocated for it), ERR_NOMEM. */
int inflate_payload(struct inflater *f, struct slice in, struct buf *out) MUST_CHECK;

#endif
