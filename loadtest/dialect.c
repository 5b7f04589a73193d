/* SPDX-License-Identifier: Apache-2.0 */
/* What the dialects have in common. */
#include "loadtest/dialect.h"

#include "core/codec/json.h"

static const struct load_dialect *const dialects[] = {&load_socketio, &load_json};

const struct load_dialect *load_dialect_find(const char *name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (strcmp(dialects[i]->name, name) == 0)
            return dialects[i];
    return NULL;
}

int speech_init(struct speech *speech)
{
    buf_init(&speech->prefix, 4096);
    buf_init(&speech->greeting, 4096);
    return speech->dialect->prepare(speech);
}

void speech_free(struct speech *speech)
{
    buf_free(&speech->prefix);
    buf_free(&speech->greeting);
}

bool speech_is_message(const struct speech *speech, struct slice text, struct slice *rest)
{
    size_t head = speech->prefix.n;
    if (text.n < head + speech->payload_size || memcmp(text.p, speech->prefix.p, head) != 0)
        return false;
    *rest = slice_from(text, head + speech->payload_size);
    return true;
}

void speech_hear_payload(const struct speech *speech, struct slice payload, struct heard *heard)
{
    heard->kind = HEARD_MESSAGE;
    heard->bad_payload = payload_read(payload, speech->payload_size, &heard->payload) != 0;
}

void speech_hear_end(struct heard *heard, const char *why)
{
    heard->kind = HEARD_END;
    heard->text = slice_of(why);
}

bool speech_is_refusal(struct slice args)
{
    struct json json;
    struct slice rest = args, first, key, value;
    if (!json_args_next(&rest, &first))
        return false;
    json_init(&json, first, DIALECT_MAX_DEPTH);
    if (json_enter(&json, '{') != 0)
        return false;
    while (json_member(&json, &key, &value) == 1) {
        if (json_string_is(key, "ok") && slice_is(value, "false"))
            return true;
        if (json_string_is(key, "error") && !slice_is(value, "null"))
            return true;
    }
    return false;
}
