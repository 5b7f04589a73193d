/* SPDX-License-Identifier: Apache-2.0 */
/* Socket.IO packets to clients. A packet with n attachments is one text frame and n binary ones in one block
 * of bytes, so that nothing can come between them. */
#include "core/dialect/socketio_encode.h"

#include <assert.h>

#include "core/broker/state.h"
#include "core/codec/json.h"
#include "core/dialect/frames.h"

/* "4", the packet's head, and what follows it. */
static struct frame *packet(enum sio_type type, struct slice ns, bool has_id, uint64_t id,
                            const struct slice *rest, unsigned count, const struct event *event)
{
    struct sio_head head;
    unsigned attachments = event != NULL ? event->attachments : 0;
    sio_head(&head, type, attachments, ns, has_id, id);
    struct slice parts[9] = {SLICE_LIT("4"), head.part[0], head.part[1], head.part[2]};
    assert(count <= 5);
    for (unsigned i = 0; i < count; i++)
        parts[4 + i] = rest[i];
    return frame_of_parts(WS_TEXT, parts, 4 + count, event != NULL ? event->attachment : NULL, attachments);
}

static struct frame *event_packet(struct slice ns, bool has_id, uint64_t id, const struct event *event)
{
    struct slice rest[] = {SLICE_LIT("["), event->name, event->args.n > 0 ? SLICE_LIT(",") : SLICE_NONE,
                           event->args, SLICE_LIT("]")};
    return packet(event->attachments > 0 ? SIO_BINARY_EVENT : SIO_EVENT, ns, has_id, id, rest, 5, event);
}

struct frame *socketio_encode(const struct publication *pub, struct slice room)
{
    (void)room;
    return event_packet(pub->ns, false, 0, &pub->event);
}

void socketio_request(struct client *cl, uint64_t id, const struct event *event)
{
    conn_send_own(cl->conn, event_packet(cl->ns->name, true, id, event));
}

void socketio_ack(struct client *cl, uint64_t ack, const struct event *answer)
{
    struct slice rest[] = {SLICE_LIT("["), answer->args, SLICE_LIT("]")};
    enum sio_type type = answer->attachments > 0 ? SIO_BINARY_ACK : SIO_ACK;
    conn_send_own(cl->conn, packet(type, cl->ns->name, true, ack, rest, 3, answer));
}

/* The first argument of the ack says what went wrong. An event without ack asked not to be told. */
void socketio_fail(struct client *cl, const struct event *event, bool wants_ack, uint64_t ack, int err,
                   const char *message)
{
    struct buf b;
    (void)event;
    if (!wants_ack)
        return;
    buf_init(&b, SIZE_MAX);
    struct event answer = {.name = SLICE_NONE};
    int bad = buf_adds(&b, "{\"ok\":false,\"error\":");
    if (bad == 0)
        bad = put_error(&b, err, message);
    if (bad == 0)
        bad = buf_addc(&b, '}');
    answer.args = buf_slice(&b);
    if (bad == 0)
        socketio_ack(cl, ack, &answer);
    else
        conn_close(cl->conn, CLOSE_NOMEM);
    buf_free(&b);
}

void socketio_connected(struct client *cl)
{
    struct slice rest[] = {SLICE_LIT("{\"sid\":\""), client_id(cl), SLICE_LIT("\"}")};
    conn_send_own(cl->conn, packet(SIO_CONNECT, cl->ns->name, false, 0, rest, 3, NULL));
}

void socketio_connect_error(struct conn *c, struct slice ns, const char *message)
{
    struct buf b;
    struct frame *f = NULL;
    buf_init(&b, SIZE_MAX);
    if (buf_adds(&b, "{\"message\":") == 0 && json_quote(&b, slice_of(message)) == 0 &&
        buf_addc(&b, '}') == 0) {
        struct slice rest = buf_slice(&b);
        f = packet(SIO_CONNECT_ERROR, ns, false, 0, &rest, 1, NULL);
    }
    buf_free(&b);
    conn_send_own(c, f);
}
