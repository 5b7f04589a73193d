/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP connection's input, from bytes to its handler, and its life. Answers: http_write.c, http_answer.c.
 */
#include "gateway/http.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/xalloc.h"
#include "gateway/http_io.h"
#include "gateway/loop.h"
#include "gateway/server.h"

static void on_timer(struct timer *t, uint64_t now)
{
    struct http *h = container_of(t, struct http, timer);
    (void)now;
    if (h->state == HTTP_READING && (h->in.n > 0 || h->admitted)) {
        http_refuse(h, 408, "request_timeout", "the request was not complete in time");
        return;
    }
    http_lost(h);
}

void http_limit(struct http *h, uint64_t ms)
{
    server_timer(h->server, &h->timer, ms);
}

/* A request must be complete some time after its first byte; the first one, after the connection. */
static void limit_reading(struct http *h)
{
    bool begun = h->in.n > 0 || h->admitted;
    if (begun && h->limit != HTTP_REQUEST_LIMIT) {
        h->limit = HTTP_REQUEST_LIMIT;
        http_limit(h, server_settings(h->server)->handshake_timeout_ms);
    } else if (!begun && h->limit == HTTP_NO_LIMIT) {
        h->limit = HTTP_IDLE_LIMIT;
        http_limit(h, HTTP_IDLE_MS);
    }
}

static int status_of_parse_error(int err)
{
    return err == ERR_VERSION ? 505 : err == ERR_NOMEM ? 503 : 400;
}

/* What the rest of the exchange needs to know of the request. */
static void remember(struct http *h, struct request *r)
{
    const struct settings *set = server_settings(h->server);
    struct slice origin = r->head.header[HTTP_ORIGIN];
    h->keep_alive = r->head.keep_alive && !h->server->gateway->draining;
    h->head_only = r->head.method == HTTP_HEAD;
    if (origin.n > 0 && set->allowed_origins[0] != '\0' && h->origin == NULL)
        h->origin = strndup(origin.p, origin.n); /* NULL when memory is short: no CORS headers then */
}

/* The proxies may have been reloaded. */
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

/* False: it was answered without its body. */
static bool admit(struct http *h, const struct route *route, const struct request *r)
{
    server_count(h->server, M_HTTP_REQUESTS, 1);
    if (route->admit == NULL)
        return true;
    if (r->head.chunked) {
        http_error(h, 411, "length_required", "a body needs a Content-Length");
        return false;
    }
    return route->admit(h, r);
}

static void expect_body(struct http *h, const struct request *r, size_t need)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    h->state = HTTP_READING;
    h->admitted = true;
    h->need = need;
    h->in.max = need + SERVER_READ_SIZE;
    if (http_list_has(r->head.header[HTTP_EXPECT], "100-continue") &&
        send(h->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
        h->keep_alive = false; /* the client will send its body all the same, or has gone */
}

/* A whole head stands at the front. Returns how much of the input is done with. */
static size_t handle(struct http *h, struct slice bytes, size_t head_size)
{
    struct request r;
    int err = request_parse(&r, (struct slice){bytes.p, head_size}, &h->server->request);
    if (err != 0) {
        int status = status_of_parse_error(err);
        http_refuse(h, status, err_name(err == ERR_PARSE ? ERR_BAD_REQUEST : err),
                    "malformed or unsupported request");
        return 0;
    }
    const struct route *route = http_route(r.path);
    bool whole = !r.head.chunked && r.head.length <= bytes.n - head_size;
    size_t body_size = whole ? (size_t)r.head.length : 0;
    h->state = HTTP_HANDLING;
    h->body_unread = !whole;
    find_client(h, &r);
    if (!h->admitted) {
        remember(h, &r);
        if (http_preflight(h, &r) || !admit(h, route, &r))
            return head_size + body_size;
        if (!whole && route->admit != NULL) {
            expect_body(h, &r, head_size + (size_t)r.head.length);
            return 0;
        }
    }
    h->admitted = false;
    timer_stop(&h->timer);
    h->limit = HTTP_NO_LIMIT;
    h->following = slice_from(bytes, head_size + body_size);
    route->handle(h, &r, (struct slice){bytes.p + head_size, body_size});
    assert(h->state != HTTP_HANDLING);
    return head_size + body_size;
}

/* Handles the request that the input begins with. 0: it is not complete. */
static size_t take_request(struct http *h, struct slice bytes)
{
    if (h->admitted && bytes.n < h->need)
        return 0;
    size_t end = http_head_end(bytes, h->admitted ? 0 : h->scanned);
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
    if (!wanted || used == bytes.n)
        return;
    if (h->in.max < bytes.n)
        h->in.max = HTTP_INPUT_MAX;
    if (buf_add(&h->in, slice_from(bytes, used)) != 0)
        http_lost(h);
}

static void process(struct http *h, struct slice bytes, bool waiting)
{
    size_t used = 0;
    while (h->state == HTTP_READING && used < bytes.n) {
        size_t n = take_request(h, slice_from(bytes, used));
        if (n == 0)
            break;
        used += n;
    }
    keep_rest(h, bytes, used, waiting);
    if (h->state == HTTP_READING)
        limit_reading(h);
    else if (h->in.n > HTTP_PIPELINE_MAX && h->state != HTTP_CLOSED)
        event_del(h->read); /* on again with the answer */
}

static void linger(struct http *h, size_t n)
{
    h->thrown_away += n;
    if (h->thrown_away > HTTP_LINGER_MAX)
        http_close(h);
}

static void on_input(struct http *h, struct slice bytes)
{
    if (h->state == HTTP_LINGERING) {
        linger(h, bytes.n);
    } else if (h->state != HTTP_READING && h->body_unread) {
        linger(h, bytes.n); /* of a body that nobody wants, whose answer is still going out */
    } else if (h->in.n == 0) {
        process(h, bytes, false);
    } else if (buf_add(&h->in, bytes) != 0) {
        http_lost(h);
    } else {
        process(h, buf_slice(&h->in), true);
    }
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
    struct http *h = arg;
    (void)what;
    loop_enter(h->server->gateway);
    ssize_t n = recv(fd, h->server->input, sizeof h->server->input, 0);
    if (n > 0)
        on_input(h, (struct slice){h->server->input, (size_t)n});
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        http_lost(h);
}

bool http_turn(struct server *server)
{
    struct link now;
    bool worked = !list_empty(&server->unread);
    list_init(&now);
    list_move_all(&now, &server->unread);
    while (!list_empty(&now)) {
        struct http *h = container_of(now.next, struct http, unread);
        list_remove(&h->unread);
        process(h, buf_slice(&h->in), true);
    }
    while (!list_empty(&server->dead)) {
        struct http *h = container_of(server->dead.next, struct http, all);
        list_remove(&h->all);
        buf_free(&h->in);
        free(h);
    }
    return worked;
}

/* The answer is out: the next request, or the end. */
void http_finished(struct http *h)
{
    timer_stop(&h->timer);
    h->limit = HTTP_NO_LIMIT;
    h->owner = NULL;
    free(h->origin);
    h->origin = NULL;
    if (!h->keep_alive) {
        http_end(h);
        return;
    }
    bool inside = h->state == HTTP_HANDLING; /* of process(), which goes on by itself */
    h->state = HTTP_READING;
    h->in.max = HTTP_INPUT_MAX;
    if (inside)
        return;
    event_add(h->read, NULL); /* nothing if it is */
    list_remove(&h->unread);
    if (h->in.n > 0)
        list_append(&h->server->unread, &h->unread);
    limit_reading(h);
}

/* Closing with unread input makes the kernel send a reset, which may overtake the answer. */
void http_end(struct http *h)
{
    if (!h->body_unread || shutdown(h->fd, SHUT_WR) != 0) {
        http_close(h);
        return;
    }
    h->state = HTTP_LINGERING;
    buf_free(&h->in);
    http_limit(h, HTTP_LINGER_MS);
    event_add(h->read, NULL);
}

/* Lets go of everything but the memory and the socket. */
static void release(struct http *h)
{
    event_free(h->read);
    event_free(h->write);
    timer_stop(&h->timer);
    list_remove(&h->unread);
    list_remove(&h->all);
    list_append(&h->server->dead, &h->all);
    buf_free(&h->out); /* not h->in: the request that is being handled lies there */
    if (h->rest != NULL)
        frame_put(h->rest);
    h->rest = NULL;
    free(h->origin);
    h->origin = NULL;
    h->owner = NULL;
    h->state = HTTP_CLOSED;
}

void http_close(struct http *h)
{
    if (h->state == HTTP_CLOSED)
        return;
    release(h);
    close(h->fd);
    h->fd = -1;
    h->server->sockets--;
}

void http_lost_owner(struct http *h)
{
    const struct http_owner *owner = h->owner;
    h->owner = NULL;
    if (owner != NULL)
        owner->gone(h->owner_arg, h);
}

void http_lost(struct http *h)
{
    const struct http_owner *owner = h->owner;
    void *arg = h->owner_arg;
    http_close(h);
    if (owner != NULL)
        owner->gone(arg, h);
}

int http_give_socket(struct http *h)
{
    assert(h->state == HTTP_HANDLING);
    int fd = h->fd;
    release(h);
    h->fd = -1;
    return fd;
}

void http_open(struct server *server, int fd, const char *peer)
{
    struct http *h = xcalloc(1, sizeof *h);
    h->server = server;
    h->fd = fd;
    h->keep_alive = true;
    h->limit = HTTP_REQUEST_LIMIT;
    memccpy(h->peer, peer, '\0', sizeof h->peer - 1);
    buf_init(&h->in, HTTP_INPUT_MAX);
    buf_init(&h->out, SIZE_MAX);
    list_init(&h->unread);
    list_append(&server->http, &h->all);
    server->sockets++;
    timer_init(&h->timer, on_timer);
    http_limit(h, server_settings(server)->handshake_timeout_ms);
    h->read = event_new(server->gateway->base, fd, EV_READ | EV_PERSIST, on_read, h);
    h->write = event_new(server->gateway->base, fd, EV_WRITE | EV_PERSIST, http_on_room, h);
    if (h->read == NULL || h->write == NULL || event_add(h->read, NULL) != 0)
        abort();
}
