/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP connection's input, from bytes to its handler, and its life. Answers: write.c, answer.c.
 */
#include "gateway/http/http.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/xalloc.h"
#include "gateway/http/io.h"
#include "gateway/server/server.h"

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
void http_limit_reading(struct http *h)
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
    if (h->in.n <= HTTP_PIPELINE_MAX) /* else when that has become less */
        event_add(h->read, NULL);
    list_remove(&h->unread);
    if (h->in.n > 0)
        list_append(&h->server->unread, &h->unread);
    http_limit_reading(h);
}

/* Closing with unread input makes the kernel send a reset, which may overtake the answer. */
void http_end(struct http *h)
{
    if (!h->body_unread || shutdown(h->fd, SHUT_WR) != 0) {
        http_close(h);
        return;
    }
    h->state = HTTP_LINGERING;
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

void http_gave_socket(struct http *h)
{
    assert(h->state == HTTP_HANDLING);
    release(h);
    h->fd = -1;
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
    h->read = event_new(server->gateway->base, fd, EV_READ | EV_PERSIST, http_on_input, h);
    h->write = event_new(server->gateway->base, fd, EV_WRITE | EV_PERSIST, http_on_room, h);
    if (h->read == NULL || h->write == NULL)
        abort();
    if (event_add(h->read, NULL) != 0) /* the kernel watches so many sockets and no more */
        http_close(h);
}

void http_free_dead(struct server *server)
{
    while (!list_empty(&server->dead)) {
        struct http *h = container_of(server->dead.next, struct http, all);
        list_remove(&h->all);
        buf_free(&h->in);
        free(h);
    }
}
