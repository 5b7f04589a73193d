/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events, and publications by POST. */
#include "loadtest/wire/event_stream.h"

#include <assert.h>
#include <errno.h>

#include "core/base/err.h"
#include "core/base/list.h"

#define MAX_CUT_END 3 /* bytes of an event's end that came without its last one: \r\n\r */

struct entry {
    size_t n;
    uint64_t id;
};

static struct event_stream *stream_of(struct wire *wire)
{
    return container_of(wire, struct event_stream, wire);
}

/* Bytes of the line end at p. */
static size_t line_end(struct slice text, size_t at)
{
    if (at < text.n && text.p[at] == '\n')
        return 1;
    return at + 1 < text.n && text.p[at] == '\r' && text.p[at + 1] == '\n' ? 2 : 0;
}

bool event_stream_next(struct slice *rest, struct slice *event)
{
    for (size_t n; (n = line_end(*rest, 0)) > 0;)
        *rest = slice_from(*rest, n);
    for (size_t at = 0; at < rest->n;) {
        const char *end = memchr(rest->p + at, '\n', rest->n - at);
        if (!end)
            return false;
        size_t line = (size_t)(end - rest->p);
        at = line + 1;
        size_t empty = line_end(*rest, at);
        if (empty > 0) {
            *event = (struct slice){rest->p, line > 0 && rest->p[line - 1] == '\r' ? line - 1 : line};
            *rest = slice_from(*rest, at + empty);
            return true;
        }
    }
    return false;
}

static void drop(struct wire *wire)
{
    struct event_stream *s = stream_of(wire);
    s->open = false;
    http_client_close(&s->get);
    http_client_close(&s->post);
    buf_free(&s->cut);
    buf_free(&s->out);
}

static int start(struct wire *wire, struct slice target)
{
    struct http_request request = {.method = "GET", .target = target};
    return http_client_send(&stream_of(wire)->get, &wire->to, &request);
}

static int queue(struct wire *wire, struct slice text, uint64_t id)
{
    struct event_stream *s = stream_of(wire);
    struct entry entry = {text.n, id};
    assert(s->open);
    int err = buf_reserve(&s->out, sizeof entry + text.n);
    if (err != 0) {
        s->out.err = 0; /* this one is refused, what was queued before still goes out */
        return err;
    }
    buf_add(&s->out, (struct slice){(const char *)&entry, sizeof entry});
    return buf_add(&s->out, text);
}

static void flush(struct wire *wire)
{
    struct event_stream *s = stream_of(wire);
    struct entry entry;
    if (!s->open || s->out.n == 0 || !http_client_idle(&s->post))
        return;
    memcpy(&entry, s->out.p, sizeof entry);
    struct slice text = {s->out.p + sizeof entry, entry.n};
    const char *end = memchr(text.p, '\n', text.n);
    assert(end);
    size_t target = (size_t)(end - text.p);
    struct http_request request = {.method = "POST",
                                   .target = {text.p, target},
                                   .type = "application/json",
                                   .body = slice_from(text, target + 1)};
    uint32_t life = wire->life;
    s->posting = entry.id;
    if (http_client_send(&s->post, &wire->to, &request) != 0) {
        wire_fail(wire, "POST: connect: %s", strerror(errno));
        return;
    }
    if (wire->life != life)
        return;
    buf_consume(&s->out, sizeof entry + entry.n);
    if (s->out.n == 0)
        buf_free(&s->out);
}

static void pause_reading(struct wire *wire, bool paused)
{
    struct event_stream *s = stream_of(wire);
    http_client_pause(&s->get, paused);
    http_client_pause(&s->post, paused);
}

static void on_head(struct http_client *client)
{
    struct event_stream *s = container_of(client, struct event_stream, get);
    if (!client->answer.event_stream) {
        wire_fail(&s->wire, "%s: the server answered with something else than text/event-stream",
                  client->what);
        return;
    }
    s->open = true;
    s->wire.events->opened(&s->wire);
}

static void fail_too_large(struct event_stream *s)
{
    wire_fail(&s->wire, "the server sent an event of more than %zu bytes", s->wire.loop->max_frame);
}

/* false: the wire is not what it was. */
static bool take_events(struct event_stream *s, struct slice *rest)
{
    struct wire *wire = &s->wire;
    struct slice event;
    uint32_t life = wire->life;
    while (event_stream_next(rest, &event)) {
        if (event.n > wire->loop->max_frame) {
            fail_too_large(s);
            return false;
        }
        wire->loop->frames++;
        wire->events->text(wire, event);
        if (wire->life != life)
            return false;
    }
    return true;
}

static void keep_cut(struct event_stream *s, struct slice rest)
{
    if (rest.n > s->wire.loop->max_frame + MAX_CUT_END || buf_add(&s->cut, rest) != 0)
        fail_too_large(s);
}

/* What began in an earlier part goes on in this one. */
static void take_cut(struct event_stream *s, struct slice part)
{
    struct buf whole = s->cut; /* the wire may be closed, and started again, while it is looked at */
    buf_init(&s->cut, whole.max);
    int err = buf_add(&whole, part);
    assert(err == 0); /* a part is not larger than the receive buffer */
    struct slice rest = buf_slice(&whole);
    if (take_events(s, &rest))
        keep_cut(s, rest);
    buf_free(&whole);
}

static void on_part(struct http_client *client, struct slice part)
{
    struct event_stream *s = container_of(client, struct event_stream, get);
    struct slice rest = part;
    if (s->cut.n > 0)
        take_cut(s, part);
    else if (take_events(s, &rest))
        keep_cut(s, rest);
}

static void on_stream_done(struct http_client *client, struct slice body)
{
    struct event_stream *s = container_of(client, struct event_stream, get);
    char why[WIRE_MAX_WHY];
    http_answer_refusal(why, sizeof why, slice_of(client->answer.line), body);
    wire_fail(&s->wire, "%s: %s", client->what, s->open ? "the server ended the event stream" : why);
}

static void on_posted(struct http_client *client, struct slice body)
{
    struct event_stream *s = container_of(client, struct event_stream, post);
    struct wire *wire = &s->wire;
    uint32_t life = wire->life;
    bool refused = client->answer.status < 200 || client->answer.status > 299;
    if (s->posting != WIRE_NO_ID)
        wire->events->answered(wire, s->posting, refused, body.n > 0 ? body : slice_of(client->answer.line));
    if (wire->life == life)
        flush(wire);
}

static const struct http_client_ops get_ops = {.done = on_stream_done, .head = on_head, .part = on_part};
static const struct http_client_ops post_ops = {.done = on_posted};

static void init(struct wire *wire)
{
    struct event_stream *s = stream_of(wire);
    http_client_init(&s->get, wire, &get_ops, 0, HTTP_ANSWER_MAX_HEAD);
    http_client_init(&s->post, wire, &post_ops, 1, HTTP_ANSWER_MAX_HEAD);
    buf_init(&s->cut, wire->loop->max_frame + MAX_CUT_END + wire->loop->in_size);
    buf_init(&s->out, WIRE_MAX_QUEUE);
}

static const char *waits_for(const struct wire *wire)
{
    const struct event_stream *s = container_of(wire, const struct event_stream, wire);
    return s->get.stream.connecting ? "the connection" WIRE_AT_LIMIT : "the event stream" WIRE_AT_LIMIT;
}

const struct wire_ops wire_event_stream = {.size = sizeof(struct event_stream),
                                           .sockets = 2,
                                           .init = init,
                                           .start = start,
                                           .queue = queue,
                                           .flush = flush,
                                           .pause = pause_reading,
                                           .drop = drop,
                                           .waits_for = waits_for};
