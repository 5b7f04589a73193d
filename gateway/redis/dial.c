/* SPDX-License-Identifier: Apache-2.0 */
/* Resolving and connecting: one timer, one question or one socket at a time. */
#include "gateway/redis/dial.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/xalloc.h"
#include "gateway/redis/resolve.h"

struct redis_dial {
    struct event_base *base;
    const char *host, *port;
    uint64_t timeout_ms;
    redis_dialed_fn fn;
    void *arg;
    struct event *timer, *writable;
    struct redis_question *question;
    struct redis_addresses addresses;
    unsigned address; /* the one being tried */
    int fd;
};

static void wait_ms(struct redis_dial *d, uint64_t ms)
{
    struct timeval tv = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
    int err = event_add(d->timer, &tv);
    assert(err == 0);
}

static void hang_up(struct redis_dial *d)
{
    if (d->writable)
        event_free(d->writable);
    d->writable = NULL;
    if (d->fd >= 0)
        close(d->fd);
    d->fd = -1;
}

void redis_dial_cancel(struct redis_dial *d)
{
    if (d->question)
        redis_resolve_cancel(d->question);
    hang_up(d);
    event_free(d->timer);
    free(d);
}

static void finish(struct redis_dial *d, int fd, const char *wrong)
{
    d->fn(d->arg, fd, wrong);
    redis_dial_cancel(d);
}

static void try_next(struct redis_dial *d, int error);

/* A connection attempt to a port of this machine where nobody listens may meet itself. */
static bool is_own_socket(int fd)
{
    struct sockaddr_storage here = {0}, there = {0};
    socklen_t n = sizeof here, m = sizeof there;
    if (getsockname(fd, (struct sockaddr *)&here, &n) != 0)
        return false;
    return getpeername(fd, (struct sockaddr *)&there, &m) == 0 && n == m && memcmp(&here, &there, n) == 0;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct redis_dial *d = arg;
    int error = 0;
    socklen_t n = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0)
        error = errno;
    if (error == 0 && is_own_socket(fd))
        error = ECONNREFUSED;
    if (error) {
        try_next(d, error);
        return;
    }
    d->fd = -1;
    finish(d, fd, NULL);
}

/* 0: on its way; else errno. */
static int connect_to(struct redis_dial *d, const struct sockaddr *address, socklen_t size)
{
    d->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (d->fd < 0)
        return errno;
    int one = 1; /* without these two it works as well, only slower */
    (void)setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void)setsockopt(d->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    if (connect(d->fd, address, size) != 0 && errno != EINPROGRESS)
        return errno;
    d->writable = event_new(d->base, d->fd, EV_WRITE, on_writable, d);
    if (d->writable == NULL || event_add(d->writable, NULL) != 0)
        return ENOMEM;
    wait_ms(d, d->timeout_ms);
    return 0;
}

/* From d->address on, the first that can be tried at all. `error` is of the one before. */
static void try_from(struct redis_dial *d, int error)
{
    for (; d->address < d->addresses.n; d->address++) {
        error = connect_to(d, (const struct sockaddr *)&d->addresses.v[d->address].address,
                           d->addresses.v[d->address].size);
        if (error == 0)
            return;
        hang_up(d);
    }
    char text[100];
    snprintf(text, sizeof text, "connect: %s", strerror(error));
    finish(d, -1, text);
}

static void try_next(struct redis_dial *d, int error)
{
    hang_up(d);
    d->address++;
    try_from(d, error);
}

static void on_resolved(void *arg, const struct redis_addresses *found, const char *wrong)
{
    struct redis_dial *d = arg;
    d->question = NULL;
    if (found == NULL) {
        char text[100];
        snprintf(text, sizeof text, "the host name is not known: %s", wrong);
        finish(d, -1, text);
        return;
    }
    d->addresses = *found;
    try_from(d, 0);
}

static void begin(struct redis_dial *d)
{
    struct redis_addresses found;
    if (redis_resolve_numeric(d->host, d->port, &found)) {
        on_resolved(d, &found, NULL);
        return;
    }
    d->question = redis_resolve(d->base, d->host, d->port, on_resolved, d);
    if (d->question)
        wait_ms(d, d->timeout_ms);
    else
        finish(d, -1, "no thread to resolve the host name");
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct redis_dial *d = arg;
    if (d->question)
        finish(d, -1, "the host name was not resolved in time");
    else if (d->fd >= 0)
        try_next(d, ETIMEDOUT);
    else
        begin(d);
}

struct redis_dial *redis_dial(struct event_base *base, const char *host, const char *port,
                              uint64_t timeout_ms, redis_dialed_fn fn, void *arg)
{
    struct redis_dial *d = xcalloc(1, sizeof *d);
    *d = (struct redis_dial){
        .base = base, .host = host, .port = port, .timeout_ms = timeout_ms, .fn = fn, .arg = arg, .fd = -1};
    d->timer = event_new(base, -1, 0, on_timer, d);
    assert(d->timer);
    wait_ms(d, 0);
    return d;
}
