/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests and their answers on kept connections. */
#include "loadtest/wire/http_client.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/base/list.h"
#include "loadtest/clock.h"
#include "loadtest/wire/wire.h"

static struct http_client *client_of(struct stream *stream)
{
    return container_of(stream, struct http_client, stream);
}

void http_client_close(struct http_client *client)
{
    client->state = HTTP_IDLE;
    client->paused = false;
    client->requests++;
    stream_close(&client->stream);
    buf_free(&client->body);
}

static void fail(struct http_client *client, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct http_client *client, const char *format, ...)
{
    char why[WIRE_MAX_WHY];
    va_list ap;
    va_start(ap, format);
    vsnprintf(why, sizeof why, format, ap);
    va_end(ap);
    wire_fail(client->wire, "%s: %s", client->what, why);
}

static int put_request(struct buf *out, const struct endpoint *to, const struct http_request *request)
{
    char host[300];
    target_host_header(to->target, host, sizeof host);
    buf_addf(out, "%s ", request->method);
    buf_add(out, request->target);
    buf_addf(out, " HTTP/1.1\r\nHost: %s\r\nUser-Agent: roomcast-load/%s\r\n", host, ROOMCAST_VERSION);
    if (request->type)
        buf_addf(out, "Content-Type: %s\r\nContent-Length: %zu\r\n", request->type, request->body.n);
    buf_adds(out, "\r\n");
    return buf_add(out, request->body);
}

static void remember(struct http_client *client, const struct http_request *request)
{
    const char *query = memchr(request->target.p, '?', request->target.n);
    size_t n = query ? (size_t)(query - request->target.p) : request->target.n;
    snprintf(client->what, sizeof client->what, "%s %.*s", request->method, n < 60 ? (int)n : 60,
             request->target.p);
}

int http_client_send(struct http_client *client, const struct endpoint *to,
                     const struct http_request *request)
{
    struct stream *stream = &client->stream;
    assert(client->state == HTTP_IDLE);
    remember(client, request);
    if (stream->fd >= 0 && client->idle_until != 0 && clock_us() > client->idle_until)
        stream_close(stream);
    if (stream->fd < 0 && stream_connect(stream, to, client->nth) != 0)
        return -1;
    stream_pause(stream, client->paused);
    client->state = HTTP_HEAD_AWAITED;
    client->requests++;
    if (put_request(&stream->out, to, request) != 0) {
        http_client_close(client);
        errno = ENOMEM;
        return -1;
    }
    stream_flush(stream);
    return 0;
}

void http_client_pause(struct http_client *client, bool paused)
{
    client->paused = paused;
    stream_pause(&client->stream, paused);
}

/* Collects one part; where the whole body came at once, it stays where it is. */
static bool collect(struct http_client *client, bool last, struct slice part, struct slice *body)
{
    if (last && client->body.n == 0) {
        *body = part;
        return part.n <= client->body.max;
    }
    if (buf_add(&client->body, part) != 0)
        return false;
    *body = buf_slice(&client->body);
    return true;
}

static void finish(struct http_client *client, struct slice body)
{
    struct buf collected = client->body; /* the next request may begin while it is looked at */
    buf_init(&client->body, collected.max);
    client->state = HTTP_IDLE;
    const struct http_answer *answer = &client->answer;
    client->idle_until =
        answer->idle_s > 0 ? client->stream.loop->now + answer->idle_s * 1000000ull - 500000 : 0;
    if (!answer->keep_alive)
        stream_close(&client->stream);
    client->ops->done(client, body);
    buf_free(&collected);
}

static bool is_stream(const struct http_client *client)
{
    return client->ops->part && client->answer.status == 200;
}

static void take_body(struct http_client *client, struct slice *rest)
{
    struct slice part, body = SLICE_NONE;
    uint32_t request = client->requests;
    int got = http_answer_body(&client->answer, rest, &part);
    if (is_stream(client)) {
        if (part.n > 0)
            client->ops->part(client, part);
        if (client->requests != request)
            return;
    } else if (!collect(client, got == 1, part, &body)) {
        fail(client, "the server answered with more than %zu bytes", client->body.max);
        return;
    }
    if (got < 0)
        fail(client, "the server sent a malformed chunked body");
    else if (got == 1)
        finish(client, body);
}

static void take_head(struct http_client *client, struct slice *rest)
{
    char why[WIRE_MAX_WHY];
    int got = http_answer_head(&client->answer, rest, why, sizeof why);
    if (got < 0) {
        fail(client, "%s", why);
    } else if (got > 0) {
        uint32_t request = client->requests;
        client->state = HTTP_BODY_AWAITED;
        if (is_stream(client))
            client->ops->head(client);
        if (client->requests == request)
            take_body(client, rest);
    }
}

static void on_received(struct stream *stream, struct slice *rest)
{
    struct http_client *client = client_of(stream);
    uint32_t life = stream->life;
    while (stream->fd >= 0 && stream->life == life && rest->n > 0 && client->state != HTTP_IDLE) {
        size_t before = rest->n;
        if (client->state == HTTP_HEAD_AWAITED)
            take_head(client, rest);
        else
            take_body(client, rest);
        if (rest->n == before)
            break;
    }
    if (client->state == HTTP_IDLE && stream->life == life && rest->n > 0)
        stream_close(stream); /* nobody asked for more: "408 Request Timeout" */
}

/* An idle connection may be closed by the server at any time; a body may end with its connection. */
static void on_lost(struct stream *stream, const char *why)
{
    struct http_client *client = client_of(stream);
    if (client->state == HTTP_IDLE)
        return;
    if (client->state == HTTP_BODY_AWAITED && client->answer.framing == HTTP_UNTIL_CLOSE)
        finish(client, is_stream(client) ? SLICE_NONE : buf_slice(&client->body));
    else
        fail(client, "%s", why);
}

static void on_after_read(struct stream *stream)
{
    struct wire *wire = client_of(stream)->wire;
    wire->events->after_read(wire);
}

static const struct stream_ops stream_ops = {
    .received = on_received, .lost = on_lost, .after_read = on_after_read};

void http_client_init(struct http_client *client, struct wire *wire, const struct http_client_ops *ops,
                      unsigned nth, size_t max_body)
{
    *client = (struct http_client){.wire = wire, .ops = ops, .nth = nth};
    stream_init(&client->stream, wire->loop, &stream_ops);
    buf_init(&client->body, max_body);
}
