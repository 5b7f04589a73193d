/* SPDX-License-Identifier: Apache-2.0 */
/* The connection to Redis. Its states follow each other; any failure leads back to RESTING:
 *
 *     RESTING -> DIALING -> GREETING (AUTH, PING, SELECT, HELLO) -> READY
 *
 * One timer does for all of them: the next attempt, the greeting's deadline, or, when READY, the next look at
 * how long Redis has been silent. A peer that said nothing for bus_timeout_ms is asked with a PING, or given
 * up if an answer is owed already: a Redis that hangs is noticed after at most twice that time. */
#include "gateway/redis/link.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/random.h"
#include "core/base/xalloc.h"
#include "gateway/redis/dial.h"
#include "gateway/redis/errors.h"
#include "gateway/redis/socket.h"

enum {
    FIRST_PAUSE_MS = 100, /* less up to a half at random, and doubled from attempt to attempt */
    LAST_PAUSE_MS = 5000,
    STEADY_MS = 1000, /* ready for so long: the next failure is the first of a new row */
    REASON_MAX = 200
};

enum link_state { RESTING, DIALING, GREETING, READY };

struct redis_link {
    struct event_base *base;
    const struct redis_url *url;
    const struct settings *settings;
    struct redis_link_handler handler;
    enum link_state state;
    unsigned failures; /* attempts since it was steady */
    struct event *timer;
    struct redis_dial *dial;     /* DIALING */
    struct redis_socket socket;  /* GREETING and READY */
    uint64_t expected, answered; /* replies, of this connection; their numbers begin with 0 */
    uint64_t greetings;          /* how many of them are to what greet() sends */
    bool probing;                /* the next one is to a PING of ours */
    uint64_t heard_ms, ready_ms; /* of the last byte, or of the first command after silence; of READY */
    char reason[REASON_MAX];     /* an error that Redis answered, or "" */
    const char *hint;
    struct log_limit limit;
};

uint64_t redis_clock_us(void)
{
    struct timespec t;
    int err = clock_gettime(CLOCK_MONOTONIC, &t);
    assert(err == 0);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t now_ms(void)
{
    return redis_clock_us() / 1000;
}

static void wait_ms(struct redis_link *l, uint64_t ms)
{
    struct timeval tv = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
    int err = event_add(l->timer, &tv);
    assert(err == 0);
}

static void set_state(struct redis_link *l, enum link_state state)
{
    static const char *const names[] = {"resting", "dialing", "greeting", "ready"};
    l->state = state;
    log_debug("redis link", "state=%s", names[state]);
}

static uint64_t pause_ms(unsigned failures)
{
    uint64_t ms = failures < 6 ? (uint64_t)FIRST_PAUSE_MS << failures : LAST_PAUSE_MS;
    if (ms > LAST_PAUSE_MS)
        ms = LAST_PAUSE_MS;
    return ms / 2 + random_u64() % (ms / 2 + 1);
}

/* A connection that was lost is told once a second, attempts that fail once in ten. */
static void log_failure(struct redis_link *l, bool was_ready, uint64_t pause, const char *reason)
{
    uint64_t suppressed = 0;
    if (!log_limit(&l->limit, now_ms() / (was_ready ? 1 : 10), &suppressed))
        return;
    const char *what = was_ready ? "redis connection lost" : "redis connection failed";
    const char *label = *l->hint ? " hint=" : "", *hint = *l->hint ? log_quote(slice_of(l->hint)) : "";
    log_warn(what, "host=%s port=%s reason=%s%s%s retry_ms=%llu suppressed=%llu",
             log_quote(slice_of(l->url->host)), l->url->port, log_quote(slice_of(reason)), label, hint,
             (unsigned long long)pause, (unsigned long long)suppressed);
}

static void fail(struct redis_link *l, const char *reason)
{
    bool was_ready = l->state == READY;
    assert(l->state != RESTING);
    l->handler.enter(l->handler.arg);
    if (was_ready && now_ms() - l->ready_ms >= STEADY_MS)
        l->failures = 0;
    uint64_t pause = pause_ms(l->failures++);
    log_failure(l, was_ready, pause, *l->reason ? l->reason : reason);
    redis_socket_close(&l->socket);
    l->expected = l->answered = l->greetings = 0;
    l->probing = false;
    l->reason[0] = '\0';
    l->hint = "";
    set_state(l, RESTING);
    wait_ms(l, pause);
    l->handler.down(l->handler.arg, was_ready);
}

static void fail_silent(struct redis_link *l, const char *to)
{
    char text[REASON_MAX];
    snprintf(text, sizeof text, "no answer to %s within bus_timeout_ms=%llu", to,
             (unsigned long long)l->settings->bus_timeout_ms);
    fail(l, text);
}

struct buf *redis_link_out(struct redis_link *l)
{
    assert(l->state == READY);
    return &l->socket.out;
}

static bool owes(const struct redis_link *l)
{
    return l->answered < l->expected;
}

uint64_t redis_link_expect(struct redis_link *l, size_t replies)
{
    uint64_t number = l->expected;
    if (!owes(l))
        l->heard_ms = now_ms();
    l->expected += replies;
    return number;
}

void redis_link_flush(struct redis_link *l)
{
    redis_socket_flush(&l->socket);
}

static void unanswered_command(struct redis_link *l, size_t count, const char *const *words)
{
    resp_array(&l->socket.out, count);
    for (size_t i = 0; i < count; i++)
        resp_bulk(&l->socket.out, slice_of(words[i]));
}

static void command(struct redis_link *l, size_t count, const char *const *words)
{
    unanswered_command(l, count, words);
    (void)redis_link_expect(l, 1);
}

/* What is sent first. Some errors (NOAUTH, LOADING) are only told to a command, so there is a PING. The name
 * in CLIENT LIST is a courtesy that may be refused. The answer to HELLO, maps in maps, is more than hiredis
 * before 1.0 can read: it is suppressed, and how the last command is answered tells whether RESP3 is
 * spoken. */
static void greet(struct redis_link *l)
{
    const struct redis_url *u = l->url;
    char name[100], database[16];
    snprintf(name, sizeof name, "roomcast-%s", l->settings->node_id);
    snprintf(database, sizeof database, "%u", u->database);
    if (u->password && u->user)
        command(l, 3, (const char *const[]){"AUTH", u->user, u->password});
    else if (u->password)
        command(l, 2, (const char *const[]){"AUTH", u->password});
    command(l, 1, (const char *const[]){"PING"});
    if (u->database > 0)
        command(l, 2, (const char *const[]){"SELECT", database});
    command(l, 3, (const char *const[]){"CLIENT", "SETNAME", name});
    unanswered_command(l, 3, (const char *const[]){"CLIENT", "REPLY", "SKIP"});
    unanswered_command(l, 2, (const char *const[]){"HELLO", "3"});
    command(l, 2, (const char *const[]){"UNSUBSCRIBE", "roomcast"});
    l->greetings = l->expected;
    set_state(l, GREETING);
    wait_ms(l, l->settings->bus_timeout_ms);
    redis_link_flush(l);
}

static void become_ready(struct redis_link *l)
{
    set_state(l, READY);
    l->ready_ms = now_ms();
    l->limit = (struct log_limit){0};
    wait_ms(l, l->settings->bus_timeout_ms);
    log_info("redis connected", "host=%s port=%s", log_quote(slice_of(l->url->host)), l->url->port);
    l->handler.ready(l->handler.arg);
}

/* An error answer that the connection is given up for. */
static int refused(struct redis_link *l, const struct resp_reply *reply)
{
    snprintf(l->reason, sizeof l->reason, "Redis answered: %.*s", SLICE_FMT(reply->text));
    l->hint = redis_error_hint(reply->text);
    return ERR_UNAVAILABLE;
}

/* left: how many of the greetings are still to be answered. */
static int greeted(struct redis_link *l, uint64_t left, const struct resp_reply *reply)
{
    bool is_name = left == 1, is_last = left == 0;
    if (reply->type == RESP_ERROR && !is_name)
        return refused(l, reply);
    if (is_last && reply->type == RESP_ARRAY) {
        snprintf(l->reason, sizeof l->reason, "Redis does not speak RESP3: version 6 or newer is needed");
        return ERR_UNAVAILABLE;
    }
    if (is_last ? reply->type != RESP_PUSH : reply->type != RESP_STATUS && reply->type != RESP_ERROR)
        return ERR_PARSE;
    if (is_last)
        become_ready(l);
    return 0;
}

/* An error is a sign of life too. */
static int probed(struct redis_link *l, const struct resp_reply *reply)
{
    l->probing = false;
    return reply->type == RESP_STATUS || reply->type == RESP_ERROR ? 0 : ERR_PARSE;
}

static int on_reply(void *arg, const struct resp_reply *reply)
{
    struct redis_link *l = arg;
    if (!owes(l)) /* what Redis says before it closes a connection */
        return reply->type == RESP_ERROR ? refused(l, reply) : ERR_PARSE;
    uint64_t number = l->answered++;
    if (number < l->greetings)
        return greeted(l, l->greetings - l->answered, reply);
    if (l->probing)
        return probed(l, reply);
    int err = l->handler.reply(l->handler.arg, number, reply);
    return err && reply->type == RESP_ERROR ? refused(l, reply) : err;
}

static void on_message(void *arg, struct slice channel, struct slice bytes)
{
    struct redis_link *l = arg;
    if (l->state == READY)
        l->handler.message(l->handler.arg, channel, bytes);
}

static void on_heard(void *arg)
{
    struct redis_link *l = arg;
    l->heard_ms = now_ms();
    l->handler.enter(l->handler.arg);
}

static void on_broken(void *arg, const char *reason)
{
    fail(arg, reason);
}

static void on_dialed(void *arg, int fd, const char *wrong)
{
    struct redis_link *l = arg;
    l->dial = NULL;
    if (fd < 0) {
        fail(l, wrong);
        return;
    }
    const struct redis_socket_handler handler = {
        .resp = {.arg = l, .message = on_message, .reply = on_reply},
        .heard = on_heard,
        .broken = on_broken,
    };
    redis_socket_open(&l->socket, l->base, fd, &handler);
    greet(l);
}

/* libevent runs what is readable before what is due: bytes that wait because this process slept were heard.
 */
static void check_silence(struct redis_link *l)
{
    uint64_t timeout = l->settings->bus_timeout_ms, silent = now_ms() - l->heard_ms;
    if (silent < timeout) {
        wait_ms(l, timeout - silent);
    } else if (owes(l)) {
        fail_silent(l, l->probing ? "PING" : "a command");
    } else {
        l->probing = true;
        command(l, 1, (const char *const[]){"PING"});
        wait_ms(l, timeout);
        redis_link_flush(l);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct redis_link *l = arg;
    switch (l->state) {
    case RESTING:
        set_state(l, DIALING);
        l->dial = redis_dial(l->base, l->url->host, l->url->port, l->settings->bus_timeout_ms, on_dialed, l);
        return;
    case DIALING: /* the dial has a timer of its own */
        return;
    case GREETING:
        fail_silent(l, "AUTH or PING");
        return;
    case READY:
        check_silence(l);
        return;
    }
}

bool redis_link_ready(const struct redis_link *l)
{
    return l->state == READY;
}

bool redis_link_resting(const struct redis_link *l)
{
    return l->state == RESTING && l->failures > 0;
}

struct redis_link *redis_link_new(struct event_base *base, const struct redis_url *url,
                                  const struct settings *settings, const struct redis_link_handler *handler)
{
    struct redis_link *l = xcalloc(1, sizeof *l);
    l->base = base;
    l->url = url;
    l->settings = settings;
    l->handler = *handler;
    l->hint = "";
    redis_socket_init(&l->socket);
    l->timer = event_new(base, -1, 0, on_timer, l);
    assert(l->timer);
    wait_ms(l, 0);
    return l;
}

void redis_link_free(struct redis_link *l)
{
    if (l->dial)
        redis_dial_cancel(l->dial);
    redis_socket_close(&l->socket);
    event_free(l->timer);
    free(l);
}
