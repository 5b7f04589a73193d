/* SPDX-License-Identifier: Apache-2.0 */
/* Opening JSON, raw and SSE connections: everything that can be wrong with the request is found before
 * anything exists. */
#include "core/dialect/plain.h"

#include "core/broker/state.h"
#include "core/codec/json.h"

static int check(const struct plain_request *r)
{
    struct broker *b = r->broker;
    struct slice object;
    if (namespace_find(b, r->ns) == NULL)
        return ERR_NAMESPACE;
    if (r->auth.n > 0 &&
        (json_check(r->auth, (unsigned)b->settings->max_json_depth, &object) != 0 || object.p[0] != '{'))
        return ERR_PARSE;
    for (size_t i = 0; i < r->room_count; i++)
        if (room_name_check(b, r->rooms[i]) != 0)
            return ERR_ROOM_NAME;
    if (r->room_count > b->settings->max_rooms_per_client)
        return ERR_TOO_MANY_ROOMS;
    return r->room_count > 0 && !b->bus->up ? ERR_UNAVAILABLE : 0;
}

void plain_ready(struct client *cl)
{
    struct conn *c = cl->conn;
    if (cl->opening > 0 || c->state != CONN_OPEN)
        return;
    conn_pause(c, false);
    if (c->transport->ready != NULL)
        c->transport->ready(c);
}

/* What it sends before it hears its room waits in the socket. */
static void join_all(struct client *cl, const struct plain_request *r)
{
    struct conn *c = cl->conn;
    for (size_t i = 0; i < r->room_count; i++)
        if (run_plain_join(cl, r->rooms[i]) < 0)
            conn_close(c, CLOSE_JOIN_FAILED);
    conn_pause(c, cl->opening > 0);
    plain_ready(cl);
}

int plain_open(const struct plain_request *r, struct conn **conn)
{
    int err = check(r);
    if (err != 0) {
        refused(r->broker, err, r->dialect->name);
        return err;
    }
    struct conn *c = conn_open(r->broker, r->dialect, r->transport, r->io, r->peer);
    if (c == NULL)
        return ERR_NOMEM;
    *conn = c;
    struct client *cl = client_new(c, namespace_find(r->broker, r->ns), r->auth);
    if (cl == NULL || (r->dialect->open != NULL && r->dialect->open(c, r) != 0)) {
        conn_close(c, CLOSE_NOMEM);
        return 0;
    }
    client_welcome(cl);
    join_all(cl, r);
    return 0;
}
