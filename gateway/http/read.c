/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP connection's input, from bytes to the handler. A request that arrives whole is handled where it was
 * read; what is not done with is kept in h->in. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/base/xalloc.h"
#include "gateway/http/io.h"
#include "gateway/loop.h"
#include "gateway/server/server.h"

/* What the rest of the exchange needs to know of the request. */
static void remember(struct http *h, const struct request *r)
{
    const struct settings *set = server_settings(h->server);
    struct slice origin = r->head.header[HTTP_ORIGIN];
    h->keep_alive = r->head.keep_alive;
    h->head_only = r->head.method == HTTP_HEAD;
    if (origin.n > 0 && set->allowed_origins[0] != '\0' && h->origin == NULL)
        h->origin = http_string(origin); /* NULL when memory is short: no CORS headers then */
}

/* The setting may have been reloaded. */
static void find_client(struct http *h, struct request *r)
{
    struct proxies *p = &h->server->proxies;
    const char *setting = server_settings(h->server)->trusted_proxies;
    char why[1];
    if (strcmp(p->text == NULL ? "" : p->text, setting) != 0 &&
        proxies_compile(p, setting, why, sizeof why) != 0)
        p->text = xstrndup(slice_of(setting)); /* a bad list trusts nobody */
    r->from_proxy = proxies_trust(p, slice_of(h->peer));
    r->peer = proxies_client(p, slice_of(h->peer), r->head.header[HTTP_X_FORWARDED_FOR]);
}

/* The request may have its body, which is not there yet. */
static void expect_body(struct http *h, const struct request *r, size_t head_size)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    h->state = HTTP_READING;
    h->admitted = true;
    h->body_unread = false;
    h->head_size = head_size;
    h->chunked = r->head.chunked;
    h->chunks = (struct http_chunks){0};
    h->body_size = 0;
    h->need = head_size + (size_t)r->head.length;
    h->in.max = head_size + h->body_max + HTTP_INPUT_MAX;
    if (http_list_has(r->head.header[HTTP_EXPECT], "100-continue") &&
        send(h->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        h->keep_alive = false; /* the client sends its body all the same, or has gone */
}

/* A request whose head has just come. True: it is to be handled now. */
static bool begin(struct http *h, const struct route *route, const struct request *r, size_t head_size)
{
    server_count(h->server, M_HTTP_REQUESTS, 1);
    remember(h, r);
    if (http_preflight(h, r))
        return false;
    if (route->admit == NULL)
        return true;
    h->body_max = 0;
    if (!route->admit(h, r))
        return false;
    if (r->head.length > h->body_max) {
        server_refused(h->server, ERR_TOO_LARGE);
        http_error_of(h, ERR_TOO_LARGE);
        return false;
    }
    if (h->body_unread)
        expect_body(h, r, head_size);
    return h->state == HTTP_HANDLING;
}

static void refuse_head(struct http *h, int err)
{
    if (err == ERR_VERSION)
        http_refuse(h, 505, "http_version", "HTTP/1.0 and HTTP/1.1 are spoken here");
    else if (err == ERR_NOMEM)
        http_refuse(h, 503, err_name(err), err_text(err));
    else
        http_refuse(h, 400, err_name(ERR_BAD_REQUEST), "malformed request");
}

/* A whole head stands at the front. Returns how many bytes are done with. */
static size_t handle(struct http *h, struct slice bytes, size_t head_size)
{
    struct request r;
    int err = request_parse(&r, (struct slice){bytes.p, head_size}, &h->server->request);
    if (err != 0) {
        refuse_head(h, err);
        return 0;
    }
    const struct route *route = http_route(r.path);
    bool whole = h->admitted || (!r.head.chunked && r.head.length <= bytes.n - head_size);
    size_t body_size = !whole ? 0 : h->admitted ? h->need - head_size : (size_t)r.head.length;
    h->state = HTTP_HANDLING;
    h->body_unread = !whole;
    find_client(h, &r);
    if (!h->admitted && !begin(h, route, &r, head_size))
        return h->admitted ? 0 : head_size + body_size;
    h->admitted = false;
    timer_stop(&h->timer);
    h->limit = HTTP_NO_LIMIT;
    h->following = slice_from(bytes, head_size + body_size);
    route->handle(h, &r, (struct slice){bytes.p + head_size, body_size});
    assert(h->state != HTTP_HANDLING);
    return head_size + body_size;
}

/* Handles the request that the input begins with. 0: it is not complete, or nothing can be done with it. */
static size_t take_request(struct http *h, struct slice bytes)
{
    if (h->admitted)
        return h->chunked || bytes.n < h->need ? 0 : handle(h, bytes, h->head_size);
    size_t end = http_head_end(bytes, h->scanned);
    if (end > HTTP_HEAD_MAX || (end == 0 && bytes.n > HTTP_HEAD_MAX)) {
        http_refuse(h, 431, "headers_too_large", "the request line and its headers are too large");
        return 0;
    }
    h->scanned = end == 0 ? bytes.n : 0;
    return end == 0 ? 0 : handle(h, bytes, end);
}

/* Keeps what is not done with for later. waiting: the bytes are those of h->in. */
static void keep_rest(struct http *h, struct slice bytes, size_t used, bool waiting)
{
    bool wanted = h->state != HTTP_CLOSED && h->state != HTTP_LINGERING && !h->body_unread;
    if (waiting && wanted && used < bytes.n) {
        buf_consume(&h->in, used);
        return;
    }
    if (waiting)
        buf_free(&h->in);
    if (wanted && used < bytes.n && buf_add(&h->in, slice_from(bytes, used)) != 0)
        http_lost(h);
}

/* To be looked at again at the end of the turn. */
static void look_again(struct http *h)
{
    list_remove(&h->unread);
    list_append(&h->server->unread, &h->unread);
}

static void process(struct http *h, struct slice bytes, bool waiting)
{
    size_t used = 0;
    unsigned requests = 0;
    while (h->state == HTTP_READING && used < bytes.n && requests < HTTP_REQUESTS_PER_TURN) {
        size_t n = take_request(h, slice_from(bytes, used));
        if (n == 0)
            break;
        used += n;
        requests++;
    }
    keep_rest(h, bytes, used, waiting);
    if (h->state == HTTP_READING) {
        bool others_first = requests == HTTP_REQUESTS_PER_TURN && h->in.n > 0;
        http_limit_reading(h);
        (void)(others_first ? event_del(h->read) : event_add(h->read, NULL));
        if (others_first || h->chunked) /* some of the body may be there, and is decoded in h->in only */
            look_again(h);
    } else if (h->state != HTTP_CLOSED) { /* watched for its end, but no more is taken than is kept */
        (void)(h->in.n > HTTP_PIPELINE_MAX ? event_del(h->read) : event_add(h->read, NULL));
    }
}

/* Decodes what has come of a body in chunks, in its place. True: it is complete. */
static bool decode_chunks(struct http *h)
{
    size_t at = h->head_size + h->body_size, n = h->in.n - at, used, made;
    char *p = h->in.p + at;
    int got = http_chunks_decode(&h->chunks, p, n, &used, &made);
    if (got < 0) {
        http_refuse(h, 400, err_name(ERR_BAD_REQUEST), "malformed chunk");
        return false;
    }
    memmove(p + made, p + used, n - used);
    h->in.n -= used - made;
    h->body_size += made;
    if (h->body_size > h->body_max || h->chunks.left > h->body_max - h->body_size) {
        server_refused(h->server, ERR_TOO_LARGE);
        http_refuse(h, 413, err_name(ERR_TOO_LARGE), "the body is too large");
        return false;
    }
    h->need = h->head_size + h->body_size;
    h->chunked = got == 0;
    return got == 1;
}

/* Looks at what waits. */
static void go_on(struct http *h)
{
    if (h->state == HTTP_READING && h->chunked && !decode_chunks(h))
        return;
    process(h, buf_slice(&h->in), true);
}

/* Of a body that nobody wants. */
static void throw_away(struct http *h, size_t n)
{
    h->thrown_away += n;
    if (h->thrown_away > HTTP_LINGER_MAX)
        http_lost(h);
}

static void on_bytes(struct http *h, struct slice bytes)
{
    if (h->state == HTTP_LINGERING || (h->state != HTTP_READING && h->body_unread))
        throw_away(h, bytes.n);
    else if (h->in.n == 0)
        process(h, bytes, false);
    else if (buf_add(&h->in, bytes) != 0)
        http_lost(h);
    else
        go_on(h);
}

void http_on_input(evutil_socket_t fd, short what, void *arg)
{
    struct http *h = arg;
    (void)what;
    loop_enter(h->server->gateway);
    ssize_t n = recv(fd, h->server->input, sizeof h->server->input, 0);
    if (n > 0) {
        on_bytes(h, (struct slice){h->server->input, (size_t)n});
    } else if (n == 0 && h->state == HTTP_WRITING) {
        h->keep_alive = false; /* it asked all it had to ask, and still reads */
        event_del(h->read);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        http_lost(h);
    }
}

bool http_turn(struct server *server, uint64_t until)
{
    struct link now;
    bool worked = !list_empty(&server->unread);
    list_init(&now);
    list_move_all(&now, &server->unread);
    while (!list_empty(&now)) {
        struct http *h = container_of(now.next, struct http, unread);
        list_remove(&h->unread);
        go_on(h);
        if (loop_is_past(until))
            break;
    }
    list_move_all(&now, &server->unread); /* who has had a share waits behind those who have not */
    list_move_all(&server->unread, &now);
    http_free_dead(server);
    return worked;
}
