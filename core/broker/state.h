/* SPDX-License-Identifier: Apache-2.0 */
/* The broker's inside: the structs that its own files and the dialects share. Nobody else includes this. */
#ifndef CORE_BROKER_STATE_H
#define CORE_BROKER_STATE_H

#include "core/base/buf.h"
#include "core/base/hash.h"
#include "core/base/log.h"
#include "core/broker/broker.h"
#include "core/broker/routes.h"
#include "core/codec/deflate.h"
#include "core/codec/socketio.h"
#include "core/dialect/dialect.h"

struct session;
struct ask;

/* One client in one audience. */
struct membership {
    struct client *client;
    struct audience *audience;
    uint32_t index; /* in audience->members[dialect] */
    struct link in_client;
};

/* The receivers of one dialect. The fan-out loop walks conns and nothing else. */
struct members {
    struct conn **conns;
    struct membership **of;
    uint32_t count, cap;
};

#define LEFT_OUT_MAX 8

/* Who does not get which frame of a batch. */
struct left_out {
    unsigned count;
    struct {
        enum dialect_index dialect;
        uint32_t frame, member; /* indices in batch and members */
    } v[LEFT_OUT_MAX];
};

/* Who hears a room or a namespace. Frames of one turn gather in `batch` and are handed to the members as one
 * packed frame at the end of the turn, or before anything that must not overtake them. A member that is left
 * out of some of them gets the others one by one; so that these stay few, a batch ends when LEFT_OUT_MAX are
 * noted. */
struct audience {
    struct broker *broker;
    struct members members[DIALECTS];
    struct {
        struct frame *one; /* the usual single one needs no memory of its own */
        struct frame **v;  /* all of them, when there are more */
        uint32_t count, cap;
    } batch[DIALECTS];
    struct left_out left_out;
    struct link touched;
};

enum channel_kind { CHANNEL_ROOM, CHANNEL_NAMESPACE, CHANNEL_NODE };

struct channel {
    struct bus_channel bus; /* bus.owner is the room, namespace or broker */
    enum channel_kind kind;
    char *name; /* the bytes of bus.name */
};

/* "PREFIX:k:NAME", or "PREFIX:k:NAME,ROOM" with a room. ERR_NOMEM. */
int channel_init(struct channel *ch, enum channel_kind kind, const char *prefix, struct slice name,
                 struct slice room, void *owner) MUST_CHECK;

struct room {
    struct channel channel;
    struct namespace *ns;
    struct slice name; /* inside the channel's name */
    struct audience audience;
    uint32_t member_count;
    struct link waiting; /* runs that wait for the subscription */
    struct timer linger;
    UT_hash_handle hh; /* in ns->rooms */
};

struct namespace
{
    struct broker *broker;
    struct slice name;
    const struct namespace_routes *routes;
    struct channel channel;
    struct audience everyone;
    struct room *rooms;
    UT_hash_handle hh; /* in broker->namespaces */
};

#define CLIENT_ID_RANDOM 16
#define NODE_ID_MAX      32
#define CLIENT_ID_MAX    (NODE_ID_MAX + CLIENT_ID_RANDOM + 2)

struct client {
    struct conn *conn;
    struct namespace *ns;
    struct link in_conn;
    struct membership everyone; /* index unused when the dialect is not in_namespace */
    struct link memberships;
    uint32_t room_count;
    uint32_t joining; /* runs that wait for a join: later events queue behind them */
    uint32_t opening; /* the same for the rooms that a raw or SSE request asked for */
    uint64_t mark;    /* == broker->mark: excluded from, or served by, the publication at hand */
    struct link runs;
    struct link queue; /* runs that have not begun */
    struct link asked; /* asks that wait for this client's ack */
    uint64_t next_ask;
    uint32_t ask_count;
    char *user, *auth; /* JSON text, or NULL */
    uint8_t id_size;
    char id[CLIENT_ID_MAX];
    UT_hash_handle hh; /* in broker->clients */
};

/* Names under construction: decoded bytes, and the slices that point into them or elsewhere. */
struct name_set {
    struct buf text, slices;
    struct slice *v;
    unsigned count;
};

struct broker {
    const struct settings *settings;
    struct routes *routes;
    struct metrics *metrics;
    struct bus *bus;
    uint64_t now;
    struct timers timers;
    struct slice node;
    struct namespace *namespaces;
    struct client *clients;
    struct session *sessions;
    struct channel channel; /* the node's */
    uint64_t sequence;
    uint64_t mark;
    size_t conn_count; /* not lost */
    struct link conns, touched, closing, dead;
    struct link audiences; /* touched in this turn */
    struct link free_runs;
    unsigned free_run_count;
    struct link replies; /* publications and requests whose outcome somebody waits for */
    uint64_t next_request;
    struct timer request_tick;
    struct {
        struct timer timer;
        uint64_t nonce, seen_at;
        bool seen;
    } probe;
    struct frame *ping[DIALECTS];
    struct buf session_open;   /* the end of Engine.IO's open packet, from "upgrades" on: always the same */
    struct deflater *deflater; /* NULL until it is needed */
    struct {
        struct frame *plain, *sent;
    } compressed; /* the last frame that was, and what is sent for it */
    struct sio_limits sio_limits;
    struct buf envelope, text, args; /* scratch: publish.c, its callers, values.c */
    struct name_set targets, except; /* scratch: values.c */
};

/* conn.c */
void conn_set_transport(struct conn *c, const struct transport *t, void *io);
bool conn_rate_allows(struct conn *c);
/* Tells the transport, where that can, to stop or go on reading. */
void conn_pause(struct conn *c, bool pause);
/* One unfinished event more (1) or less (-1), and bytes that were copied for them. */
void conn_pending(struct conn *c, int events, int64_t bytes);
void conns_end_closing(struct broker *b);
void conns_free_dead(struct broker *b);
void conns_flush(struct broker *b);

/* compress.c */
/* f as it is sent where compression was agreed on: f itself when no message of it becomes smaller, or memory
 * is short. Made when it is asked for first, and then the same until another frame is asked for or the turn
 * ends: a frame goes to all its receivers in one loop. No new reference. */
struct frame *frame_compressed(struct broker *b, struct frame *f);
void compressed_forget(struct broker *b);

/* client.c */
/* NULL when memory is short. auth: JSON object or empty. The client hears the namespace at once. */
struct client *client_new(struct conn *c, struct namespace *ns, struct slice auth) MUST_CHECK;
/* Tells the peer and runs $connect. */
void client_welcome(struct client *cl);
/* Runs $disconnect, leaves all rooms, frees it. */
void client_free(struct client *cl, const char *reason);
int client_set_auth(struct client *cl, struct slice auth) MUST_CHECK;
struct client *client_in(struct conn *c, struct slice ns);
struct client *client_find(struct broker *b, struct slice id);
/* An event that the peer sent: rate limit, then its route. wants_ack: `ack` is its id. */
void client_event(struct client *cl, const struct event *event, bool wants_ack, uint64_t ack);
/* The node part of a client id, or empty when it is none. */
struct slice client_id_node(struct slice id);
static inline struct slice client_id(const struct client *cl)
{
    return (struct slice){cl->id, cl->id_size};
}
struct namespace *namespace_find(struct broker *b, struct slice name);

/* audience.c */
void audience_init(struct audience *a, struct broker *b);
void audience_free(struct audience *a);
int audience_add(struct audience *a, struct membership *m, struct client *cl) MUST_CHECK;
void audience_remove(struct audience *a, struct membership *m);
/* NULL: it is no member. */
struct membership *membership_find(struct client *cl, const struct audience *a);
/* To all members, at the end of the turn. */
void audience_publish(struct audience *a, const struct publication *pub, struct slice room);
/* To all members but at most LEFT_OUT_MAX, at the end of the turn. Not for a volatile one. */
void audience_publish_except(struct audience *a, const struct publication *pub, struct slice room,
                             struct membership *const *except, unsigned count);
/* Hands what has gathered to the members' queues now. */
void audience_distribute(struct audience *a);
/* To the members that are not marked, now; marks them. */
void audience_publish_unmarked(struct audience *a, const struct publication *pub, struct slice room);

/* room.c */
struct run;
/* 0: joined. 1: `run` waits and is continued by run_joined(). Or an error. */
int room_join(struct client *cl, struct slice name, struct run *run) MUST_CHECK;
int room_leave(struct client *cl, struct slice name) MUST_CHECK;
void room_leave_membership(struct membership *m);
struct room *room_find(struct namespace *ns, struct slice name);
struct room *room_of(struct membership *m);
bool room_has(const struct room *room, struct client *cl);
void room_subscribed(struct room *room, int err);
void room_stop_waiting(struct room *room, struct run *run);
void room_free(struct room *room);
/* A name that may be joined: 0 or ERR_ROOM_NAME. */
int room_name_check(const struct broker *b, struct slice name) MUST_CHECK;

/* publish.c */
struct emission {
    struct namespace *ns;
    bool everybody; /* the whole namespace; else the targets: rooms and client ids */
    const struct slice *targets;
    unsigned target_count;
    const struct slice *except;
    unsigned except_count;
    enum publication_kind kind;
    unsigned flags;
    uint64_t request;
    const struct event *event;
};
/* 1: published, fn(arg, err) comes; 0: there was no target, nothing to do; or an error. fn counts the outcome
 * with count_acceptance(). */
int publish(struct broker *b, const struct emission *e, bus_accepted_fn fn, void *arg) MUST_CHECK;
void count_acceptance(struct broker *b, int err);
/* On a node's own channel. */
int publish_to_node(struct broker *b, struct slice node, const struct publication *pub, bus_accepted_fn fn,
                    void *arg) MUST_CHECK;
/* An event name that may be emitted: 0, ERR_EVENT_NAME, ERR_RESERVED_EVENT. *decoded is in a scratch buffer.
 */
int event_name_check(struct broker *b, struct slice token, struct slice *decoded) MUST_CHECK;
/* Counts and, rate limited, logs. */
void refused(struct broker *b, int err, const char *what);

/* deliver.c */
void deliver(struct broker *b, struct channel *ch, struct slice bytes);
/* What its rooms and its namespace have gathered in this turn goes out, before something for it alone. */
void client_catch_up(struct client *cl);

/* request.c */
void request_deliver(struct broker *b, const struct publication *pub);  /* PUB_REQUEST for a client here */
void request_answered(struct broker *b, const struct publication *pub); /* PUB_REPLY */
/* The client's ack for `id`. Unknown ids are ignored. */
void client_answer(struct client *cl, uint64_t id, const struct event *answer);
void client_asks_free(struct client *cl);
void request_tick_init(struct broker *b);
void requests_free(struct broker *b);

/* probe.c */
void probe_init(struct broker *b);
void probe_bus_state(struct broker *b, bool up);
void probe_returned(struct broker *b, uint64_t nonce);

/* run.c */
void run_event(struct client *cl, const struct event *event, bool wants_ack, uint64_t ack);
enum lifecycle { ON_CONNECT, ON_DISCONNECT, ON_JOIN, ON_LEAVE, LIFECYCLES };
/* Life-cycle routes; room and reason may be empty. */
void run_lifecycle(struct client *cl, enum lifecycle which, struct slice room, struct slice reason);
/* A join without a route (raw, SSE). 0: joined; 1: it waits: failure closes the connection, and the client's
 * last one calls transport->ready(); or an error. */
int run_plain_join(struct client *cl, struct slice room) MUST_CHECK;
void run_joined(struct run *run, int err);
/* plain.c: if no join is left to wait for, tells the transport. */
void plain_ready(struct client *cl);
struct link *run_waiting(struct run *run); /* its link in a room's list of waiting runs */
struct run *run_of_waiting(struct link *waiting);
struct client *run_client(const struct run *run);
void runs_drop(struct client *cl);
void runs_free(struct broker *b);

#endif
