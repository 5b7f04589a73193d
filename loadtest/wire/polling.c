/* SPDX-License-Identifier: Apache-2.0 */
/* Engine.IO over HTTP polling. */
#include "loadtest/wire/polling.h"

#include <assert.h>
#include <errno.h>

#include "core/base/err.h"
#include "core/base/list.h"
#include "core/codec/engineio.h"
#include "core/codec/json.h"

#define MAX_TARGET  4096
#define OPEN_DEPTH  8 /* of the open packet's JSON */
#define MAX_PAYLOAD 1000000

static struct polling *polling_of(struct wire *wire)
{
    return container_of(wire, struct polling, wire);
}

bool polling_next(struct slice *rest, struct slice *packet)
{
    if (rest->n == 0)
        return false;
    const char *end = memchr(rest->p, EIO_SEPARATOR, rest->n);
    *packet = (struct slice){rest->p, end ? (size_t)(end - rest->p) : rest->n};
    *rest = slice_from(*rest, packet->n + (end != NULL));
    return true;
}

size_t polling_fits(struct slice packets, size_t max)
{
    if (packets.n <= max)
        return packets.n;
    const char *end = memrchr(packets.p, EIO_SEPARATOR, max + 1);
    if (!end)
        end = memchr(packets.p, EIO_SEPARATOR, packets.n);
    return end ? (size_t)(end - packets.p) : packets.n;
}

static size_t whole_number(struct slice text)
{
    size_t number = 0;
    for (size_t i = 0; i < text.n && i < 15 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
        number = number * 10 + (size_t)(text.p[i] - '0');
    return number;
}

int polling_read_open(struct slice packet, struct slice *sid, size_t *max_payload)
{
    struct json json;
    struct slice key, value;
    int more;
    *sid = SLICE_NONE;
    *max_payload = 0;
    if (packet.n == 0 || packet.p[0] != '0')
        return ERR_PARSE;
    json_init(&json, slice_from(packet, 1), OPEN_DEPTH);
    if (json_enter(&json, '{') != 0)
        return ERR_PARSE;
    while ((more = json_member(&json, &key, &value)) == 1) {
        if (json_string_is(key, "sid"))
            *sid = value;
        else if (json_string_is(key, "maxPayload"))
            *max_payload = whole_number(value);
    }
    if (*max_payload == 0)
        *max_payload = MAX_PAYLOAD;
    return more == 0 && json_end(&json) == 0 && sid->n > 2 && sid->p[0] == '"' ? 0 : ERR_PARSE;
}

static void drop(struct wire *wire)
{
    struct polling *p = polling_of(wire);
    p->open = false;
    http_client_close(&p->get);
    http_client_close(&p->post);
    buf_free(&p->target);
    buf_free(&p->out);
}

static int send_get(struct polling *p)
{
    struct http_request request = {.method = "GET", .target = buf_slice(&p->target)};
    return http_client_send(&p->get, &p->wire.to, &request);
}

static int start(struct wire *wire, struct slice target)
{
    struct polling *p = polling_of(wire);
    int err = buf_add(&p->target, target);
    assert(err == 0);
    if (send_get(p) == 0)
        return 0;
    err = errno;
    drop(wire);
    errno = err;
    return -1;
}

static int queue(struct wire *wire, struct slice text, uint64_t id)
{
    struct polling *p = polling_of(wire);
    (void)id;
    assert(p->open);
    int err = buf_reserve(&p->out, text.n + 1);
    if (err != 0) {
        p->out.err = 0; /* this one is refused, what was queued before still goes out */
        return err;
    }
    if (p->out.n > 0)
        buf_addc(&p->out, EIO_SEPARATOR);
    return buf_add(&p->out, text);
}

static void flush(struct wire *wire)
{
    struct polling *p = polling_of(wire);
    if (!p->open || p->out.n == 0 || !http_client_idle(&p->post))
        return;
    size_t n = polling_fits(buf_slice(&p->out), p->max_payload);
    struct http_request request = {.method = "POST",
                                   .target = buf_slice(&p->target),
                                   .type = "text/plain;charset=UTF-8",
                                   .body = {p->out.p, n}};
    uint32_t life = wire->life;
    if (http_client_send(&p->post, &wire->to, &request) != 0) {
        wire_fail(wire, "POST: connect: %s", strerror(errno));
        return;
    }
    if (wire->life != life)
        return;
    buf_consume(&p->out, n < p->out.n ? n + 1 : n); /* with the separator */
    if (p->out.n == 0)
        buf_free(&p->out);
}

static void pause_reading(struct wire *wire, bool paused)
{
    struct polling *p = polling_of(wire);
    http_client_pause(&p->get, paused);
    http_client_pause(&p->post, paused);
}

static void refused(struct polling *p, struct http_client *client, struct slice body)
{
    char why[WIRE_MAX_WHY];
    http_answer_refusal(why, sizeof why, slice_of(client->answer.line), body);
    wire_fail(&p->wire, "%s: %s", client->what, why);
}

/* The session's id is part of every later request's target. */
static bool open_session(struct polling *p, struct slice packet)
{
    struct slice sid;
    char text[256];
    if (polling_read_open(packet, &sid, &p->max_payload) != 0 || sid.n > sizeof text)
        return false;
    long n = json_unescape(sid, text);
    if (n < 0)
        return false;
    for (long i = 0; i < n; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
            return false;
    p->open = true;
    buf_adds(&p->target, "&sid=");
    return buf_add(&p->target, (struct slice){text, (size_t)n}) == 0;
}

static void on_polled(struct http_client *client, struct slice body)
{
    struct polling *p = container_of(client, struct polling, get);
    struct wire *wire = &p->wire;
    uint32_t life = wire->life;
    struct slice rest = body, packet;
    if (client->answer.status != 200) {
        refused(p, client, body);
        return;
    }
    while (wire->life == life && polling_next(&rest, &packet)) {
        if (!p->open && !open_session(p, packet)) {
            wire_fail(wire, "%s: the server answered with something else than an Engine.IO open packet",
                      client->what);
            return;
        }
        wire->loop->frames++;
        if (packet.n == 0 || packet.p[0] != 'b')
            wire->events->text(wire, packet);
    }
    if (wire->life != life)
        return;
    if (!p->open)
        wire_fail(wire, "%s: the server answered with nothing", client->what);
    else if (send_get(p) != 0)
        wire_fail(wire, "GET: connect: %s", strerror(errno));
}

static void on_posted(struct http_client *client, struct slice body)
{
    struct polling *p = container_of(client, struct polling, post);
    if (client->answer.status != 200)
        refused(p, client, body);
    else
        flush(&p->wire);
}

static const struct http_client_ops get_ops = {.done = on_polled};
static const struct http_client_ops post_ops = {.done = on_posted};

static void init(struct wire *wire)
{
    struct polling *p = polling_of(wire);
    /* A server puts all that waits into one answer. */
    http_client_init(&p->get, wire, &get_ops, 0, wire->loop->max_frame + POLLING_MAX_ANSWER);
    http_client_init(&p->post, wire, &post_ops, 1, HTTP_ANSWER_MAX_HEAD);
    buf_init(&p->target, MAX_TARGET);
    buf_init(&p->out, WIRE_MAX_QUEUE);
}

static const char *waits_for(const struct wire *wire)
{
    const struct polling *p = container_of(wire, const struct polling, wire);
    if (p->get.stream.connecting)
        return "the connection" WIRE_AT_LIMIT;
    return p->open ? "the server's greeting" : "the answer to the first poll" WIRE_AT_LIMIT;
}

const struct wire_ops wire_polling = {.size = sizeof(struct polling),
                                      .sockets = 2,
                                      .init = init,
                                      .start = start,
                                      .queue = queue,
                                      .flush = flush,
                                      .pause = pause_reading,
                                      .drop = drop,
                                      .waits_for = waits_for};
