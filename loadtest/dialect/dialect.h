/* SPDX-License-Identifier: Apache-2.0 */
/* How an actor talks to a server: one const ops table per dialect, text in, text out. No sockets and no state
 * but the strings that are the same for all actors of a run (struct speech). */
#ifndef LOADTEST_DIALECT_DIALECT_H
#define LOADTEST_DIALECT_DIALECT_H

#include "core/base/buf.h"
#include "core/base/slice.h"
#include "loadtest/dialect/template.h"
#include "loadtest/message/payload.h"

#define DIALECT_MAX_DEPTH 64 /* of received JSON */

struct options;
struct speech;
struct wire_ops;

enum heard_kind {
    HEARD_NOTHING, /* of no interest */
    HEARD_REPLY,   /* send `text` back */
    HEARD_PING,    /* a heartbeat: send `text` back, if there is one */
    HEARD_READY,   /* connected: joining may begin */
    HEARD_ACK,     /* the answer to `id`; when refused, `text` is the error, as JSON mostly */
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

/* What an actor says. */
enum act { ACT_JOIN, ACT_LEAVE, ACT_PUBLISH, ACTS };

/* How an actor becomes a member of its room. */
enum joining {
    JOIN_BY_EVENT,  /* by ACT_JOIN, after HEARD_READY; or by nothing but that (speech->joins) */
    JOIN_BY_ADDRESS /* the room is in the request target: by connecting, and leaving is disconnecting */
};

struct load_dialect {
    const char *name, *about; /* for --help */
    const struct wire_ops *wire;
    const char *path; /* default of --path */
    enum joining joining;
    bool ping_first; /* the wire has to find out whether the server has got so far (websocket.h) */
    bool acks;       /* the server answers publications */
    bool events;     /* what is published has an event's name: other things than messages can be said */
    /* Fills in prefix and greeting. The other members of *speech are set. */
    int (*prepare)(struct speech *speech);
    /* Appends what the request target has after the path, by speech_put_param(). */
    int (*put_params)(const struct speech *speech, struct buf *target);
    /* `id`: NULL when no ack is wanted. */
    int (*put)(const struct speech *speech, struct buf *out, enum act act,
               const struct template_values *values, const uint64_t *id);
    /* `room` is the actor's. */
    void (*hear)(const struct speech *speech, struct slice room, struct slice text, struct heard *heard);
};

struct speech {
    const struct load_dialect *dialect;
    struct {
        struct slice name;    /* of the event that the client emits */
        struct template args; /* its arguments */
    } act[ACTS];
    struct slice ns, message_event;
    struct slice auth; /* a JSON object, or empty */
    struct template path, publish_path;
    bool joins;                   /* clients join and leave by events */
    bool join_acks, publish_acks; /* joins and leaves are answered, and publications */
    size_t payload_size;
    struct payload_reader *reader;
    struct buf prefix;   /* of a message as most servers write it: what follows is the payload */
    struct buf greeting; /* what answers the server's first words */
};

extern const struct load_dialect load_socketio, load_polling, load_json, load_raw, load_sse;

/* NULL if there is none of that name. */
const struct load_dialect *load_dialect_find(const char *name);
/* NULL after the last one. */
const struct load_dialect *load_dialect_at(size_t i);

/* 0, or an error of core/base/err.h. The strings of the options, which have been checked, must outlive it. */
int speech_init(struct speech *speech, const struct options *options) MUST_CHECK;
void speech_free(struct speech *speech);
/* Appends the request target of an actor in this room. */
int speech_put_target(const struct speech *speech, struct buf *target, struct slice room) MUST_CHECK;

/* For dialects. */
/* Appends ?name=value, or &name=value when the target has a query already. The value is percent-encoded. */
int speech_put_param(struct buf *target, const char *name, struct slice value) MUST_CHECK;
/* `text` begins with the prefix: *rest is what follows the payload's bytes (not yet looked at). */
bool speech_is_message(const struct speech *speech, struct slice text, struct slice *rest);
/* heard->payload or heard->bad_payload; sets the kind. */
void speech_hear_payload(const struct speech *speech, struct slice payload, struct heard *heard);
/* The payload where speech_is_message() found it, if it is whole. */
bool speech_hear_message(const struct speech *speech, struct slice text, struct heard *heard);
/* The same, where the payload may stand anywhere in these arguments (valid JSON, without brackets). */
void speech_hear_args(const struct speech *speech, struct slice args, struct heard *heard);
/* Sets the kind to HEARD_END with this constant text. */
void speech_hear_end(struct heard *heard, const char *why);
/* Whether the arguments of an ack tell of a failure: the first is an object with a member "error" that is not
 * null, or with "ok" that is false. */
bool speech_is_refusal(struct slice args);

#endif
