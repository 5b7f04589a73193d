/* SPDX-License-Identifier: Apache-2.0 */
/* What the dialects share in making frames, and the two ways to write a binary argument. */
#ifndef CORE_DIALECT_FRAMES_H
#define CORE_DIALECT_FRAMES_H

#include "core/base/buf.h"
#include "core/base/frame.h"
#include "core/bus/envelope.h"
#include "core/codec/websocket.h"

/* One WebSocket message whose payload is all parts in order, followed by one binary message per attachment.
 * NULL: out of memory. */
struct frame *frame_of_parts(enum ws_opcode opcode, const struct slice *parts, unsigned count,
                             const struct slice *attachments, unsigned attachment_count) MUST_CHECK;
/* The text in b as one text message; frees b. NULL when b is in error or memory is short. */
struct frame *frame_of_text(struct buf *b) MUST_CHECK;
/* A ping of the plain WebSocket dialects. */
struct frame *frame_ping(void) MUST_CHECK;

/* Appends the event's arguments (without brackets), each placeholder written as {"$binary":"<base64>"}. */
int put_args(struct buf *b, const struct event *event) MUST_CHECK;
/* Appends {"code":"...","message":"..."}. */
int put_error(struct buf *b, int err, const char *message) MUST_CHECK;
/* The other way: args as a JSON client wrote them. Without {"$binary":...} event->args is args; else it is
 * text (placeholders) in `text` and the attachments are in `bytes`, both initialised by the caller and valid
 * as long as the event is used. ERR_PARSE: not base64; ERR_TOO_LARGE: more than max_attachments;
 * ERR_BAD_REQUEST: "_placeholder" beside "$binary". */
int take_args(struct slice args, unsigned max_attachments, struct buf *text, struct buf *bytes,
              struct event *event) MUST_CHECK;

#endif
