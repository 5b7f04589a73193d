/* SPDX-License-Identifier: Apache-2.0 */
/* Socket.IO v5 over Engine.IO v4 in client role: on WebSocket from the start, or on HTTP polling to the end.
 */
#include "core/codec/socketio.h"
#include "core/base/err.h"
#include "core/codec/engineio.h"
#include "core/codec/json.h"
#include "loadtest/dialect/dialect.h"
#include "loadtest/wire/wire.h"

static int prepare(struct speech *speech)
{
    struct buf *prefix = &speech->prefix, *greeting = &speech->greeting;
    buf_addc(prefix, '4');
    sio_put_head(prefix, SIO_EVENT, 0, speech->ns, false, 0);
    buf_addc(prefix, '[');
    json_quote(prefix, speech->message_event);
    buf_addc(prefix, ',');
    buf_addc(greeting, '4');
    sio_put_head(greeting, SIO_CONNECT, 0, speech->ns, false, 0);
    buf_add(greeting, speech->auth);
    return prefix->err ? prefix->err : greeting->err;
}

static int websocket_params(const struct speech *speech, struct buf *target)
{
    (void)speech;
    int err = speech_put_param(target, "EIO", SLICE_LIT("4"));
    return err ? err : speech_put_param(target, "transport", SLICE_LIT("websocket"));
}

static int polling_params(const struct speech *speech, struct buf *target)
{
    (void)speech;
    int err = speech_put_param(target, "EIO", SLICE_LIT("4"));
    return err ? err : speech_put_param(target, "transport", SLICE_LIT("polling"));
}

static int put(const struct speech *speech, struct buf *out, enum act act,
               const struct template_values *values, const uint64_t *id)
{
    buf_addc(out, '4');
    sio_put_head(out, SIO_EVENT, 0, speech->ns, id != NULL, id ? *id : 0);
    buf_addc(out, '[');
    json_quote(out, speech->act[act].name);
    if (speech->act[act].args.pieces > 0)
        buf_addc(out, ',');
    int err = template_put(&speech->act[act].args, out, values);
    return err ? err : buf_addc(out, ']');
}

static bool is_message_event(const struct speech *speech, struct slice name)
{
    char text[300];
    if (name.n == 0 || name.p[0] != '"' || name.n > sizeof text)
        return false;
    long n = json_unescape(name, text);
    return n >= 0 && slice_eq((struct slice){text, (size_t)n}, speech->message_event);
}

static void hear_event(const struct speech *speech, const struct sio_packet *packet, struct heard *heard)
{
    if (is_message_event(speech, packet->name))
        speech_hear_args(speech, packet->args, heard);
}

static void hear_ack(const struct sio_packet *packet, struct heard *heard)
{
    if (!packet->has_id)
        return;
    heard->kind = HEARD_ACK;
    heard->id = packet->id;
    heard->text = packet->args;
    heard->refused = speech_is_refusal(packet->args);
}

static void hear_packet(const struct speech *speech, struct slice text, struct heard *heard)
{
    static const struct sio_limits limits = {DIALECT_MAX_DEPTH, SIO_MAX_ATTACHMENTS};
    struct sio_packet packet;
    if (sio_decode(text, &limits, &packet) != 0) {
        speech_hear_end(heard, "the server sent a malformed Socket.IO packet");
        return;
    }
    if (!slice_eq(packet.ns, speech->ns))
        return;
    switch (packet.type) {
    case SIO_CONNECT:
        heard->kind = HEARD_READY;
        break;
    case SIO_CONNECT_ERROR:
        heard->kind = HEARD_END;
        heard->text = packet.data;
        break;
    case SIO_DISCONNECT:
        speech_hear_end(heard, "the server disconnected the client from the namespace");
        break;
    case SIO_EVENT:
    case SIO_BINARY_EVENT:
        hear_event(speech, &packet, heard);
        break;
    case SIO_ACK:
    case SIO_BINARY_ACK:
        hear_ack(&packet, heard);
        break;
    }
}

static void hear(const struct speech *speech, struct slice room, struct slice text, struct heard *heard)
{
    (void)room;
    struct slice rest;
    struct eio_packet packet;
    *heard = (struct heard){.kind = HEARD_NOTHING};
    if (speech_is_message(speech, text, &rest) && slice_is(rest, "]") &&
        speech_hear_message(speech, text, heard))
        return;
    if (eio_decode(text, &packet) != 0) {
        speech_hear_end(heard, "the server sent a malformed Engine.IO packet");
    } else if (packet.type == EIO_OPEN) {
        heard->kind = HEARD_REPLY;
        heard->text = buf_slice(&speech->greeting);
    } else if (packet.type == EIO_PING) {
        heard->kind = HEARD_PING;
        heard->text = SLICE_LIT("3");
    } else if (packet.type == EIO_CLOSE) {
        speech_hear_end(heard, "the server sent an Engine.IO close packet");
    } else if (packet.type == EIO_MESSAGE && !packet.binary) {
        hear_packet(speech, packet.data, heard);
    }
}

const struct load_dialect load_socketio = {.name = "socketio",
                                           .about = "Socket.IO v5 over WebSocket",
                                           .wire = &wire_websocket,
                                           .path = "/socket.io/",
                                           .joining = JOIN_BY_EVENT,
                                           .acks = true,
                                           .events = true,
                                           .prepare = prepare,
                                           .put_params = websocket_params,
                                           .put = put,
                                           .hear = hear};

const struct load_dialect load_polling = {.name = "polling",
                                          .about = "Socket.IO v5 over HTTP polling",
                                          .wire = &wire_polling,
                                          .path = "/socket.io/",
                                          .joining = JOIN_BY_EVENT,
                                          .acks = true,
                                          .events = true,
                                          .prepare = prepare,
                                          .put_params = polling_params,
                                          .put = put,
                                          .hear = hear};
