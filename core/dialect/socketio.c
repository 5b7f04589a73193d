/* SPDX-License-Identifier: Apache-2.0 */
/* Socket.IO packets from clients: namespaces joined and left, events and acks, and the attachments that
 * follow a packet as binary messages of their own, maybe in another request. */
#include "core/dialect/socketio.h"

#include <stdlib.h>

#include "core/broker/state.h"
#include "core/codec/json.h"
#include "core/dialect/socketio_encode.h"

/* A packet whose attachments are still coming. */
struct socketio {
    char *text;
    size_t size;
    unsigned want, have;
    struct slice attachment[SIO_MAX_ATTACHMENTS]; /* each its own block */
};

void socketio_release(struct session *s)
{
    struct socketio *p = s->socketio;
    if (p == NULL)
        return;
    for (unsigned i = 0; i < p->have; i++)
        free((void *)(uintptr_t)p->attachment[i].p);
    free(p->text);
    free(p);
    s->socketio = NULL;
}

static void on_connect(struct session *s, const struct sio_packet *p)
{
    struct conn *c = &s->conn;
    struct broker *b = c->broker;
    struct namespace *ns = namespace_find(b, p->ns);
    if (client_in(c, p->ns) != NULL) {
        conn_close(c, CLOSE_PROTOCOL);
        return;
    }
    int err = ns == NULL                                                      ? ERR_NAMESPACE
              : c->client_count >= b->settings->max_namespaces_per_connection ? ERR_TOO_MANY_NAMESPACES
                                                                              : 0;
    if (err != 0) {
        refused(b, err, "connect");
        socketio_connect_error(c, p->ns, err_text(err));
        return;
    }
    struct client *cl = client_new(c, ns, p->data);
    if (cl == NULL) {
        conn_close(c, CLOSE_NOMEM);
        return;
    }
    timer_stop(&s->connect_timer);
    client_welcome(cl);
}

static void on_disconnect(struct session *s, struct client *cl, const struct sio_packet *p,
                          const struct event *e)
{
    (void)s;
    (void)p;
    (void)e;
    client_free(cl, "the client left the namespace");
}

static void on_event(struct session *s, struct client *cl, const struct sio_packet *p, const struct event *e)
{
    (void)s;
    if (e->name.n > 0) /* "42" alone is allowed and means nothing */
        client_event(cl, e, p->has_id, p->id);
}

static void on_ack(struct session *s, struct client *cl, const struct sio_packet *p, const struct event *e)
{
    (void)s;
    if (p->has_id && p->data.n > 0)
        client_answer(cl, p->id, e);
}

static void (*const handlers[])(struct session *, struct client *, const struct sio_packet *,
                                const struct event *) = {
    [SIO_DISCONNECT] = on_disconnect, [SIO_EVENT] = on_event,    [SIO_ACK] = on_ack,
    [SIO_BINARY_EVENT] = on_event,    [SIO_BINARY_ACK] = on_ack, [SIO_CONNECT] = NULL,
    [SIO_CONNECT_ERROR] = NULL};

static void handle(struct session *s, const struct sio_packet *p, const struct slice *attachments)
{
    struct client *cl;
    if (p->type == SIO_CONNECT) {
        on_connect(s, p);
        return;
    }
    cl = client_in(&s->conn, p->ns);
    if (cl == NULL || handlers[p->type] == NULL) {
        conn_close(&s->conn, CLOSE_PROTOCOL);
        return;
    }
    struct event e = {.name = p->name, .args = p->args, .attachments = p->attachments};
    for (unsigned i = 0; i < p->attachments; i++)
        e.attachment[i] = attachments[i];
    handlers[p->type](s, cl, p, &e);
}

static void await_attachments(struct session *s, struct slice text, unsigned want)
{
    struct socketio *p = calloc(1, sizeof *p);
    char *copy = malloc(text.n);
    if (p == NULL || copy == NULL) {
        free(p);
        free(copy);
        conn_close(&s->conn, CLOSE_NOMEM);
        return;
    }
    memcpy(copy, text.p, text.n);
    p->text = copy;
    p->size = text.n;
    p->want = want;
    s->socketio = p;
}

/* Clients write one for each attachment. One attachment that stands in many places would be written out that
 * often for receivers of other dialects. */
static bool too_many_placeholders(const struct sio_packet *p)
{
    struct slice object;
    size_t pos = 0;
    unsigned n = 0;
    long num;
    while (json_placeholder_next(p->args, &pos, &object, &num) == 1)
        if (++n > SIO_MAX_ATTACHMENTS)
            return true;
    return false;
}

void socketio_text(struct session *s, struct slice text)
{
    struct sio_packet p;
    if (s->socketio != NULL || sio_decode(text, &s->conn.broker->sio_limits, &p) != 0) {
        conn_close(&s->conn, CLOSE_PARSE);
        return;
    }
    if (p.attachments > 0 && too_many_placeholders(&p))
        conn_close(&s->conn, CLOSE_PARSE);
    else if (p.attachments > 0)
        await_attachments(s, text, p.attachments);
    else
        handle(s, &p, NULL);
}

void socketio_binary(struct session *s, struct slice bytes)
{
    struct socketio *p = s->socketio;
    struct sio_packet packet;
    if (p == NULL) {
        conn_close(&s->conn, CLOSE_PARSE);
        return;
    }
    char *copy = malloc(bytes.n + 1);
    if (copy == NULL) {
        conn_close(&s->conn, CLOSE_NOMEM);
        return;
    }
    if (bytes.n > 0)
        memcpy(copy, bytes.p, bytes.n);
    p->attachment[p->have++] = (struct slice){copy, bytes.n};
    if (p->have < p->want)
        return;
    s->socketio = NULL; /* complete: the session is free for the next packet while this one is handled */
    if (sio_decode((struct slice){p->text, p->size}, &s->conn.broker->sio_limits, &packet) == 0)
        handle(s, &packet, p->attachment);
    s->socketio = p;
    socketio_release(s);
}
