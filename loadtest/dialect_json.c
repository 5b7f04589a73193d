/* SPDX-License-Identifier: Apache-2.0 */
/* Roomcast's JSON dialect: one WebSocket text message is one object, in client role. */
#include "core/base/err.h"
#include "core/codec/json.h"
#include "loadtest/dialect.h"

static int prepare(struct speech *speech)
{
    buf_adds(&speech->prefix, "{\"event\":");
    json_quote(&speech->prefix, speech->message_event);
    return buf_adds(&speech->prefix, ",\"args\":[");
}

static bool is_unreserved(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static int put_query(const struct speech *speech, struct buf *out)
{
    if (slice_is(speech->ns, "/"))
        return 0;
    buf_adds(out, "?ns=");
    for (size_t i = 0; i < speech->ns.n; i++) {
        unsigned char c = (unsigned char)speech->ns.p[i];
        if (is_unreserved(c))
            buf_addc(out, (char)c);
        else
            buf_addf(out, "%%%02X", c);
    }
    return out->err;
}

static void put_event(struct buf *out, struct slice event, struct slice room)
{
    buf_adds(out, "{\"event\":");
    json_quote(out, event);
    buf_adds(out, ",\"args\":[");
    json_quote(out, room);
}

static int put_join(const struct speech *speech, struct buf *out, struct slice room, uint64_t id)
{
    put_event(out, speech->join_event, room);
    return buf_addf(out, "],\"ack\":%llu}", (unsigned long long)id);
}

static int put_publish(const struct speech *speech, struct buf *out, struct slice room, uint64_t id,
                       struct slice payload)
{
    put_event(out, speech->publish_event, room);
    buf_addc(out, ',');
    json_quote(out, speech->message_event);
    buf_addc(out, ',');
    buf_add(out, payload);
    return buf_addf(out, "],\"ack\":%llu}", (unsigned long long)id);
}

/* `rest` is `],"room":"<room>"}`: the room's name needs no escapes here, else the long way round is taken. */
static bool ends_as_usual(struct slice rest, struct slice room)
{
    static const char head[] = "],\"room\":\"";
    const size_t n = sizeof head - 1;
    return rest.n == n + room.n + 2 && memcmp(rest.p, head, n) == 0 &&
           memcmp(rest.p + n, room.p, room.n) == 0 && memcmp(rest.p + n + room.n, "\"}", 2) == 0;
}

struct object {
    struct slice event, args, room, ack, error; /* JSON values as they stand, or empty */
};

static int read_object(struct slice text, struct object *object)
{
    struct json json;
    struct slice key, value;
    int more;
    *object = (struct object){0};
    json_init(&json, text, DIALECT_MAX_DEPTH);
    int err = json_enter(&json, '{');
    if (err != 0)
        return err;
    while ((more = json_member(&json, &key, &value)) == 1) {
        if (json_string_is(key, "event"))
            object->event = value;
        else if (json_string_is(key, "args"))
            object->args = value;
        else if (json_string_is(key, "room"))
            object->room = value;
        else if (json_string_is(key, "ack"))
            object->ack = value;
        else if (json_string_is(key, "error"))
            object->error = value;
    }
    return more < 0 ? more : json_end(&json);
}

/* The values inside an array; nothing when it is none. */
static struct slice inside(struct slice array)
{
    return array.n >= 2 && array.p[0] == '[' ? (struct slice){array.p + 1, array.n - 2} : SLICE_NONE;
}

static bool string_equals(struct slice token, struct slice wanted)
{
    char text[600];
    if (token.n == 0 || token.p[0] != '"' || token.n > sizeof text)
        return false;
    long n = json_unescape(token, text);
    return n >= 0 && slice_eq((struct slice){text, (size_t)n}, wanted);
}

static void hear_ack(const struct object *object, struct heard *heard)
{
    for (size_t i = 0; i < object->ack.n; i++) {
        char c = object->ack.p[i];
        if (c < '0' || c > '9' || i > 18)
            return;
        heard->id = heard->id * 10 + (uint64_t)(c - '0');
    }
    heard->kind = HEARD_ACK;
    heard->refused = object->error.n > 0 || speech_is_refusal(inside(object->args));
    heard->text = object->error.n > 0 ? object->error : inside(object->args);
}

static void hear_event(const struct speech *speech, struct slice room, const struct object *object,
                       struct heard *heard)
{
    struct slice args = inside(object->args), payload = SLICE_NONE;
    if (string_equals(object->event, SLICE_LIT("$welcome"))) {
        heard->kind = HEARD_READY;
    } else if (string_equals(object->event, speech->message_event)) {
        if (!json_args_next(&args, &payload))
            payload = SLICE_NONE;
        speech_hear_payload(speech, payload, heard);
        heard->other_room = object->room.n > 0 && !string_equals(object->room, room);
    }
}

static void hear(const struct speech *speech, struct slice room, struct slice text, struct heard *heard)
{
    struct slice rest;
    struct object object;
    *heard = (struct heard){.kind = HEARD_NOTHING};
    if (speech_is_message(speech, text, &rest) && ends_as_usual(rest, room)) {
        struct slice payload = {text.p + speech->prefix.n, speech->payload_size};
        speech_hear_payload(speech, payload, heard);
        if (!heard->bad_payload)
            return;
        *heard = (struct heard){.kind = HEARD_NOTHING};
    }
    if (read_object(text, &object) != 0)
        speech_hear_end(heard, "the server sent something else than a JSON object");
    else if (object.error.n > 0 && object.ack.n == 0)
        *heard = (struct heard){.kind = HEARD_END, .text = object.error};
    else if (object.event.n > 0)
        hear_event(speech, room, &object, heard);
    else if (object.ack.n > 0)
        hear_ack(&object, heard);
}

const struct load_dialect load_json = {.name = "json",
                                       .path = "/ws",
                                       .prepare = prepare,
                                       .put_query = put_query,
                                       .put_join = put_join,
                                       .put_publish = put_publish,
                                       .hear = hear};
