/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON dialect (/ws): one WebSocket text message is one object.
 *   in   {"event":"chat","args":[...],"ack":7,"ns":"/admin"}   ack and ns optional; {"ack":7,"args":[...]}
 * answers a question out  {"event":"chat","args":[...],"room":"r1"}   {"ack":7,"args":[...]}
 * {"ack":7,"error":{"code":..,"message":..}} "ns" is written for every namespace but "/". $connect joins a
 * further namespace (or, as the first message, sets the auth payload of the one that the connection is in),
 * $disconnect leaves one. */
#include <stdlib.h>

#include "core/broker/state.h"
#include "core/codec/json.h"
#include "core/dialect/frames.h"

/* What an object takes beside the event's own bytes, as a rule. */
#define ENVELOPE_SIZE 64

struct json_conn {
    struct conn conn; /* first */
    bool spoken;      /* a message has come */
};

struct json_message {
    struct slice event, args, ns; /* event: token or empty; args: inside of the list; ns: decoded */
    bool has_ack, has_args;
    uint64_t ack;
    char ns_text[256];
};

static void tail(struct buf *b, struct slice room, struct slice ns)
{
    if (room.n > 0) {
        (void)buf_adds(b, ",\"room\":");
        (void)json_quote(b, room);
    }
    if (!slice_is(ns, "/")) {
        (void)buf_adds(b, ",\"ns\":");
        (void)json_quote(b, ns);
    }
    (void)buf_addc(b, '}');
}

/* Errors stick in b; frame_of_text() looks at them. */
static struct frame *event_frame(const struct event *event, bool has_ack, uint64_t ack, struct slice room,
                                 struct slice ns)
{
    struct buf b;
    bool number = event->name.p[0] != '"';
    buf_init(&b, SIZE_MAX);
    (void)buf_reserve(&b, ENVELOPE_SIZE + event->name.n + event->args.n + room.n);
    (void)buf_adds(&b, number ? "{\"event\":\"" : "{\"event\":");
    (void)buf_add(&b, event->name);
    (void)buf_adds(&b, number ? "\",\"args\":[" : ",\"args\":[");
    int err = put_args(&b, event);
    (void)err;
    (void)buf_addc(&b, ']');
    if (has_ack) {
        (void)buf_adds(&b, ",\"ack\":");
        (void)buf_addu(&b, ack);
    }
    tail(&b, room, ns);
    return frame_of_text(&b);
}

static struct frame *json_encode(const struct publication *pub, struct slice room)
{
    return event_frame(&pub->event, false, 0, room, pub->ns);
}

static void json_request(struct client *cl, uint64_t id, const struct event *event)
{
    conn_send_own(cl->conn, event_frame(event, true, id, SLICE_NONE, cl->ns->name));
}

static void json_ack(struct client *cl, uint64_t ack, const struct event *answer)
{
    struct buf b;
    buf_init(&b, SIZE_MAX);
    (void)buf_reserve(&b, ENVELOPE_SIZE + answer->args.n);
    (void)buf_adds(&b, "{\"ack\":");
    (void)buf_addu(&b, ack);
    (void)buf_adds(&b, ",\"args\":[");
    int err = put_args(&b, answer);
    (void)err;
    (void)buf_addc(&b, ']');
    tail(&b, SLICE_NONE, cl->ns->name);
    conn_send_own(cl->conn, frame_of_text(&b));
}

static void send_error(struct conn *c, struct slice ns, const struct event *event, bool wants_ack,
                       uint64_t ack, int err, const char *message)
{
    struct buf b;
    buf_init(&b, SIZE_MAX);
    (void)buf_addc(&b, '{');
    if (wants_ack)
        (void)buf_addf(&b, "\"ack\":%llu,", (unsigned long long)ack);
    else if (event != NULL) {
        (void)buf_adds(&b, "\"event\":");
        (void)buf_add(&b, event->name);
        (void)buf_addc(&b, ',');
    }
    (void)buf_adds(&b, "\"error\":");
    int bad = put_error(&b, err, message);
    (void)bad;
    tail(&b, SLICE_NONE, ns.n > 0 ? ns : SLICE_LIT("/"));
    conn_send_own(c, frame_of_text(&b));
}

static void json_fail(struct client *cl, const struct event *event, bool wants_ack, uint64_t ack, int err,
                      const char *message)
{
    send_error(cl->conn, cl->ns->name, event, wants_ack, ack, err, message);
}

static void json_connected(struct client *cl)
{
    struct buf b;
    struct broker *broker = cl->ns->broker;
    buf_init(&b, SIZE_MAX);
    (void)buf_addf(&b, "{\"event\":\"$welcome\",\"args\":[{\"id\":\"%.*s\",\"node\":\"%.*s\"}]",
                   SLICE_FMT(client_id(cl)), SLICE_FMT(broker->node));
    tail(&b, SLICE_NONE, cl->ns->name);
    conn_send_own(cl->conn, frame_of_text(&b));
}

static int take_number(struct slice value, uint64_t *out)
{
    *out = 0;
    if (value.n == 0 || value.n > 15)
        return ERR_BAD_REQUEST;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return ERR_BAD_REQUEST;
        *out = *out * 10 + (uint64_t)(value.p[i] - '0');
    }
    return 0;
}

static int take_ns(struct json_message *m, struct slice value)
{
    if (value.p[0] != '"' || value.n > sizeof m->ns_text)
        return ERR_NAMESPACE;
    long n = json_unescape(value, m->ns_text);
    m->ns = (struct slice){m->ns_text, n > 0 ? (size_t)n : 0};
    return n > 0 ? 0 : ERR_NAMESPACE;
}

/* The list without its brackets and the white space inside of them. */
static struct slice inside(struct slice list)
{
    struct slice s = {list.p + 1, list.n - 2};
    while (s.n > 0 && strchr(" \t\r\n", s.p[0]) != NULL)
        s = (struct slice){s.p + 1, s.n - 1};
    while (s.n > 0 && strchr(" \t\r\n", s.p[s.n - 1]) != NULL)
        s.n--;
    return s;
}

static int take_member(struct json_message *m, struct slice key, struct slice value)
{
    if (json_string_is(key, "event")) {
        m->event = value;
        return value.p[0] == '"' ? 0 : ERR_EVENT_NAME;
    }
    if (json_string_is(key, "args")) {
        if (value.p[0] != '[')
            return ERR_BAD_REQUEST;
        m->args = inside(value);
        m->has_args = true;
        return 0;
    }
    if (json_string_is(key, "ack")) {
        m->has_ack = true;
        return take_number(value, &m->ack);
    }
    return json_string_is(key, "ns") ? take_ns(m, value) : 0;
}

/* ERR_PARSE and ERR_TOO_DEEP: not one JSON object. Others: an object that is no message. */
static int parse(struct conn *c, struct slice text, struct json_message *m)
{
    struct json j;
    struct slice key, value;
    int got, bad = 0;
    memset(m, 0, sizeof *m);
    json_init(&j, text, (unsigned)c->broker->settings->max_json_depth);
    int err = json_enter(&j, '{');
    if (err != 0)
        return err;
    while ((got = json_member(&j, &key, &value)) == 1) {
        int wrong = take_member(m, key, value); /* the ack may come after what is wrong */
        if (bad == 0)
            bad = wrong;
    }
    if (got < 0)
        return got;
    err = json_end(&j);
    if (err == 0 && bad == 0 && m->event.n == 0 && !(m->has_ack && m->has_args))
        bad = ERR_EVENT_NAME;
    return err != 0 ? err : bad;
}

static void refuse(struct conn *c, const struct json_message *m, int err)
{
    struct event event = {.name = m->event};
    refused(c->broker, err, "message");
    send_error(c, m->ns, m->event.n > 0 ? &event : NULL, m->has_ack, m->ack, err, err_text(err));
}

static void answer_welcome(struct client *cl, const struct json_message *m)
{
    struct buf b;
    struct event answer = {.name = SLICE_NONE};
    if (!m->has_ack)
        return;
    buf_init(&b, SIZE_MAX);
    (void)buf_addf(&b, "{\"id\":\"%.*s\",\"node\":\"%.*s\"}", SLICE_FMT(client_id(cl)),
                   SLICE_FMT(cl->ns->broker->node));
    answer.args = buf_slice(&b);
    json_ack(cl, m->ack, &answer);
    buf_free(&b);
}

static void on_connect(struct json_conn *jc, struct client *cl, const struct json_message *m, bool first)
{
    struct conn *c = &jc->conn;
    struct broker *b = c->broker;
    struct slice rest = m->args, auth = SLICE_NONE;
    struct namespace *ns = namespace_find(b, m->ns);
    int err = 0;
    if (json_args_next(&rest, &auth) && auth.p[0] != '{')
        err = ERR_BAD_REQUEST;
    else if (ns == NULL)
        err = ERR_NAMESPACE;
    else if (cl != NULL && !first)
        err = ERR_ALREADY_CONNECTED;
    else if (cl == NULL && c->client_count >= b->settings->max_namespaces_per_connection)
        err = ERR_TOO_MANY_NAMESPACES;
    if (err == 0 && cl != NULL) {
        err = client_set_auth(cl, auth);
    } else if (err == 0) {
        cl = client_new(c, ns, auth);
        err = cl == NULL ? ERR_NOMEM : 0;
        if (cl != NULL)
            client_welcome(cl);
    }
    if (err != 0)
        refuse(c, m, err);
    else
        answer_welcome(cl, m);
}

static void on_disconnect(struct json_conn *jc, struct client *cl, const struct json_message *m)
{
    struct event none = {.name = SLICE_NONE};
    if (cl == NULL) {
        refuse(&jc->conn, m, ERR_NOT_CONNECTED);
        return;
    }
    if (m->has_ack)
        json_ack(cl, m->ack, &none);
    client_free(cl, "the client left the namespace");
    if (jc->conn.client_count == 0)
        conn_close(&jc->conn, CLOSE_NO_CLIENTS);
}

/* An event, or an answer to a question, with its {"$binary"} values taken out. */
static void on_event(struct conn *c, struct client *cl, const struct json_message *m)
{
    struct event event = {.name = m->event};
    struct buf text, bytes;
    size_t most = 2 * (size_t)c->broker->settings->max_message_bytes + 4096;
    buf_init(&text, most);
    buf_init(&bytes, most);
    int err = take_args(m->args, c->broker->sio_limits.max_attachments, &text, &bytes, &event);
    if (err == 0 && cl == NULL)
        err = ERR_NOT_CONNECTED;
    if (err != 0)
        refuse(c, m, err);
    else if (m->event.n > 0)
        client_event(cl, &event, m->has_ack, m->ack);
    else
        client_answer(cl, m->ack, &event);
    buf_free(&text);
    buf_free(&bytes);
}

static void json_message(struct conn *c, struct slice bytes, bool binary)
{
    struct json_conn *jc = container_of(c, struct json_conn, conn);
    struct json_message m;
    bool first = !jc->spoken;
    int err = binary ? ERR_PARSE : parse(c, bytes, &m);
    jc->spoken = true;
    if (err == ERR_PARSE || err == ERR_TOO_DEEP) {
        send_error(c, SLICE_NONE, NULL, false, 0, err,
                   binary ? "expected a text message with one JSON object" : err_text(err));
        conn_close(c, CLOSE_PARSE);
        return;
    }
    if (err != 0) {
        refuse(c, &m, err);
        return;
    }
    struct client *only = c->client_count == 1 ? container_of(c->clients.next, struct client, in_conn) : NULL;
    if (m.ns.n == 0) /* the namespace it is in, when there is just one */
        m.ns = only != NULL ? only->ns->name : SLICE_LIT("/");
    struct client *cl = client_in(c, m.ns);
    if (m.event.n > 0 && json_string_is(m.event, "$connect"))
        on_connect(jc, cl, &m, first);
    else if (m.event.n > 0 && json_string_is(m.event, "$disconnect"))
        on_disconnect(jc, cl, &m);
    else
        on_event(c, cl, &m);
}

static struct frame *json_ping(struct broker *b)
{
    (void)b;
    return frame_ping();
}

const struct dialect dialect_json = {.name = "json",
                                     .index = DIALECT_JSON,
                                     .conn_size = sizeof(struct json_conn),
                                     .in_namespace = true,
                                     .pings = true,
                                     .opened = M_OPENED_JSON,
                                     .message = json_message,
                                     .ping = json_ping,
                                     .encode = json_encode,
                                     .connected = json_connected,
                                     .ack = json_ack,
                                     .fail = json_fail,
                                     .request = json_request};
