/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP connection's output: an answer goes out in one call; what the socket does not take waits here, a
 * shared body by reference. Streams bring their own queue. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "gateway/http/io.h"
#include "gateway/loop.h"
#include "gateway/server/server.h"

/* How many bytes the socket took; -1: it is broken. */
static ssize_t send_now(struct http *h, const struct iovec *v, int count)
{
    struct msghdr m = {.msg_iov = (struct iovec *)(uintptr_t)v, .msg_iovlen = (size_t)count};
    ssize_t n = sendmsg(h->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    server_count(h->server, M_WRITES, 1);
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -1;
}

static void await_room(struct http *h)
{
    if (event_add(h->write, NULL) != 0)
        abort();
}

/* Keeps what the socket did not take: `sent` bytes of head and body are out. */
static int keep_unsent(struct http *h, struct slice head, const struct answer *a, size_t sent)
{
    if (sent < head.n) {
        if (buf_add(&h->out, slice_from(head, sent)) != 0)
            return ERR_NOMEM;
        sent = head.n;
    }
    size_t at = sent - head.n;
    if (h->head_only || at == a->body.n)
        return 0;
    if (a->frame == NULL)
        return buf_add(&h->out, slice_from(a->body, at));
    h->rest = frame_get(a->frame);
    h->rest_at = (size_t)(a->body.p - a->frame->bytes) + at;
    assert(a->body.p + a->body.n == a->frame->bytes + a->frame->n);
    return 0;
}

/* False: the connection is broken. */
static bool send_answer(struct http *h, const struct answer *a, bool *all)
{
    struct slice head = buf_slice(&h->server->head);
    struct slice body = h->head_only ? SLICE_NONE : a->body;
    struct iovec v[2] = {{(void *)(uintptr_t)head.p, head.n}, {(void *)(uintptr_t)body.p, body.n}};
    ssize_t n = send_now(h, v, body.n == 0 ? 1 : 2);
    server_count(h->server, M_BYTES_OUT, head.n + (a->counted ? 0 : body.n));
    *all = n >= 0 && (size_t)n == head.n + body.n;
    return n >= 0 && (*all || keep_unsent(h, head, a, (size_t)n) == 0);
}

void http_answer(struct http *h, const struct answer *a)
{
    bool all;
    assert(h->state == HTTP_HANDLING || h->state == HTTP_HELD);
    if (h->body_unread)
        h->keep_alive = false;
    if (http_put_head(h, a) != 0 || !send_answer(h, a, &all)) {
        http_close(h);
        return;
    }
    if (all) {
        http_finished(h);
        return;
    }
    h->owner = NULL;
    h->state = HTTP_WRITING;
    await_room(h);
    http_limit(h, HTTP_STALL_MS);
}

void http_stream(struct http *h, const struct answer *a)
{
    bool all;
    assert(h->state == HTTP_HANDLING || h->state == HTTP_HELD);
    h->keep_alive = false;
    h->state = HTTP_STREAMING;
    if (http_put_head(h, a) == 0 && send_answer(h, a, &all)) {
        if (!all)
            await_room(h);
        return;
    }
    http_lost(h);
}

/* What waits goes out: 1 when nothing is left, 0 when the socket is full, -1 when it is broken. */
static int write_rest(struct http *h)
{
    size_t left = h->rest == NULL ? 0 : h->rest->n - h->rest_at;
    struct iovec v[2] = {{h->out.p, h->out.n}, {left == 0 ? NULL : h->rest->bytes + h->rest_at, left}};
    ssize_t sent = send_now(h, v, 2);
    if (sent < 0)
        return -1;
    size_t n = (size_t)sent, first = n < h->out.n ? n : h->out.n;
    buf_consume(&h->out, first);
    h->rest_at += n - first;
    if (h->out.n > 0 || (h->rest != NULL && h->rest_at < h->rest->n))
        return 0;
    buf_free(&h->out);
    if (h->rest != NULL)
        frame_put(h->rest);
    h->rest = NULL;
    return 1;
}

void http_on_room(evutil_socket_t fd, short what, void *arg)
{
    struct http *h = arg;
    (void)fd;
    (void)what;
    loop_enter(h->server->gateway);
    int done = h->out.n > 0 || h->rest != NULL ? write_rest(h) : 1;
    if (done < 0) {
        http_lost(h);
        return;
    }
    if (h->state == HTTP_WRITING)
        http_limit(h, HTTP_STALL_MS);
    if (done == 0)
        return;
    event_del(h->write);
    if (h->state != HTTP_STREAMING)
        http_finished(h);
    else if (h->owner != NULL)
        h->owner->writable(h->owner_arg);
}

ssize_t http_write(struct http *h, const struct iovec *v, int count)
{
    size_t all = 0;
    assert(h->state == HTTP_STREAMING);
    if (h->out.n > 0)
        return 0;
    for (int i = 0; i < count; i++)
        all += v[i].iov_len;
    ssize_t n = send_now(h, v, count);
    if (n >= 0 && (size_t)n < all)
        await_room(h);
    if (n < 0)
        http_close(h);
    return n;
}

void http_own(struct http *h, const struct http_owner *owner, void *arg)
{
    h->owner = owner;
    h->owner_arg = arg;
}

void http_hold(struct http *h, const struct http_owner *owner, void *arg)
{
    assert(h->state == HTTP_HANDLING);
    h->state = HTTP_HELD;
    http_own(h, owner, arg);
}

void http_close_after(struct http *h)
{
    h->keep_alive = false;
}
