/* SPDX-License-Identifier: Apache-2.0 */
/* The raw dialect (/raw/ROOM): a WebSocket message, text or binary, is published to the room as event
 * "message" with that one argument; the first argument of every event of the room comes out. There are no
 * acks: a message that cannot be published closes the connection, so that the peer is told. */
#include <assert.h>
#include <stdlib.h>

#include "core/broker/state.h"
#include "core/codec/json.h"
#include "core/dialect/frames.h"
#include "core/dialect/plain.h"

struct raw_conn {
    struct conn conn; /* first */
    char *room;
    size_t room_size;
};

static int raw_open(struct conn *c, const struct plain_request *request)
{
    struct raw_conn *raw = container_of(c, struct raw_conn, conn);
    assert(request->room_count == 1);
    raw->room = malloc(request->rooms[0].n);
    if (raw->room == NULL)
        return ERR_NOMEM;
    memcpy(raw->room, request->rooms[0].p, request->rooms[0].n);
    raw->room_size = request->rooms[0].n;
    return 0;
}

static void raw_accepted(void *arg, int err)
{
    struct conn *c = arg;
    conn_pending(c, -1, 0);
    if (err != 0)
        conn_close(c, CLOSE_PUBLISH_FAILED);
}

static int raw_publish(struct conn *c, struct client *cl, const struct event *event)
{
    struct raw_conn *raw = container_of(c, struct raw_conn, conn);
    int err = broker_publish(c->broker, cl->ns->name, (struct slice){raw->room, raw->room_size}, event, 0,
                             raw_accepted, c);
    if (err == 0)
        conn_pending(c, 1, 0);
    return err;
}

static void raw_message(struct conn *c, struct slice bytes, bool binary)
{
    struct event event = {.name = SLICE_LIT("\"message\"")};
    struct buf text;
    int err = 0;
    buf_init(&text, SIZE_MAX);
    if (binary) {
        event.args = SLICE_LIT("{\"_placeholder\":true,\"num\":0}");
        event.attachments = 1;
        event.attachment[0] = bytes;
    } else {
        err = json_quote(&text, bytes);
        event.args = buf_slice(&text);
    }
    c->broker->metrics->v[M_EVENTS_IN]++;
    if (err == 0 && !conn_rate_allows(c)) {
        err = ERR_RATE_LIMITED;
        refused(c->broker, err, "message");
    }
    if (err == 0)
        err = raw_publish(c, container_of(c->clients.next, struct client, in_conn), &event);
    buf_free(&text);
    if (err != 0)
        conn_close(c, CLOSE_PUBLISH_FAILED);
}

static struct frame *encode_string(struct slice token)
{
    struct frame *f = NULL;
    char *text = malloc(token.n);
    long n = text != NULL ? json_unescape(token, text) : 0;
    struct slice part =
        n >= 0 ? (struct slice){text, (size_t)n} : token; /* a lone surrogate has no UTF-8: as JSON then */
    if (text != NULL)
        f = frame_of_parts(WS_TEXT, &part, 1, NULL, 0);
    free(text);
    return f;
}

static struct frame *raw_encode(const struct publication *pub, struct slice room)
{
    struct slice rest = pub->event.args, object;
    struct event first = pub->event;
    size_t pos = 0;
    long num;
    (void)room;
    if (!json_args_next(&rest, &first.args)) /* no argument: nothing to show */
        return frame_new(0);
    if (first.args.p[0] == '"')
        return encode_string(first.args);
    if (first.attachments > 0 && json_placeholder_next(first.args, &pos, &object, &num) == 1 &&
        object.n == first.args.n && num >= 0 && (unsigned long)num < first.attachments)
        return frame_of_parts(WS_BINARY, &first.attachment[num], 1, NULL, 0);
    struct buf b;
    buf_init(&b, SIZE_MAX);
    int err = put_args(&b, &first);
    (void)err; /* sticks in b */
    return frame_of_text(&b);
}

static void raw_release(struct conn *c)
{
    broker_forget(c->broker, c);
    free(container_of(c, struct raw_conn, conn)->room);
}

static struct frame *raw_ping(struct broker *b)
{
    (void)b;
    return frame_ping();
}

const struct dialect dialect_raw = {.name = "raw",
                                    .index = DIALECT_RAW,
                                    .conn_size = sizeof(struct raw_conn),
                                    .in_namespace = false,
                                    .pings = true,
                                    .opened = M_OPENED_RAW,
                                    .open = raw_open,
                                    .message = raw_message,
                                    .release = raw_release,
                                    .ping = raw_ping,
                                    .encode = raw_encode};
