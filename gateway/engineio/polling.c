/* SPDX-License-Identifier: Apache-2.0 */
/* Polling sessions. The rules are those of engine.io 6.6. */
#include "gateway/engineio/polling.h"

#include <stdlib.h>

#include "core/codec/engineio.h"
#include "gateway/engineio/engine.h"
#include "gateway/engineio/probe.h"
#include "gateway/http/http.h"
#include "gateway/loop.h"
#include "gateway/server/server.h"
#include "gateway/websocket/websocket.h"

static void answer_text(struct http *h, int status, const char *type, struct slice body, bool counted)
{
    http_answer(h, &(struct answer){.status = status,
                                    .type = type,
                                    .headers = "Cache-Control: no-store\r\n",
                                    .body = body,
                                    .counted = counted});
}

static void answer_empty(struct http *h, int status)
{
    answer_text(h, status, NULL, SLICE_NONE, false);
}

static void answer_ok(struct http *h)
{
    answer_text(h, 200, "text/html", SLICE_LIT("ok"), false);
}

/* Everything that is queued, and then `last` if it is not empty. */
static void answer_get(struct polling *p, struct slice last)
{
    struct http *get = p->get;
    struct buf body;
    buf_init(&body, SIZE_MAX);
    p->get = NULL;
    p->session->conn.behind = true;
    int err = session_take(p->session, &body);
    if (err == 0 && last.n > 0 && body.n > 0)
        err = buf_addc(&body, EIO_SEPARATOR);
    if (err == 0)
        err = buf_add(&body, last);
    if (err == 0) {
        answer_text(get, 200, "text/plain; charset=UTF-8", buf_slice(&body), true);
    } else {
        http_close(get);
        conn_close(&p->session->conn, CLOSE_NOMEM);
    }
    buf_free(&body);
}

bool polling_has_payload(const struct polling *p)
{
    return p->payload.n > p->taken;
}

/* The next packets of a POST that is held; as session_payload(). */
static int take_payload(struct polling *p, unsigned most)
{
    struct slice rest = slice_from(buf_slice(&p->payload), p->taken);
    int got = polling_has_payload(p) ? session_payload(p->session, &rest, most) : 0;
    p->taken = p->payload.n - rest.n;
    return got;
}

/* The client went away in the middle of a request. */
static void get_gone(void *arg, struct http *h)
{
    struct polling *p = arg;
    (void)h;
    p->get = NULL;
    conn_close(&p->session->conn, CLOSE_POLL_LOST);
}

static void post_gone(void *arg, struct http *h)
{
    struct polling *p = arg;
    (void)h;
    p->post = NULL;
    conn_close(&p->session->conn, CLOSE_POLL_LOST);
}

static const struct http_owner get_owner = {.gone = get_gone}, post_owner = {.gone = post_gone};

static void forget_payload(struct polling *p)
{
    list_remove(&p->unread);
    buf_free(&p->payload);
    p->taken = 0;
}

void polling_retire(struct polling *p)
{
    forget_payload(p);
    list_remove(&p->all);
    timer_stop(&p->noop);
    timer_stop(&p->end);
    if (p->get != NULL) {
        http_own(p->get, NULL, NULL);
        answer_text(p->get, 200, "text/plain; charset=UTF-8", SLICE_LIT("1"), false);
    }
    if (p->post != NULL) {
        http_own(p->post, NULL, NULL);
        if (p->post->state == HTTP_HELD)
            answer_ok(p->post);
    }
    free(p);
}

/* The session is over for the broker; a POST that is under way has nowhere to go. */
static void over(struct polling *p)
{
    struct conn *c = &p->session->conn;
    conn_close(c, CLOSE_SHUTDOWN); /* if nobody has */
    if (p->probe != NULL)
        ws_cut(p->probe);
    conn_lost(c, c->reason);
    if (p->post != NULL && p->post->state != HTTP_HELD) {
        http_close(p->post);
        p->post = NULL;
    }
    polling_retire(p);
}

static void polling_pause(struct conn *c, bool paused)
{
    struct polling *p = c->io;
    struct http *post = p->post;
    list_remove(&p->unread);
    if (!paused && polling_has_payload(p))
        list_append(&p->server->payloads, &p->unread);
    if (paused || post == NULL || post->state != HTTP_HELD || polling_has_payload(p))
        return;
    p->post = NULL;
    answer_ok(post);
}

/* The end is told to the poll that is held, or to the next one. */
static void finish(struct polling *p)
{
    struct conn *c = &p->session->conn;
    bool told = p->get != NULL;
    bool nobody =
        c->reason == CLOSE_PEER || c->reason == CLOSE_POLL_CONFLICT || close_reason_abrupt(c->reason);
    if (p->probe != NULL)
        ws_cut(p->probe);
    forget_payload(p);
    polling_pause(c, false);
    if (told)
        answer_get(p, c->reason == CLOSE_PEER ? SLICE_LIT("6") : SLICE_LIT("1"));
    if (told || nobody)
        over(p);
    else if (!timer_active(&p->end))
        server_timer(p->server, &p->end, p->server->gateway->draining ? POLLING_DRAIN_MS : POLLING_END_MS);
}

static void polling_flush(struct conn *c)
{
    struct polling *p = c->io;
    if (c->state == CONN_CLOSING)
        finish(p);
    else if (p->get != NULL && c->out.count > 0)
        answer_get(p, SLICE_NONE);
}

static const struct transport transport_polling = {
    .name = "polling", .flush = polling_flush, .pause = polling_pause};

static void noop_due(struct timer *t, uint64_t now)
{
    (void)now;
    polling_release(container_of(t, struct polling, noop));
}

void polling_release(struct polling *p)
{
    if (p->get != NULL)
        answer_get(p, SLICE_LIT("6"));
    server_timer(p->server, &p->noop, PROBE_NOOP_MS);
}

static void end_due(struct timer *t, uint64_t now)
{
    (void)now;
    over(container_of(t, struct polling, end));
}

static void hold(struct polling *p, struct http *h)
{
    p->get = h;
    http_hold(h, &get_owner, p);
    p->session->conn.behind = false;
    conn_touch(&p->session->conn);
}

void polling_open(struct http *h, const struct request *r)
{
    struct polling *p = calloc(1, sizeof *p);
    struct slice sid = r->from_proxy ? r->head.header[HTTP_X_ROOMCAST_AFFINITY] : SLICE_NONE;
    if (p != NULL)
        p->session = session_open(h->server->gateway->broker, &transport_polling, p, false, sid, r->peer);
    if (p == NULL || p->session == NULL) {
        free(p);
        http_error_of(h, ERR_NOMEM);
        return;
    }
    p->server = h->server;
    list_append(&h->server->polling, &p->all);
    buf_init(&p->payload, server_settings(h->server)->max_message_bytes);
    list_init(&p->unread);
    timer_init(&p->noop, noop_due);
    timer_init(&p->end, end_due);
    hold(p, h);
}

void polling_get(struct http *h, struct session *s)
{
    struct polling *p = s->conn.io;
    if (p->get != NULL) {
        conn_close(&s->conn, CLOSE_POLL_CONFLICT); /* answers the first */
        answer_empty(h, 400);
    } else if (s->conn.state == CONN_CLOSING) {
        if (s->conn.out.count == 0) {
            answer_text(h, 200, "text/plain; charset=UTF-8",
                        SLICE_LIT("6\x1e"
                                  "1"),
                        false);
        } else {
            p->get = h;
            answer_get(p, SLICE_LIT("1"));
        }
        over(p);
    } else {
        hold(p, h);
    }
}

bool polling_admit(struct http *h, const struct request *r, struct session *s)
{
    struct polling *p = s->conn.io;
    h->body_max = server_settings(h->server)->max_message_bytes;
    if (p->post != NULL) {
        conn_close(&s->conn, CLOSE_POLL_CONFLICT);
        answer_empty(h, 400);
    } else if (slice_starts(r->head.header[HTTP_CONTENT_TYPE], "application/octet-stream")) {
        conn_close(&s->conn, CLOSE_PARSE);
        answer_empty(h, 400);
    } else if (r->head.length > h->body_max) {
        server_refused(h->server, ERR_TOO_LARGE);
        answer_empty(h, 413);
    } else {
        p->post = h;
        http_own(h, &post_owner, p);
        return true;
    }
    return false;
}

void polling_post(struct http *h, struct session *s, struct slice body)
{
    struct polling *p = s->conn.io;
    if (p->post == h)
        p->post = NULL;
    http_own(h, NULL, NULL);
    int got = session_payload(s, &body, POLLING_PACKETS_PER_TURN);
    if (got == 1 && buf_add(&p->payload, body) != 0)
        conn_close(&s->conn, CLOSE_NOMEM);
    else if (got == 1 && !s->conn.paused)
        list_append(&h->server->payloads, &p->unread);
    if (got < 0) {
        engine_fail(h, EIO_BAD_REQUEST);
    } else if (s->conn.state == CONN_OPEN && (got == 1 || s->conn.paused)) {
        p->post = h;
        http_hold(h, &post_owner, p);
    } else {
        answer_ok(h);
    }
}

static void go_on(struct polling *p)
{
    struct http *post = p->post;
    int got = take_payload(p, POLLING_PACKETS_PER_TURN);
    if (got == 1) {
        if (!p->session->conn.paused)
            list_append(&p->server->payloads, &p->unread);
        return;
    }
    forget_payload(p);
    if (post != NULL && got < 0) {
        p->post = NULL;
        engine_fail(post, EIO_BAD_REQUEST);
    } else if (post != NULL) {
        polling_pause(&p->session->conn, p->session->conn.paused);
    }
    if (p->switching && p->session->conn.state == CONN_OPEN)
        probe_switch(p->probe);
}

bool polling_turn(struct server *server, uint64_t until)
{
    struct link now;
    bool worked = !list_empty(&server->payloads);
    list_init(&now);
    list_move_all(&now, &server->payloads);
    while (!list_empty(&now)) {
        struct polling *p = container_of(now.next, struct polling, unread);
        list_remove(&p->unread);
        go_on(p);
        if (loop_is_past(until))
            break;
    }
    list_move_all(&now, &server->payloads); /* who has had a share waits behind those who have not */
    list_move_all(&server->payloads, &now);
    return worked;
}

void polling_drain(struct server *server)
{
    list_for_each (it, &server->polling) {
        struct polling *p = container_of(it, struct polling, all);
        if (timer_active(&p->end))
            server_timer(server, &p->end, POLLING_DRAIN_MS);
    }
}

void polling_free_all(struct server *server)
{
    while (!list_empty(&server->polling))
        over(container_of(server->polling.next, struct polling, all));
}
