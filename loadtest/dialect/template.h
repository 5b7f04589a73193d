/* SPDX-License-Identifier: Apache-2.0 */
/* Texts with places for a room, an event's name and a message, taken apart once and put together for each
 * use: arguments of events, '["{room}",{message}]', and request targets, '/rooms/{room}?event={event}'. */
#ifndef LOADTEST_DIALECT_TEMPLATE_H
#define LOADTEST_DIALECT_TEMPLATE_H

#include "core/base/buf.h"

#define TEMPLATE_MAX_PIECES 17

enum template_piece_kind { PIECE_TEXT, PIECE_ROOM, PIECE_EVENT, PIECE_MESSAGE, PIECE_QUOTED_MESSAGE };

struct template_piece {
    enum template_piece_kind kind;
    struct slice text;
};

struct template
{
    int (*encode)(struct buf * out, struct slice value); /* of rooms and events */
    unsigned pieces;
    struct template_piece piece[TEMPLATE_MAX_PIECES];
};

struct template_values {
    struct slice room, event, message;
};

/* Both return NULL, or what would have been right, as in "expected ..."; `text` must outlive the template. */
/* A JSON array; what template_put() makes is the inside of it. {room} and {event} stand inside of strings and
 * are escaped. {message}, which is JSON, stands once when there is to be a message, else not at all: outside
 * of strings it is put as it is, inside it is escaped, too. */
const char *template_args(struct template *template, const char *text, bool message);
/* A request target; {room} and {event} are percent-encoded. */
const char *template_target(struct template *template, const char *text);

/* 0, or an error of core/base/err.h. */
int template_put(const struct template *template, struct buf *out,
                 const struct template_values *values) MUST_CHECK;

/* Appends the value percent-encoded, as encodeURIComponent() does. */
int percent_encode(struct buf *out, struct slice value);

#endif
