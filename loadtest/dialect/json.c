/* SPDX-License-Identifier: Apache-2.0 */
/* Roomcast's JSON dialect: one WebSocket text message is one object, in client role. */
#include "core/codec/json.h"
#include "core/base/err.h"
#include "loadtest/dialect/dialect.h"
#include "loadtest/wire/wire.h"

static int prepare(struct speech *speech)
{
    buf_adds(&speech->prefix, "{\"event\":");
    json_quote(&speech->prefix, speech->message_event);
    return buf_adds(&speech->prefix, ",\"args\":[");
}

static int put_params(const struct speech *speech, struct buf *target)
{
    return slice_is(speech->ns, "/") ? 0 : speech_put_param(target, "ns", speech->ns);
}

static int put(const struct speech *speech, struct buf *out, enum act act,
               const struct template_values *values, const uint64_t *id)
{
    buf_adds(out, "{\"event\":");
    json_quote(out, speech->act[act].name);
    buf_adds(out, ",\"args\":[");
    int err = template_put(&speech->act[act].args, out, values);
    if (err != 0)
        return err;
    return id ? buf_addf(out, "],\"ack\":%llu}", (unsigned long long)*id) : buf_adds(out, "]}");
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
    uint64_t id = 0;
    for (size_t i = 0; i < object->ack.n; i++) {
        char c = object->ack.p[i];
        if (c < '0' || c > '9' || i > 18)
            return;
        id = id * 10 + (uint64_t)(c - '0');
    }
    heard->kind = HEARD_ACK;
    heard->id = id;
    heard->refused = object->error.n > 0 || speech_is_refusal(inside(object->args));
    heard->text = object->error.n > 0 ? object->error : inside(object->args);
}

static void hear_event(const struct speech *speech, struct slice room, const struct object *object,
                       struct heard *heard)
{
    if (string_equals(object->event, SLICE_LIT("$welcome"))) {
        heard->kind = HEARD_READY;
    } else if (string_equals(object->event, speech->message_event)) {
        speech_hear_args(speech, inside(object->args), heard);
        heard->other_room = object->room.n > 0 && !string_equals(object->room, room);
    }
}

static void hear(const struct speech *speech, struct slice room, struct slice text, struct heard *heard)
{
    struct slice rest;
    struct object object;
    *heard = (struct heard){.kind = HEARD_NOTHING};
    if (speech_is_message(speech, text, &rest) && ends_as_usual(rest, room) &&
        speech_hear_message(speech, text, heard))
        return;
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
                                       .about = "Roomcast's JSON over WebSocket",
                                       .wire = &wire_websocket,
                                       .path = "/ws",
                                       .joining = JOIN_BY_EVENT,
                                       .acks = true,
                                       .events = true,
                                       .prepare = prepare,
                                       .put_params = put_params,
                                       .put = put,
                                       .hear = hear};
