/* SPDX-License-Identifier: Apache-2.0 */
/* Socket.IO v5 over Engine.IO v4, on WebSocket from the start, in client role. */
#include "core/base/err.h"
#include "core/codec/engineio.h"
#include "core/codec/json.h"
#include "core/codec/socketio.h"
#include "loadtest/dialect.h"

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
    return prefix->err ? prefix->err : greeting->err;
}

static int put_query(const struct speech *speech, struct buf *out)
{
    (void)speech;
    return buf_adds(out, "?EIO=4&transport=websocket");
}

static void put_event(const struct speech *speech, struct buf *out, struct slice event, struct slice room,
                      uint64_t id)
{
    buf_addc(out, '4');
    sio_put_head(out, SIO_EVENT, 0, speech->ns, true, id);
    buf_addc(out, '[');
    json_quote(out, event);
    buf_addc(out, ',');
    json_quote(out, room);
}

static int put_join(const struct speech *speech, struct buf *out, struct slice room, uint64_t id)
{
    put_event(speech, out, speech->join_event, room, id);
    buf_addc(out, ']');
    return out->err;
}

static int put_publish(const struct speech *speech, struct buf *out, struct slice room, uint64_t id,
                       struct slice payload)
{
    put_event(speech, out, speech->publish_event, room, id);
    buf_addc(out, ',');
    json_quote(out, speech->message_event);
    buf_addc(out, ',');
    buf_add(out, payload);
    buf_addc(out, ']');
    return out->err;
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
    struct slice args = packet->args, payload;
    if (!is_message_event(speech, packet->name))
        return;
    if (json_args_next(&args, &payload))
        speech_hear_payload(speech, payload, heard);
    else
        *heard = (struct heard){.kind = HEARD_MESSAGE, .bad_payload = true};
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
    if (speech_is_message(speech, text, &rest) && slice_is(rest, "]")) {
        struct slice payload = {text.p + speech->prefix.n, speech->payload_size};
        speech_hear_payload(speech, payload, heard);
        if (!heard->bad_payload)
            return;
        *heard = (struct heard){.kind = HEARD_NOTHING};
    }
    if (eio_decode(text, &packet) != 0) {
        speech_hear_end(heard, "the server sent a malformed Engine.IO packet");
    } else if (packet.type == EIO_OPEN) {
        heard->kind = HEARD_REPLY;
        heard->text = buf_slice(&speech->greeting);
    } else if (packet.type == EIO_PING) {
        heard->kind = HEARD_REPLY;
        heard->text = SLICE_LIT("3");
    } else if (packet.type == EIO_CLOSE) {
        speech_hear_end(heard, "the server sent an Engine.IO close packet");
    } else if (packet.type == EIO_MESSAGE && !packet.binary) {
        hear_packet(speech, packet.data, heard);
    }
}

const struct load_dialect load_socketio = {.name = "socketio",
                                           .path = "/socket.io/",
                                           .prepare = prepare,
                                           .put_query = put_query,
                                           .put_join = put_join,
                                           .put_publish = put_publish,
                                           .hear = hear};
