/* SPDX-License-Identifier: Apache-2.0 */
/* The reference server: reading, the loop, and the command line. With --source it sends messages of its own
 * to everybody: that measures the reading end. */
#include "loadtest/reference/reference.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/base/base64.h"
#include "core/base/random.h"
#include "core/base/xalloc.h"
#include "core/codec/http.h"

#define GUID    "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, section 1.3 */
#define EVENTS  512
#define ACCEPTS 64

void die(const char *what)
{
    fprintf(stderr, "roomcast-reference: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- reading */

static void on_control(struct server *s, struct member *m, const struct ws_piece *piece)
{
    struct buf out;
    if (piece->opcode == WS_PONG)
        return;
    buf_init(&out, WS_MAX_HEADER + WS_CONTROL_MAX);
    if (put_frame(&out, piece->opcode == WS_PING ? WS_PONG : WS_CLOSE, piece->bytes) == 0)
        write_to(s, m, buf_slice(&out));
    buf_free(&out);
    if (piece->opcode == WS_CLOSE)
        kill_member(s, m);
}

static void on_piece(struct server *s, struct member *m, const struct ws_piece *piece)
{
    if (piece->opcode != WS_TEXT && piece->opcode != WS_BINARY) {
        on_control(s, m, piece);
    } else if (piece->last && m->gathered.n == 0) {
        publish(s, m->room, piece->opcode, piece->bytes);
    } else if (buf_add(&m->gathered, piece->bytes) != 0) {
        kill_member(s, m); /* too large */
    } else if (piece->last) {
        publish(s, m->room, piece->opcode, buf_slice(&m->gathered));
        buf_free(&m->gathered);
    }
}

static void on_frames(struct server *s, struct member *m, char *p, size_t n)
{
    struct ws_piece piece;
    for (size_t used; n > 0 && !m->dead; p += used, n -= used) {
        int got = ws_read(&m->reader, p, n, &used, &piece);
        if (got < 0)
            kill_member(s, m);
        else if (got > 0)
            on_piece(s, m, &piece);
    }
}

static int answer(struct buf *out, struct slice key)
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    char accept[32], text[64 + sizeof GUID];
    if (key.n == 0 || key.n > 64)
        return -1;
    memcpy(text, key.p, key.n);
    memcpy(text + key.n, GUID, sizeof GUID - 1);
    SHA1((const unsigned char *)text, key.n + sizeof GUID - 1, digest);
    size_t n = base64_encode((struct slice){(const char *)digest, sizeof digest}, accept);
    return buf_addf(out,
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Accept: %.*s\r\n\r\n",
                    (int)n, accept);
}

/* What follows the request in the same read is the first frames. */
static void on_handshake(struct server *s, struct member *m, size_t end)
{
    static const char prefix[] = "/raw/";
    struct http_head head;
    struct buf out, request = m->gathered;
    buf_init(&out, 512);
    buf_init(&m->gathered, MAX_MESSAGE);
    if (http_head_parse((struct slice){request.p, end}, &head) == 0 && head.wants_upgrade &&
        slice_starts(head.path, prefix) && answer(&out, head.header[HTTP_WS_KEY]) == 0) {
        enter(s, m, slice_from(head.path, sizeof prefix - 1));
        write_to(s, m, buf_slice(&out));
        on_frames(s, m, request.p + end, request.n - end);
    } else {
        write_to(s, m, SLICE_LIT("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
        kill_member(s, m);
    }
    buf_free(&out);
    buf_free(&request);
}

static void on_input(struct server *s, struct member *m)
{
    ssize_t n = recv(m->fd, s->input, sizeof s->input, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        kill_member(s, m);
    if (n <= 0)
        return;
    if (m->room) {
        on_frames(s, m, s->input, (size_t)n);
        return;
    }
    size_t end = 0;
    if (buf_add(&m->gathered, (struct slice){s->input, (size_t)n}) != 0)
        kill_member(s, m);
    else if ((end = http_head_end(buf_slice(&m->gathered), 0)) > 0)
        on_handshake(s, m, end);
}

/* ---- the loop */

static void on_connections(struct server *s)
{
    for (int i = 0, on = 1; i < ACCEPTS; i++) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0)
            return;
        struct member *m = xcalloc(1, sizeof *m);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = m};
        m->fd = fd;
        buf_init(&m->gathered, MAX_HEAD);
        buf_init(&m->queue, MAX_QUEUE);
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
            die("epoll_ctl");
    }
}

static void on_timer(struct server *s)
{
    uint64_t times;
    if (read(s->timer, &times, sizeof times) != sizeof times)
        return;
    for (struct room *room = s->rooms; room; room = room->hh.next)
        for (uint64_t t = 0; t < times; t++)
            for (uint32_t i = 0; i < room->count; i++)
                if (!room->members[i]->dead && room->members[i]->queue.n == 0)
                    write_to(s, room->members[i], buf_slice(&s->source));
}

static void bury(struct server *s, struct member *m)
{
    if (m->room)
        leave(s, m);
    close(m->fd);
    buf_free(&m->queue);
    buf_free(&m->gathered);
    list_remove(&m->link);
    free(m);
}

static void turn(struct server *s)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(s->epoll, events, EVENTS, -1);
    for (int i = 0; i < count; i++) {
        struct member *m = events[i].data.ptr;
        if (events[i].data.ptr == &s->listener)
            on_connections(s);
        else if (events[i].data.ptr == &s->timer)
            on_timer(s);
        else if (!m->dead && events[i].events & EPOLLOUT)
            write_queue(s, m);
        else if (!m->dead)
            on_input(s, m);
    }
    list_for_each_safe (it, &s->touched)
        flush(s, container_of(it, struct room, touched));
    list_for_each_safe (it, &s->dead)
        bury(s, container_of(it, struct member, link));
}

static int listen_on(uint16_t port)
{
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof to;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&to, sizeof to) != 0 || listen(fd, 4096) != 0 ||
        getsockname(fd, (struct sockaddr *)&to, &size) != 0)
        die("listen");
    printf("listening on 127.0.0.1:%u\n", ntohs(to.sin_port));
    fflush(stdout);
    return fd;
}

static void poll_for_input(const struct server *s, const int *fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = (void *)(uintptr_t)fd};
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, *fd, &event) != 0)
        die("epoll_ctl");
}

/* Batches of `burst` messages, `rate` messages per second. */
static void open_source(struct server *s, unsigned long rate, unsigned long burst)
{
    static const char message[] =
        "{\"p\":0,\"s\":0,\"t\":0,\"x\":\"--------------------------------------\"}";
    uint64_t ns = burst * 1000000000u / rate;
    struct timespec period = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    struct itimerspec times = {period, period};
    for (unsigned long i = 0; i < burst; i++)
        if (put_frame(&s->source, WS_TEXT, slice_of(message)) != 0)
            die("--burst");
    s->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (s->timer < 0 || timerfd_settime(s->timer, 0, &times, NULL) != 0)
        die("timer");
    poll_for_input(s, &s->timer);
}

static unsigned long number(const char *text, unsigned long max)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && n <= max)
        return n;
    fprintf(stderr, "roomcast-reference: expected a number up to %lu, got \"%s\"\n", max, text);
    exit(2);
}

int main(int argc, char **argv)
{
    static struct server s;
    struct rlimit files;
    unsigned long port = 3000, rate = 0, burst = 1;
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--port") == 0) {
            port = number(value, 65535);
        } else if (strcmp(argv[i], "--source") == 0) {
            rate = number(value, 10000000);
        } else if (strcmp(argv[i], "--burst") == 0) {
            burst = number(value, 10000);
        } else {
            fputs("usage: roomcast-reference [--port N] [--source MESSAGES_PER_SECOND [--burst N]]\n",
                  stderr);
            return 2;
        }
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    hash_seed(random_u64());
    list_init(&s.touched);
    list_init(&s.dead);
    buf_init(&s.source, 1 << 20);
    s.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s.epoll < 0)
        die("epoll");
    s.listener = listen_on((uint16_t)port);
    poll_for_input(&s, &s.listener);
    if (rate > 0)
        open_source(&s, rate, burst > 0 ? burst : 1);
    for (;;)
        turn(&s);
}
