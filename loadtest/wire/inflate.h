/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that were compressed with permessage-deflate (RFC 7692), each for itself: without context
 * takeover. */
#ifndef LOADTEST_WIRE_INFLATE_H
#define LOADTEST_WIRE_INFLATE_H

#include <zlib.h>

#include "core/base/slice.h"

/* Holds memory from the first message on. */
struct inflater {
    z_stream z;
    char *out;
    size_t max;
};

/* Messages up to `max` bytes. */
void inflater_init(struct inflater *inflater, size_t max);
void inflater_free(struct inflater *inflater);
/* *text is the message, until the next call. 0; ERR_PARSE: not compressed data, or it goes on after its end;
 * ERR_TOO_LARGE; ERR_NOMEM. */
int inflater_message(struct inflater *inflater, struct slice message, struct slice *text) MUST_CHECK;

#endif
