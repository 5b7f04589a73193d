/* SPDX-License-Identifier: Apache-2.0 */
/* The WebSocket opening handshake (RFC 6455 section 4) in client role: the request, and what was answered. */
#ifndef LOADTEST_WIRE_HANDSHAKE_H
#define LOADTEST_WIRE_HANDSHAKE_H

#include "core/base/buf.h"
#include "core/base/slice.h"

struct handshake_answer {
    size_t used;  /* bytes of the answer: frames follow */
    bool deflate; /* the server may compress its messages, each for itself */
};

/* Appends the whole request. With `deflate` it offers permessage-deflate (RFC 7692) without context takeover.
 * 0 or an error of core/base/err.h. */
int handshake_request(struct buf *out, const char *host_header, struct slice target, bool deflate) MUST_CHECK;
/* 1: the connection is open; 0: more is needed; -1: refused, with a description in why. `got` begins with the
 * answer to a request with this `deflate`. */
int handshake_answer(struct slice got, bool deflate, struct handshake_answer *answer, char *why,
                     size_t size) MUST_CHECK;

#endif
