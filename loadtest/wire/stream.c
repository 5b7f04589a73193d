/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting, reading and writing. */
#include "loadtest/wire/stream.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loadtest/clock.h"
#include "loadtest/wire/wire.h"

void stream_init(struct stream *stream, struct wire_loop *loop, const struct stream_ops *ops)
{
    *stream = (struct stream){.loop = loop, .ops = ops, .fd = -1};
    buf_init(&stream->out, STREAM_MAX_QUEUE);
}

void stream_close(struct stream *stream)
{
    if (stream->fd >= 0) {
        event_del(&stream->event);
        close(stream->fd);
    }
    stream->fd = -1;
    stream->connecting = stream->wants_write = stream->paused = false;
    free(stream->rest);
    stream->rest = NULL;
    stream->rest_n = 0;
    buf_free(&stream->out);
}

static void lose(struct stream *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void lose(struct stream *stream, const char *format, ...)
{
    char why[STREAM_MAX_WHY];
    va_list ap;
    va_start(ap, format);
    vsnprintf(why, sizeof why, format, ap);
    va_end(ap);
    stream_close(stream);
    stream->ops->lost(stream, why);
}

static void on_event(evutil_socket_t fd, short what, void *arg);

static void watch(struct stream *stream)
{
    short what = EV_PERSIST;
    if (!stream->paused)
        what |= EV_READ;
    if (stream->connecting || stream->wants_write)
        what |= EV_WRITE;
    if (event_initialized(&stream->event))
        event_del(&stream->event);
    event_assign(&stream->event, stream->loop->base, stream->fd, what, on_event, stream);
    if (what != EV_PERSIST)
        event_add(&stream->event, NULL);
}

static int open_socket(const struct endpoint *to, unsigned nth)
{
    const struct sockaddr *addr = (const struct sockaddr *)&to->target->addr;
    int on = 1, fd = socket(addr->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (sources_bind(to->sources, fd, to->socket + nth, addr) == 0 &&
        (connect(fd, addr, to->target->addr_len) == 0 || errno == EINPROGRESS))
        return fd;
    int err = errno;
    close(fd);
    errno = err;
    return -1;
}

int stream_connect(struct stream *stream, const struct endpoint *to, unsigned nth)
{
    assert(stream->fd < 0);
    stream->fd = open_socket(to, nth);
    if (stream->fd < 0)
        return -1;
    stream->life++;
    stream->connecting = true;
    watch(stream);
    return 0;
}

void stream_pause(struct stream *stream, bool paused)
{
    if (stream->fd < 0 || stream->paused == paused)
        return;
    stream->paused = paused;
    watch(stream);
}

void stream_flush(struct stream *stream)
{
    struct buf *out = &stream->out;
    if (stream->fd < 0 || stream->connecting || out->n == 0)
        return;
    ssize_t sent = send(stream->fd, out->p, out->n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        lose(stream, "write: %s", strerror(errno));
        return;
    }
    stream->loop->writes++;
    if (sent > 0)
        buf_consume(out, (size_t)sent);
    bool left = out->n > 0;
    if (!left)
        buf_free(out);
    if (left != stream->wants_write) {
        stream->wants_write = left;
        watch(stream);
    }
}

static void keep_rest(struct stream *stream, struct slice rest)
{
    if (rest.n == 0)
        return;
    stream->rest = malloc(rest.n);
    if (!stream->rest) {
        lose(stream, "out of memory");
        return;
    }
    memcpy(stream->rest, rest.p, rest.n);
    stream->rest_n = rest.n;
}

static void on_readable(struct stream *stream)
{
    struct wire_loop *loop = stream->loop;
    size_t kept = stream->rest_n;
    uint32_t life = stream->life;
    ssize_t got = recv(stream->fd, loop->in + kept, loop->in_size - kept, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got < 0)
        lose(stream, "read: %s", strerror(errno));
    else if (got == 0)
        lose(stream, "the server closed the connection");
    if (got <= 0)
        return;
    loop->now = clock_us();
    loop->reads++;
    loop->bytes += (uint64_t)got;
    if (kept > 0) {
        memcpy(loop->in, stream->rest, kept);
        free(stream->rest);
        stream->rest = NULL;
        stream->rest_n = 0;
    }
    struct slice rest = {loop->in, kept + (size_t)got};
    stream->ops->received(stream, &rest);
    if (stream->fd >= 0 && stream->life == life)
        keep_rest(stream, rest);
}

static void on_connected(struct stream *stream)
{
    int err = 0;
    socklen_t size = sizeof err;
    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &err, &size) != 0)
        err = errno;
    if (err != 0) {
        lose(stream, "connect: %s", strerror(err));
        return;
    }
    stream->connecting = false;
    watch(stream);
    stream_flush(stream);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct stream *stream = arg;
    (void)fd;
    if (stream->connecting) {
        on_connected(stream);
        return;
    }
    uint32_t life = stream->life;
    if (what & EV_WRITE)
        stream_flush(stream);
    if ((what & EV_READ) && stream->fd >= 0 && stream->life == life) {
        on_readable(stream);
        stream->ops->after_read(stream);
    }
}
