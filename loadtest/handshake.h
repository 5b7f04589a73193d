/* SPDX-License-Identifier: Apache-2.0 */
/* The WebSocket opening handshake (RFC 6455 section 4) in client role: the request, and what was answered. */
#ifndef LOADTEST_HANDSHAKE_H
#define LOADTEST_HANDSHAKE_H

#include "core/base/buf.h"
#include "core/base/slice.h"

#define HANDSHAKE_MAX_ANSWER 16384 /* bytes up to the empty line */

/* Appends the whole request. 0 or an error of core/base/err.h. */
int handshake_request(struct buf *out, const char *host_header, struct slice target) MUST_CHECK;
/* 1: the connection is open, *used bytes were the answer, frames follow; 0: more is needed;
 * -1: refused, with a description in why. `got` begins with the answer. */
int handshake_answer(struct slice got, size_t *used, char *why, size_t size) MUST_CHECK;

#endif
