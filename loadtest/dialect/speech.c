/* SPDX-License-Identifier: Apache-2.0 */
/* What the dialects have in common. */
#include "loadtest/dialect/dialect.h"

#include <assert.h>
#include <stdlib.h>

#include "core/base/xalloc.h"
#include "core/codec/json.h"
#include "loadtest/setup/options.h"

static const struct load_dialect *const dialects[] = {&load_socketio, &load_polling, &load_json, &load_raw,
                                                      &load_sse};

const struct load_dialect *load_dialect_at(size_t i)
{
    return i < sizeof dialects / sizeof *dialects ? dialects[i] : NULL;
}

const struct load_dialect *load_dialect_find(const char *name)
{
    const struct load_dialect *dialect;
    for (size_t i = 0; (dialect = load_dialect_at(i)); i++)
        if (strcmp(dialect->name, name) == 0)
            return dialect;
    return NULL;
}

int speech_init(struct speech *speech, const struct options *options)
{
    *speech = (struct speech){.dialect = options->dialect,
                              .ns = slice_of(options->ns),
                              .message_event = slice_of(options->message_event),
                              .auth = options->auth ? slice_of(options->auth) : SLICE_NONE,
                              .joins = options_joins(options),
                              .join_acks = options_join_acks(options),
                              .publish_acks = options_publish_acks(options),
                              .payload_size = options->size};
    speech->act[ACT_JOIN].name = slice_of(options->join_event);
    speech->act[ACT_LEAVE].name = slice_of(options->leave_event);
    speech->act[ACT_PUBLISH].name = slice_of(options->publish_event);
    const char *wrong = template_args(&speech->act[ACT_JOIN].args, options->join_args, false);
    assert(!wrong);
    wrong = template_args(&speech->act[ACT_LEAVE].args, options->join_args, false);
    assert(!wrong);
    wrong = template_args(&speech->act[ACT_PUBLISH].args, options->publish_args, true);
    assert(!wrong);
    wrong = template_target(&speech->path, options->path);
    assert(!wrong);
    wrong = template_target(&speech->publish_path, options->publish_path);
    assert(!wrong);
    speech->reader = xcalloc(1, sizeof *speech->reader);
    payload_reader_init(speech->reader, options->size);
    buf_init(&speech->prefix, 4096);
    buf_init(&speech->greeting, 4096 + OPTIONS_MAX_AUTH);
    return speech->dialect->prepare(speech);
}

void speech_free(struct speech *speech)
{
    if (speech->reader)
        payload_reader_free(speech->reader);
    free(speech->reader);
    speech->reader = NULL;
    buf_free(&speech->prefix);
    buf_free(&speech->greeting);
}

int speech_put_target(const struct speech *speech, struct buf *target, struct slice room)
{
    int err = template_put(&speech->path, target, &(struct template_values){.room = room});
    return err ? err : speech->dialect->put_params(speech, target);
}

int speech_put_param(struct buf *target, const char *name, struct slice value)
{
    buf_addc(target, memchr(target->p, '?', target->n) ? '&' : '?');
    buf_adds(target, name);
    buf_addc(target, '=');
    return percent_encode(target, value);
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
    heard->bad_payload = payload_reader_read(speech->reader, payload, &heard->payload) != 0;
}

void speech_hear_args(const struct speech *speech, struct slice args, struct heard *heard)
{
    heard->kind = HEARD_MESSAGE;
    heard->bad_payload = payload_reader_find(speech->reader, args, &heard->payload) != 0;
}

bool speech_hear_message(const struct speech *speech, struct slice text, struct heard *heard)
{
    struct slice payload = {text.p + speech->prefix.n, speech->payload_size};
    speech_hear_payload(speech, payload, heard);
    if (!heard->bad_payload)
        return true;
    *heard = (struct heard){.kind = HEARD_NOTHING};
    return false;
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
