/* SPDX-License-Identifier: Apache-2.0 */
/* A question is shared by two: the loop, which may give it up at any time, and the thread, which cannot be
 * stopped. Whoever is the last to let go of it frees it. The thread writes the answer and then signals
 * through an eventfd; the loop reads the answer only after that. */
#include "gateway/redis/resolve.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/xalloc.h"

struct redis_question {
    atomic_int holders;
    int fd;
    char *host, *port;
    /* the loop's */
    struct event *event;
    redis_resolved_fn fn;
    void *arg;
    /* the thread's, until fd is readable */
    struct redis_addresses found;
    int failure; /* of getaddrinfo() */
};

static void let_go(struct redis_question *q)
{
    if (atomic_fetch_sub(&q->holders, 1) > 1)
        return;
    close(q->fd);
    free(q->host);
    free(q->port);
    free(q);
}

static int look_up(const char *host, const char *port, int flags, struct redis_addresses *out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags}, *list;
    out->n = 0;
    int failure = getaddrinfo(host, port, &hints, &list);
    if (failure)
        return failure;
    for (struct addrinfo *a = list; a && out->n < REDIS_ADDRESSES; a = a->ai_next) {
        if (a->ai_addrlen > sizeof out->v[0].address)
            continue;
        memcpy(&out->v[out->n].address, a->ai_addr, a->ai_addrlen);
        out->v[out->n++].size = a->ai_addrlen;
    }
    freeaddrinfo(list);
    return out->n > 0 ? 0 : EAI_NONAME;
}

bool redis_resolve_numeric(const char *host, const char *port, struct redis_addresses *out)
{
    return look_up(host, port, AI_NUMERICHOST | AI_NUMERICSERV, out) == 0;
}

static void *ask(void *arg)
{
    struct redis_question *q = arg;
    q->failure = look_up(q->host, q->port, AI_NUMERICSERV, &q->found);
    uint64_t one = 1;
    ssize_t n = write(q->fd, &one, sizeof one);
    assert(n == sizeof one);
    let_go(q);
    return NULL;
}

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct redis_question *q = arg;
    event_free(q->event);
    q->event = NULL;
    if (q->failure)
        q->fn(q->arg, NULL, gai_strerror(q->failure));
    else
        q->fn(q->arg, &q->found, NULL);
    let_go(q);
}

/* All signals stay with the main thread. */
static int start_thread(struct redis_question *q)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, old;
    sigfillset(&all);
    int err = pthread_attr_init(&attr);
    if (err)
        return err;
    err = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    assert(err == 0);
    err = pthread_sigmask(SIG_SETMASK, &all, &old);
    assert(err == 0);
    int started = pthread_create(&thread, &attr, ask, q);
    err = pthread_sigmask(SIG_SETMASK, &old, NULL);
    assert(err == 0);
    pthread_attr_destroy(&attr);
    return started;
}

struct redis_question *redis_resolve(struct event_base *base, const char *host, const char *port,
                                     redis_resolved_fn fn, void *arg)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return NULL;
    struct redis_question *q = xcalloc(1, sizeof *q);
    q->fd = fd;
    q->fn = fn;
    q->arg = arg;
    q->host = xstrndup(slice_of(host));
    q->port = xstrndup(slice_of(port));
    atomic_init(&q->holders, 2);
    q->event = event_new(base, fd, EV_READ, on_answer, q);
    if (q->event && event_add(q->event, NULL) == 0 && start_thread(q) == 0)
        return q;
    if (q->event)
        event_free(q->event);
    atomic_store(&q->holders, 1);
    let_go(q);
    return NULL;
}

void redis_resolve_cancel(struct redis_question *q)
{
    event_free(q->event);
    let_go(q);
}
