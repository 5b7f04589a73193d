/* SPDX-License-Identifier: Apache-2.0 */
/* Routes in the form in which they run. Made by routes.c, used by values.c and run.c. */
#ifndef CORE_BROKER_ROUTES_COMPILED_H
#define CORE_BROKER_ROUTES_COMPILED_H

#include "core/broker/routes.h"
#include "core/broker/state.h"

enum value_kind {
    VALUE_LITERAL,
    VALUE_EVENT,  /* $event */
    VALUE_ARG,    /* $N */
    VALUE_REST,   /* $N.. ; $args is $0.. */
    VALUE_ID,     /* $id */
    VALUE_USER,   /* $user */
    VALUE_ROOMS,  /* $rooms */
    VALUE_ROOM,   /* $room */
    VALUE_AUTH,   /* $auth */
    VALUE_REASON, /* $reason */
    VALUE_TEMPLATE
};

struct value {
    enum value_kind kind;
    unsigned index;
    char *json;          /* literal: its JSON text */
    char *text;          /* literal string: decoded */
    struct value *parts; /* template: literal JSON text, and values in between */
    unsigned part_count;
};

struct value_list {
    struct value *v;
    unsigned count;
    char *literal; /* all values are literal: the comma separated JSON; else NULL */
};

enum step_op { STEP_JOIN, STEP_LEAVE, STEP_EMIT, STEP_REQUEST, STEP_ACK, STEP_REJECT };

struct step {
    enum step_op op;
    struct value subject; /* join, leave: the room; emit, request: the event name */
    bool everybody;       /* "to": "*" */
    bool is_volatile;
    struct value_list to, except, args;
    char *text; /* reject */
};

struct route {
    char *event; /* decoded name */
    struct step *steps;
    unsigned count;
    UT_hash_handle hh;
};

extern const char *const lifecycle_names[LIFECYCLES];

struct namespace_routes {
    char *name;
    struct route *routes;                /* by event */
    struct route *rest;                  /* "*", or NULL */
    struct route *lifecycle[LIFECYCLES]; /* or NULL */
    char *user_from_auth;                /* or NULL */
    UT_hash_handle hh;
};

/* Reference counted: a run that waits keeps the routes that it came from. */
struct routes {
    unsigned refs;
    struct namespace_routes *namespaces;
};

struct routes *routes_get(struct routes *r);

/* What values are resolved against. */
struct context {
    struct client *client;
    const struct event *event; /* NULL in life-cycle routes */
    struct slice room, reason;
};

/* Fills out->args and out->attachment*; they point into the event, the route, or a scratch buffer that is
 * valid until the next call. */
int values_args(const struct context *ctx, const struct value_list *list, struct event *out) MUST_CHECK;
/* One name: a room (not checked further) or a client id. Valid until set is used again. */
int values_name(const struct context *ctx, const struct value *value, struct name_set *set,
                struct slice *name) MUST_CHECK;
/* All names of a list, into set. */
int values_names(const struct context *ctx, const struct value_list *list, struct name_set *set) MUST_CHECK;
/* An event name as a JSON token; not checked further. */
int values_event_name(const struct context *ctx, const struct value *value, struct slice *token) MUST_CHECK;

#endif
