/* SPDX-License-Identifier: Apache-2.0 */
/* Clients: the presence of a connection in a namespace. A client's id names its node, ~NODE~RANDOM, so that a
 * message to it finds its gateway without a directory. */
#include <assert.h>
#include <stdlib.h>

#include "core/base/random.h"
#include "core/broker/routes_compiled.h"
#include "core/broker/state.h"
#include "core/codec/json.h"

struct namespace *namespace_find(struct broker *b, struct slice name)
{
    struct namespace *ns;
    HASH_FIND(hh, b->namespaces, name.p, (unsigned)name.n, ns);
    return ns;
}

struct client *client_find(struct broker *b, struct slice id)
{
    struct client *cl;
    HASH_FIND(hh, b->clients, id.p, (unsigned)id.n, cl);
    return cl;
}

struct client *client_in(struct conn *c, struct slice ns)
{
    list_for_each (it, &c->clients) {
        struct client *cl = container_of(it, struct client, in_conn);
        if (slice_eq(cl->ns->name, ns))
            return cl;
    }
    return NULL;
}

struct slice client_id_node(struct slice id)
{
    if (id.n < CLIENT_ID_RANDOM + 3 || id.p[0] != '~' || id.p[id.n - CLIENT_ID_RANDOM - 1] != '~')
        return SLICE_NONE;
    return (struct slice){id.p + 1, id.n - CLIENT_ID_RANDOM - 2};
}

static void make_id(struct client *cl, struct slice node)
{
    char *p = cl->id;
    *p++ = '~';
    memcpy(p, node.p, node.n);
    p += node.n;
    *p++ = '~';
    random_name(p, CLIENT_ID_RANDOM);
    cl->id_size = (uint8_t)(node.n + CLIENT_ID_RANDOM + 2);
}

/* The member of the auth payload that the namespace calls the user, if it is a string. */
static char *user_of(const struct namespace *ns, struct slice auth)
{
    struct json j;
    struct slice key, value;
    const char *member = ns->routes->user_from_auth;
    if (member == NULL || auth.n == 0)
        return NULL;
    json_init(&j, auth, 1024);
    if (json_enter(&j, '{') != 0)
        return NULL;
    while (json_member(&j, &key, &value) == 1)
        if (json_string_is(key, member) && value.p[0] == '"')
            return strndup(value.p, value.n);
    return NULL;
}

int client_set_auth(struct client *cl, struct slice auth)
{
    char *copy = auth.n > 0 ? strndup(auth.p, auth.n) : NULL;
    if (auth.n > 0 && copy == NULL)
        return ERR_NOMEM;
    free(cl->auth);
    free(cl->user);
    cl->auth = copy;
    cl->user = user_of(cl->ns, auth);
    return 0;
}

struct client *client_new(struct conn *c, struct namespace *ns, struct slice auth)
{
    struct broker *b = c->broker;
    struct client *cl = calloc(1, sizeof *cl);
    if (cl == NULL)
        return NULL;
    cl->conn = c;
    cl->ns = ns;
    list_init(&cl->memberships);
    list_init(&cl->runs);
    list_init(&cl->queue);
    list_init(&cl->asked);
    cl->everyone.client = cl;
    if (client_set_auth(cl, auth) != 0 ||
        (c->dialect->in_namespace && audience_add(&ns->everyone, &cl->everyone, cl) != 0)) {
        free(cl->auth);
        free(cl->user);
        free(cl);
        return NULL;
    }
    make_id(cl, b->node);
    HASH_ADD_KEYPTR(hh, b->clients, cl->id, cl->id_size, cl);
    list_append(&c->clients, &cl->in_conn);
    c->client_count++;
    b->metrics->v[M_CLIENTS]++;
    return cl;
}

void client_welcome(struct client *cl)
{
    if (cl->conn->dialect->connected != NULL) /* raw and SSE have no greeting */
        cl->conn->dialect->connected(cl);
    run_lifecycle(cl, ON_CONNECT, SLICE_NONE, SLICE_NONE);
}

void client_free(struct client *cl, const char *reason)
{
    struct broker *b = cl->conn->broker;
    run_lifecycle(cl, ON_DISCONNECT, SLICE_NONE, slice_of(reason));
    list_for_each_safe (it, &cl->memberships) {
        struct membership *m = container_of(it, struct membership, in_client);
        run_lifecycle(cl, ON_LEAVE, room_of(m)->name, slice_of(reason));
        room_leave_membership(m);
    }
    runs_drop(cl);
    client_asks_free(cl);
    if (cl->conn->dialect->in_namespace)
        audience_remove(&cl->ns->everyone, &cl->everyone);
    HASH_DEL(b->clients, cl);
    list_remove(&cl->in_conn);
    cl->conn->client_count--;
    b->metrics->v[M_CLIENTS]--;
    free(cl->auth);
    free(cl->user);
    free(cl);
}

void client_event(struct client *cl, const struct event *event, bool wants_ack, uint64_t ack)
{
    struct broker *b = cl->conn->broker;
    b->metrics->v[M_EVENTS_IN]++;
    if (!conn_rate_allows(cl->conn)) {
        refused(b, ERR_RATE_LIMITED, "event");
        cl->conn->dialect->fail(cl, event, wants_ack, ack, ERR_RATE_LIMITED, err_text(ERR_RATE_LIMITED));
        return;
    }
    run_event(cl, event, wants_ack, ack);
}
