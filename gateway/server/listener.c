/* SPDX-License-Identifier: Apache-2.0 */
/* Accepts connections, a bounded number per event, and pauses when there is no room for more. */
#include "gateway/server/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/xalloc.h"
#include "gateway/http/http.h"
#include "gateway/loop.h"
#include "gateway/server/server.h"

#define MAX_SOCKETS 8 /* addresses of one host name */
#define BACKLOG     4096

struct listener {
    struct server *server;
    unsigned max_connections;
    unsigned count;
    int fd[MAX_SOCKETS];
    struct event *event[MAX_SOCKETS];
    struct timer pause;
    struct log_limit complaint;
    char address[NI_MAXHOST + NI_MAXSERV + 4];
};

unsigned listener_raise_limit(unsigned long long connections, int *max_fds)
{
    struct rlimit limit;
    rlim_t wanted = connections == 0 ? LISTENER_MAX_FDS : (rlim_t)connections + LISTENER_SPARE_FDS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        abort();
    if (wanted > limit.rlim_max)
        wanted = limit.rlim_max;
    limit.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0)
        abort();
    *max_fds = (int)limit.rlim_cur;
    rlim_t fit =
        limit.rlim_cur > 2 * LISTENER_SPARE_FDS ? limit.rlim_cur - LISTENER_SPARE_FDS : limit.rlim_cur / 2;
    if (connections == 0)
        return (unsigned)fit;
    if (connections > fit)
        log_warn("max_connections is above the file limit", "max_connections=%llu file_limit=%llu",
                 connections, (unsigned long long)limit.rlim_cur);
    return (unsigned)(connections < fit ? connections : fit);
}

static void watch(struct listener *l, bool on)
{
    for (unsigned i = 0; i < l->count; i++)
        if ((on ? event_add(l->event[i], NULL) : event_del(l->event[i])) != 0)
            abort();
}

static void pause_over(struct timer *t, uint64_t now)
{
    (void)now;
    watch(container_of(t, struct listener, pause), true);
}

static void pause_accepting(struct listener *l, const char *reason)
{
    uint64_t suppressed;
    watch(l, false);
    server_timer(l->server, &l->pause, LISTENER_PAUSE_MS);
    server_count(l->server, M_ACCEPT_PAUSES, 1);
    if (log_limit(&l->complaint, server_now(l->server), &suppressed))
        log_warn("no room for more connections", "reason=%s connections=%u suppressed=%llu",
                 log_quote(slice_of(reason)), l->server->sockets, (unsigned long long)suppressed);
}

/* IPv4 that came to an IPv6 socket is shown as IPv4. */
static void show_peer(const struct sockaddr_storage *sa, char out[46])
{
    const struct sockaddr_in6 *v6 = (const void *)sa;
    const struct sockaddr_in *v4 = (const void *)sa;
    const char *done;
    if (sa->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        done = inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], out, 46);
    else if (sa->ss_family == AF_INET6)
        done = inet_ntop(AF_INET6, &v6->sin6_addr, out, 46);
    else
        done = inet_ntop(AF_INET, &v4->sin_addr, out, 46);
    if (done == NULL)
        out[0] = '\0';
}

static void take(struct listener *l, int fd, const struct sockaddr_storage *sa)
{
    char peer[46];
    show_peer(sa, peer);
    http_open(l->server, fd, peer);
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
    struct listener *l = arg;
    (void)what;
    loop_enter(l->server->gateway);
    for (int i = 0; i < LISTENER_BATCH; i++) {
        struct sockaddr_storage sa;
        socklen_t size = sizeof sa;
        if (l->server->sockets >= l->max_connections) {
            pause_accepting(l, "max_connections");
            return;
        }
        int one = accept4(fd, (struct sockaddr *)&sa, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (one >= 0) {
            take(l, one, &sa);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause_accepting(l, strerror(errno));
            return;
        } else if (errno == EAGAIN) {
            return;
        } /* else this one was gone before it was taken */
    }
}

/* "[::1]:3000", "host:3000", "3000" (host is empty then). */
static bool split_address(const char *text, char host[NI_MAXHOST], char port[NI_MAXSERV])
{
    const char *colon = strrchr(text, ':');
    struct slice h = {text, colon == NULL ? 0 : (size_t)(colon - text)};
    struct slice p = slice_of(colon == NULL ? text : colon + 1);
    if (h.n >= 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
        h = (struct slice){h.p + 1, h.n - 2};
    if (h.n >= NI_MAXHOST || p.n == 0 || p.n > 5 || strspn(p.p, "0123456789") != p.n || atoi(p.p) > 65535)
        return false;
    memcpy(host, h.p, h.n);
    host[h.n] = '\0';
    memcpy(port, p.p, p.n + 1);
    return true;
}

/* What is accepted has its options. send_buffer: 0: the system's; a client that does not read may cost the
 * kernel 4 MB then. */
static int open_socket(const struct addrinfo *ai, unsigned long long send_buffer)
{
    int on = 1, off = 0, size = (int)send_buffer;
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* Not SO_REUSEPORT: a second gateway on the port would take half of the connections instead of failing.
     */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        (ai->ai_family != AF_INET6 ||
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, ai->ai_flags & AI_PASSIVE ? &off : &on, sizeof on) == 0) &&
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
        (size == 0 || setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0) &&
        bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int err = errno;
    close(fd);
    errno = err;
    return -1;
}

static unsigned port_of(int fd)
{
    struct sockaddr_storage sa;
    socklen_t size = sizeof sa;
    if (getsockname(fd, (struct sockaddr *)&sa, &size) != 0)
        return 0;
    return ntohs(sa.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&sa)->sin6_port
                                          : ((struct sockaddr_in *)&sa)->sin_port);
}

static void set_port(struct addrinfo *ai, unsigned port)
{
    if (ai->ai_family == AF_INET6)
        ((struct sockaddr_in6 *)(void *)ai->ai_addr)->sin6_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in *)(void *)ai->ai_addr)->sin_port = htons((uint16_t)port);
}

/* All addresses of a name. Without a host one socket for both families, or for IPv4 where there is no IPv6.
 */
static int open_all(struct listener *l, struct addrinfo *list)
{
    unsigned port = 0;
    for (struct addrinfo *ai = list; ai != NULL && l->count < MAX_SOCKETS; ai = ai->ai_next) {
        if (port != 0)
            set_port(ai, port);
        int fd = open_socket(ai, server_settings(l->server)->send_buffer_bytes);
        if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL) && ai->ai_next != NULL)
            continue;
        if (fd < 0)
            return -1;
        l->fd[l->count++] = fd;
        port = port_of(fd);
        if (ai->ai_flags & AI_PASSIVE)
            break;
    }
    return l->count > 0 ? 0 : -1;
}

static int resolve(const char *host, const char *port, struct addrinfo **list)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC};
    if (host[0] == '\0') {
        hints.ai_flags = AI_PASSIVE;
        hints.ai_family = AF_INET6;
        if (getaddrinfo(NULL, port, &hints, list) == 0) {
            int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
            if (fd >= 0) {
                close(fd);
                return 0;
            }
            freeaddrinfo(*list);
        }
        hints.ai_family = AF_INET;
        return getaddrinfo(NULL, port, &hints, list);
    }
    return getaddrinfo(host, port, &hints, list);
}

static bool open_sockets(struct listener *l, const char *listen, char *why, size_t why_size)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    struct addrinfo *list;
    if (!split_address(listen, host, port)) {
        snprintf(why, why_size, "listen: expected [HOST:]PORT, got \"%s\"", listen);
        return false;
    }
    int err = resolve(host, port, &list);
    if (err != 0) {
        snprintf(why, why_size, "%s: %s", listen, err == EAI_SYSTEM ? strerror(errno) : gai_strerror(err));
        return false;
    }
    const char *shown = host[0] == '\0' ? "0.0.0.0" : host;
    bool v6 = strchr(shown, ':') != NULL, ok = open_all(l, list) == 0;
    if (ok)
        snprintf(l->address, sizeof l->address, "%s%s%s:%u", v6 ? "[" : "", shown, v6 ? "]" : "",
                 port_of(l->fd[0]));
    else
        snprintf(why, why_size, "%s%s%s:%s: %s", v6 ? "[" : "", shown, v6 ? "]" : "", port,
                 errno == EADDRINUSE ? "address already in use" : strerror(errno));
    freeaddrinfo(list);
    return ok;
}

struct listener *listener_new(struct server *server, const char *listen, unsigned max_connections, char *why,
                              size_t why_size)
{
    struct listener *l = xcalloc(1, sizeof *l);
    l->server = server;
    l->max_connections = max_connections;
    timer_init(&l->pause, pause_over);
    if (!open_sockets(l, listen, why, why_size)) {
        listener_free(l);
        return NULL;
    }
    for (unsigned i = 0; i < l->count; i++) {
        l->event[i] = event_new(server->gateway->base, l->fd[i], EV_READ | EV_PERSIST, on_connection, l);
        if (l->event[i] == NULL)
            abort();
    }
    watch(l, true);
    return l;
}

const char *listener_address(const struct listener *l)
{
    return l->address;
}

void listener_stop(struct listener *l)
{
    timer_stop(&l->pause);
    for (unsigned i = 0; i < l->count; i++) {
        if (l->event[i] != NULL)
            event_free(l->event[i]);
        close(l->fd[i]);
    }
    l->count = 0;
}

void listener_free(struct listener *l)
{
    listener_stop(l);
    free(l);
}
