/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope: a publication as the bus carries it. A small binary header, then the arguments as they came.
 *
 *     u8 version = 1 | u8 kind | u8 flags | u8 n attachments | u64 sequence | u64 request
 *     str8 node | str16 ns | str16 name | u16 n rooms, str16 each | u16 n except, str16 each
 *     str32 args | str32 each attachment                            (little endian; strN = length, bytes)
 *
 * Whoever decodes it checks every length; an unknown version is ERR_VERSION, all else that is wrong
 * ERR_PARSE: also an unknown kind or flag, or bytes after the end. What the strings hold is not looked at. */
#ifndef CORE_BUS_ENVELOPE_H
#define CORE_BUS_ENVELOPE_H

#include "core/base/buf.h"
#include "core/base/slice.h"

#define EVENT_MAX_ATTACHMENTS 10

/* A name, a list of arguments. The one kind of message. */
struct event {
    struct slice name; /* JSON token as it came: "chat" with its quotes, or a number */
    struct slice args; /* comma separated JSON values without brackets, or empty; validated */
    /* With attachments > 0 every {"_placeholder":true,"num":N} in args stands for attachment N; without,
     * such objects are plain data. */
    unsigned attachments;
    struct slice attachment[EVENT_MAX_ATTACHMENTS];
};

enum publication_kind {
    PUB_EVENT = 1,   /* to rooms or, without rooms, to the whole namespace */
    PUB_REQUEST = 2, /* to one client (rooms[0] is its id) whose ack goes back to `node` under `request` */
    PUB_REPLY = 3,   /* that ack: args and attachments, on the asking node's channel */
    PUB_NONCE = 4    /* readiness probe: request is the nonce */
};

enum { PUB_VOLATILE = 1, PUB_FAILED = 2 /* a reply that says that there is no such client */ };

/* A list of names inside an envelope; iterate with names_next() on a copy. */
struct names {
    unsigned count;
    struct slice rest;
};

struct publication {
    enum publication_kind kind;
    unsigned flags;
    uint64_t sequence; /* per node */
    uint64_t request;
    struct slice node; /* the publisher */
    struct slice ns;
    struct names rooms, except; /* except: client ids or rooms */
    struct event event;
};

/* The fields as an encoder takes them. */
struct names_in {
    const struct slice *v;
    unsigned count;
};

/* Appends the envelope of p, whose own rooms and except are not looked at: they come as arrays.
 * ERR_TOO_LARGE when a field does not fit its length or b its bound. */
int envelope_encode(struct buf *b, const struct publication *p, struct names_in rooms,
                    struct names_in except) MUST_CHECK;
/* All slices point into bytes. Of event.attachment as many are set as there are. */
int envelope_decode(struct slice bytes, struct publication *p) MUST_CHECK;
bool names_next(struct names *names, struct slice *name);

#endif
