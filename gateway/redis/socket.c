/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing a connection to Redis. */
#include "gateway/redis/socket.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/err.h"

enum {
    /* In a turn: a thousand messages and more, so that under load several of them are in one room and leave
     * in one write. One room's must stay well below max_queue_bytes, or its members would be taken for slow.
     */
    READ_MAX = 256 * 1024,
    KEEP_OUT_BYTES = 1 << 20 /* an output buffer that grew above it is given back when it is empty */
};

void redis_socket_init(struct redis_socket *s)
{
    *s = (struct redis_socket){.fd = -1};
    buf_init(&s->out, SIZE_MAX / 4); /* what goes in is bounded by whoever appends */
}

static void broken(struct redis_socket *s, const char *reason)
{
    s->handler.broken(s->handler.resp.arg, reason);
    assert(s->fd < 0);
}

static void broken_errno(struct redis_socket *s, const char *what, int error)
{
    char text[100];
    snprintf(text, sizeof text, "%s: %s", what, strerror(error));
    broken(s, text);
}

/* All of it, or until the socket refuses. 0, or errno. */
static int send_some(struct redis_socket *s)
{
    while (s->sent < s->out.n) {
        ssize_t n = send(s->fd, s->out.p + s->sent, s->out.n - s->sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return errno == EAGAIN ? 0 : errno;
        if (n > 0)
            s->sent += (size_t)n;
    }
    return 0;
}

/* Bytes that are sent leave the buffer when they are at least half of it: each is moved once on average. */
static void drop_sent(struct redis_socket *s)
{
    if (s->sent < s->out.n - s->sent)
        return;
    buf_consume(&s->out, s->sent);
    s->sent = 0;
    if (s->out.n == 0 && s->out.cap > KEEP_OUT_BYTES)
        buf_free(&s->out);
}

void redis_socket_flush(struct redis_socket *s)
{
    if (s->fd < 0 || (s->out.n == 0 && !s->out.err))
        return;
    if (s->out.err) {
        broken(s, err_text(s->out.err));
        return;
    }
    int error = send_some(s);
    if (error) {
        broken_errno(s, "send", error);
        return;
    }
    drop_sent(s);
    int err = s->out.n > 0 ? event_add(s->writable, NULL) : event_del(s->writable);
    assert(err == 0);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct redis_socket *s = arg;
    static char in[READ_MAX];
    ssize_t n = recv(fd, in, sizeof in, 0);
    if (n > 0) {
        s->handler.heard(s->handler.resp.arg);
        int err = resp_feed(s->resp, (struct slice){in, (size_t)n});
        if (err)
            broken(s, err == ERR_PARSE ? "unexpected bytes: this does not behave like Redis" : err_text(err));
    } else if (n == 0) {
        broken(s, "Redis closed the connection");
    } else if (errno != EAGAIN && errno != EINTR) {
        broken_errno(s, "recv", errno);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    redis_socket_flush(arg);
}

void redis_socket_open(struct redis_socket *s, struct event_base *base, int fd,
                       const struct redis_socket_handler *handler)
{
    assert(s->fd < 0);
    s->fd = fd;
    s->handler = *handler;
    s->resp = resp_new(&handler->resp);
    s->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, s);
    s->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, s);
    assert(s->readable && s->writable);
    int err = event_add(s->readable, NULL);
    assert(err == 0);
}

void redis_socket_close(struct redis_socket *s)
{
    if (s->fd < 0)
        return;
    event_free(s->readable);
    event_free(s->writable);
    close(s->fd);
    resp_free(s->resp);
    buf_free(&s->out);
    redis_socket_init(s);
}
