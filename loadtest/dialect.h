/* SPDX-License-Identifier: Apache-2.0 */
/* How an actor talks to a server: one const ops table per dialect, text in, text out. No sockets and no state
 * but the strings that are the same for all actors of a run (struct speech). */
#ifndef LOADTEST_DIALECT_H
#define LOADTEST_DIALECT_H

#include "core/base/buf.h"
#include "core/base/slice.h"
#include "loadtest/payload.h"

#define DIALECT_MAX_DEPTH 64 /* of received JSON */

struct speech;

enum heard_kind {
    HEARD_NOTHING, /* of no interest */
    HEARD_REPLY,   /* send `text` back */
    HEARD_READY,   /* connected: joining may begin */
    HEARD_ACK,     /* the answer to `id`; when refused, `text` is the error as JSON */
    HEARD_MESSAGE, /* one of the messages that are counted; `payload`, or bad_payload */
    HEARD_END      /* the server ended or broke the conversation; `text` says how */
};

/* What a received text means. Slices point into it, or are constants. */
struct heard {
    enum heard_kind kind;
    struct slice text;
    uint64_t id;
    bool refused;
    struct payload payload;
    bool bad_payload;
    bool other_room; /* the server named a room, and it is not the one the actor is in */
};

struct load_dialect {
    const char *name, *path; /* default path of the URL */
    /* Fills in what is the same for all actors. The other members of *speech are set. */
    int (*prepare)(struct speech *speech);
    /* Appends to the request target, after the path: "?EIO=4&transport=websocket". */
    int (*put_query)(const struct speech *speech, struct buf *out);
    int (*put_join)(const struct speech *speech, struct buf *out, struct slice room, uint64_t id);
    int (*put_publish)(const struct speech *speech, struct buf *out, struct slice room, uint64_t id,
                       struct slice payload);
    /* `room` is the actor's. */
    void (*hear)(const struct speech *speech, struct slice room, struct slice text, struct heard *heard);
};

struct speech {
    const struct load_dialect *dialect;
    struct slice ns, join_event, publish_event, message_event;
    size_t payload_size;
    struct buf prefix;   /* of a message as most servers write it: what follows is the payload */
    struct buf greeting; /* what answers the server's first words */
};

extern const struct load_dialect load_socketio, load_json;

/* NULL if there is none of that name. */
const struct load_dialect *load_dialect_find(const char *name);

/* 0, or an error of core/base/err.h. The slices of `speech` must outlive it. */
int speech_init(struct speech *speech) MUST_CHECK;
void speech_free(struct speech *speech);

/* For dialects. `text` begins with the prefix: *rest is what follows the payload's bytes (not yet looked at).
 */
bool speech_is_message(const struct speech *speech, struct slice text, struct slice *rest);
/* heard->payload or heard->bad_payload; sets the kind. */
void speech_hear_payload(const struct speech *speech, struct slice payload, struct heard *heard);
/* Sets the kind to HEARD_END with this constant text. */
void speech_hear_end(struct heard *heard, const char *why);
/* Whether the arguments of an ack tell of a failure: the first is an object with a member "error" that is not
 * null, or with "ok" that is false. */
bool speech_is_refusal(struct slice args);

#endif
