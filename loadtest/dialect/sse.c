/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events, published by POST. An event's data is the list of arguments, of which the first is the
 * payload; servers other than Roomcast may send other JSON with the payload in it. The server begins its
 * answer when the room is joined. What is said is a text for wire_event_stream: a request target, a line
 * feed, and the body. */
#include "core/codec/json.h"
#include "loadtest/dialect/dialect.h"
#include "loadtest/wire/wire.h"

#define MAX_DATA (16u << 20) /* bytes of data lines that are joined */

static bool is_data_line(struct slice line, struct slice *data)
{
    if (!slice_starts(line, "data:"))
        return false;
    *data = slice_from(line, slice_starts(line, "data: ") ? 6 : 5);
    return true;
}

/* Roomcast puts a $ before the names that an EventSource fires itself. */
static int prepare(struct speech *speech)
{
    struct buf *prefix = &speech->prefix;
    bool own = slice_is(speech->message_event, "open") || slice_is(speech->message_event, "error");
    buf_adds(prefix, own ? "event: $" : "event: ");
    buf_add(prefix, speech->message_event);
    return buf_adds(prefix, "\ndata: [");
}

static int put_params(const struct speech *speech, struct buf *target)
{
    return slice_is(speech->ns, "/") ? 0 : speech_put_param(target, "ns", speech->ns);
}

static int put(const struct speech *speech, struct buf *out, enum act act,
               const struct template_values *values, const uint64_t *id)
{
    (void)act;
    (void)id; /* the wire knows */
    int err = template_put(&speech->publish_path, out, values);
    if (err == 0)
        err = put_params(speech, out);
    if (err == 0)
        err = buf_addc(out, '\n');
    return err ? err : buf_add(out, values->message);
}

/* The line off the front of *rest, without its end. */
static struct slice next_line(struct slice *rest)
{
    const char *end = memchr(rest->p, '\n', rest->n);
    struct slice line = {rest->p, end ? (size_t)(end - rest->p) : rest->n};
    *rest = slice_from(*rest, line.n + (end != NULL));
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static void hear_data(const struct speech *speech, struct slice data, struct heard *heard)
{
    struct slice value = SLICE_NONE;
    if (json_check(data, DIALECT_MAX_DEPTH, &value) != 0)
        value = SLICE_NONE;
    speech_hear_args(speech, value, heard);
}

/* Line by line, as the standard says. */
static void hear_event(const struct speech *speech, struct slice event, struct heard *heard)
{
    static const char head[] = "event: ";
    struct slice name = SLICE_LIT("message"), data, rest = event;
    struct slice prefix = buf_slice(&speech->prefix); /* "event: NAME\ndata: [" */
    struct slice expected = {prefix.p + sizeof head - 1, prefix.n - (sizeof head - 1) - strlen("\ndata: [")};
    struct buf all;
    bool comment = true;
    buf_init(&all, MAX_DATA);
    while (rest.n > 0) {
        struct slice line = next_line(&rest);
        comment = comment && line.n > 0 && line.p[0] == ':';
        if (slice_starts(line, "event:"))
            name = slice_from(line, slice_starts(line, head) ? sizeof head - 1 : sizeof head - 2);
        if (!is_data_line(line, &data))
            continue;
        if (all.n > 0)
            buf_addc(&all, '\n');
        buf_add(&all, data);
    }
    if (comment)
        heard->kind = HEARD_PING;
    else if (all.n > 0 && slice_eq(name, expected))
        hear_data(speech, buf_slice(&all), heard);
    buf_free(&all);
}

static void hear(const struct speech *speech, struct slice room, struct slice text, struct heard *heard)
{
    (void)room;
    struct slice rest;
    *heard = (struct heard){.kind = HEARD_NOTHING};
    if (speech_is_message(speech, text, &rest) && slice_is(rest, "]") &&
        speech_hear_message(speech, text, heard))
        return;
    hear_event(speech, text, heard);
}

const struct load_dialect load_sse = {.name = "sse",
                                      .about = "server-sent events, published by POST",
                                      .wire = &wire_event_stream,
                                      .path = "/sse?room={room}",
                                      .joining = JOIN_BY_ADDRESS,
                                      .acks = true,
                                      .events = true,
                                      .prepare = prepare,
                                      .put_params = put_params,
                                      .put = put,
                                      .hear = hear};
