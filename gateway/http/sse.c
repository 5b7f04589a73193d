/* SPDX-License-Identifier: Apache-2.0 */
/* GET /sse?room=a&room=b: the answer begins when all rooms are joined, and lasts as long as the connection.
 */
#include <stdlib.h>

#include "core/base/xalloc.h"
#include "core/dialect/dialect.h"
#include "core/dialect/plain.h"
#include "gateway/http/handlers.h"
#include "gateway/server/server.h"

#define MAX_PARTS 64

struct sse {
    struct http *http; /* NULL: gone */
    struct conn *conn;
    bool streaming;
};

static void gone(void *arg, struct http *h)
{
    struct sse *s = arg;
    (void)h;
    s->http = NULL;
    conn_close(s->conn, CLOSE_LOST);
}

static void writable(void *arg)
{
    struct sse *s = arg;
    s->conn->behind = false;
    s->conn->transport->flush(s->conn);
}

static const struct http_owner owner = {.gone = gone, .writable = writable};

/* False: the connection is lost. */
static bool write_queue(struct sse *s)
{
    struct conn *c = s->conn;
    while (c->out.count > 0) {
        struct iovec v[MAX_PARTS];
        unsigned count = c->out.count < MAX_PARTS ? c->out.count : MAX_PARTS;
        size_t all = 0;
        for (unsigned i = 0; i < count; i++) {
            struct frame *f = outq_at(&c->out, i);
            size_t from = i == 0 ? c->out.offset : 0;
            v[i] = (struct iovec){f->bytes + from, f->n - from};
            all += v[i].iov_len;
        }
        ssize_t n = http_write(s->http, v, (int)count);
        if (n < 0) {
            s->http = NULL;
            return false;
        }
        if (n > 0)
            conn_written(c, (size_t)n);
        c->behind = (size_t)n < all;
        if (c->behind)
            break;
    }
    return true;
}

/* The end of a stream is the end of the connection; an EventSource comes again by itself. */
static void finish(struct sse *s)
{
    struct conn *c = s->conn;
    if (s->http != NULL && !s->streaming) {
        http_own(s->http, NULL, NULL);
        http_error(s->http, 503, close_reason_name(c->reason), close_reason_text(c->reason));
    } else if (s->http != NULL) {
        http_close(s->http);
    }
    conn_lost(c, c->reason);
    free(s);
}

static void stream_flush(struct conn *c)
{
    struct sse *s = c->io;
    bool closing = c->state == CONN_CLOSING, abrupt = closing && close_reason_abrupt(c->reason);
    if (s->streaming && s->http != NULL && !abrupt && !c->behind && !write_queue(s))
        conn_close(c, CLOSE_LOST);
    if (closing)
        finish(s);
}

static void stream_ready(struct conn *c)
{
    struct sse *s = c->io;
    if (s->http == NULL)
        return;
    s->streaming = true;
    http_stream(s->http, &(struct answer){.status = 200,
                                          .type = "text/event-stream",
                                          .headers = "Cache-Control: no-store\r\nX-Accel-Buffering: no\r\n",
                                          .body = SLICE_LIT("retry: 2000\n\n")});
    conn_touch(c);
}

static const struct transport transport_stream = {
    .name = "stream", .flush = stream_flush, .ready = stream_ready};

static void open_stream(struct http *h, const struct request *r, const struct slice *rooms, size_t count)
{
    struct slice ns = request_param(r, "ns");
    struct sse *s = calloc(1, sizeof *s);
    struct buf auth;
    buf_init(&auth, 8 * HTTP_HEAD_MAX);
    int err = s == NULL ? ERR_NOMEM : request_put_auth(r, &auth);
    if (err == 0) {
        struct plain_request plain = {.broker = h->server->gateway->broker,
                                      .dialect = &dialect_sse,
                                      .transport = &transport_stream,
                                      .io = s,
                                      .peer = r->peer,
                                      .ns = ns.n > 0 ? ns : SLICE_LIT("/"),
                                      .auth = buf_slice(&auth),
                                      .rooms = rooms,
                                      .room_count = count};
        s->http = h;
        http_own(h, &owner, s); /* it may be ready, and lost, before plain_open() returns */
        err = plain_open(&plain, &s->conn);
    }
    buf_free(&auth);
    if (err != 0) {
        http_own(h, NULL, NULL);
        free(s);
        http_error_of(h, err);
    } else if (s->http != NULL && !s->streaming) {
        http_hold(h, &owner, s);
    }
}

void sse_handle(struct http *h, const struct request *r, struct slice body)
{
    struct slice room;
    size_t count = 0, at = 0;
    (void)body;
    if (r->head.method != HTTP_GET) {
        http_not_allowed(h, "GET");
        return;
    }
    if (h->server->gateway->draining) {
        http_error(h, 503, "unavailable", "the gateway is leaving");
        return;
    }
    struct slice *rooms = xcalloc(r->param_count + 1, sizeof *rooms);
    while (request_param_next(r, "room", &at, &room))
        rooms[count++] = room;
    open_stream(h, r, rooms, count);
    free(rooms);
}
