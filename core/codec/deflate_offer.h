/* SPDX-License-Identifier: Apache-2.0 */
/* The negotiation of permessage-deflate: which of a client's offers is taken (RFC 6455 section 9.1, RFC 7692
 * section 7.1). */
#ifndef CORE_CODEC_DEFLATE_OFFER_H
#define CORE_CODEC_DEFLATE_OFFER_H

#include "core/base/slice.h"

/* One line's value of the header Sec-WebSocket-Extensions. 1: *answer is the answer's header to the first
 * offer that is acceptable; 0: there is none, *answer is unchanged; ERR_PARSE: the line is malformed. Both
 * sides are always asked to compress each message on its own, which every client must be able to do. Declined
 * are offers with a parameter that is unknown, stands twice, or has a value that it may not have, and those
 * with a server_max_window_bits below 15: all receivers share what is compressed once. */
int deflate_offer_take(struct slice line, const char **answer) MUST_CHECK;

#endif
