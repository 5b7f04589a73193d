/* SPDX-License-Identifier: Apache-2.0 */
/* A real Redis of the test's own: on a free port of 127.0.0.1, in a temporary directory, gone with the test.
 */
#ifndef TESTS_UNIT_GATEWAY_REDIS_SERVER_H
#define TESTS_UNIT_GATEWAY_REDIS_SERVER_H

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct redis_server {
    pid_t pid; /* 0: not running */
    int port;
    char dir[64], password[32];
    redisContext *admin;
};

static inline int free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    close(fd);
    return ntohs(a.sin_port);
}

static inline bool redis_installed(void)
{
    return system("redis-server --version >/dev/null 2>&1") == 0;
}

static inline void redis_connect_admin(struct redis_server *s)
{
    for (int i = 0; i < 500; i++) {
        s->admin = redisConnect("127.0.0.1", s->port);
        if (s->admin && !s->admin->err)
            break;
        redisFree(s->admin);
        s->admin = NULL;
        usleep(10000);
    }
    assert_non_null(s->admin);
    if (*s->password) {
        redisReply *r = redisCommand(s->admin, "AUTH %s", s->password);
        assert_non_null(r);
        freeReplyObject(r);
    }
}

/* (Re)starts it on s->port; returns when it answers. */
static inline void redis_start(struct redis_server *s)
{
    char port[8], log[100];
    snprintf(port, sizeof port, "%d", s->port);
    snprintf(log, sizeof log, "%s/log", s->dir);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
               "--appendonly", "no", "--dir", s->dir, "--logfile", log, "--requirepass", s->password,
               (char *)NULL);
        _exit(127);
    }
    redis_connect_admin(s);
}

static inline void redis_init(struct redis_server *s, const char *password)
{
    *s = (struct redis_server){.port = free_port()};
    snprintf(s->password, sizeof s->password, "%s", password);
    snprintf(s->dir, sizeof s->dir, "/tmp/roomcast-test-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    redis_start(s);
}

static inline void redis_kill(struct redis_server *s)
{
    if (s->admin)
        redisFree(s->admin);
    s->admin = NULL;
    if (s->pid) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    s->pid = 0;
}

static inline void redis_remove(struct redis_server *s)
{
    char command[100];
    redis_kill(s);
    snprintf(command, sizeof command, "rm -rf %s", s->dir);
    assert_int_equal(system(command), 0);
}

/* An administrator's command; the answer as a number: an integer, how many elements, or -1 for an error. */
static inline long long redis_admin(struct redis_server *s, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    redisReply *r = redisvCommand(s->admin, format, ap);
    va_end(ap);
    assert_non_null(r);
    long long value = r->type == REDIS_REPLY_ERROR   ? -1
                      : r->type == REDIS_REPLY_ARRAY ? (long long)r->elements
                                                     : r->integer;
    freeReplyObject(r);
    return value;
}

#endif
