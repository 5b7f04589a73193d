/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: their bounded output queue, heartbeat, and the one function that changes their state. */
#include <assert.h>
#include <stdlib.h>

#include "core/broker/state.h"

struct frame *outq_at(const struct outq *q, uint32_t i)
{
    assert(i < q->count);
    if (q->ring == NULL)
        return q->one;
    return q->ring[(q->head + i) & (q->cap - 1)];
}

/* The rare part of a function that runs for each receiver: not compiled into it. */
#define RARE __attribute__((cold, noinline))

RARE static int outq_grow(struct outq *q)
{
    uint32_t cap = q->cap == 0 ? 4 : q->cap * 2;
    struct frame **ring = malloc(cap * sizeof *ring);
    if (ring == NULL)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < q->count; i++)
        ring[i] = outq_at(q, i);
    free(q->ring);
    q->ring = ring;
    q->cap = cap;
    q->head = 0;
    return 0;
}

/* Takes a reference. */
static int outq_push(struct outq *q, struct frame *f)
{
    if (q->ring == NULL && q->count == 0) {
        q->one = f;
    } else {
        if (q->count >= q->cap && outq_grow(q) != 0)
            return ERR_NOMEM;
        q->ring[(q->head + q->count) & (q->cap - 1)] = f;
    }
    frame_get(f);
    q->count++;
    q->bytes += f->n;
    return 0;
}

/* An emptied queue gives its ring back: idle connections hold no buffers. */
static void outq_pop(struct outq *q)
{
    struct frame *f = outq_at(q, 0);
    q->bytes -= f->n - q->offset;
    q->offset = 0;
    q->count--;
    frame_put(f);
    if (q->ring == NULL)
        return;
    q->head++;
    if (q->count == 0) {
        free(q->ring);
        q->ring = NULL;
        q->cap = q->head = 0;
    }
}

void outq_consume(struct outq *q, size_t n)
{
    while (n > 0) {
        size_t left = outq_at(q, 0)->n - q->offset;
        if (n < left) {
            q->offset += (uint32_t)n;
            q->bytes -= n;
            return;
        }
        n -= left;
        outq_pop(q);
    }
}

static void conn_forget_queue(struct conn *c)
{
    c->broker->metrics->v[M_QUEUE_BYTES] -= c->out.bytes;
    while (c->out.count > 0)
        outq_pop(&c->out);
}

void conn_touch(struct conn *c)
{
    if (list_empty(&c->touched) && c->state != CONN_LOST)
        list_append(&c->broker->touched, &c->touched);
}

static bool queue_full(const struct conn *c, const struct frame *f)
{
    const struct settings *s = c->broker->settings;
    if (c->out.count == 0) /* one frame is always taken, however large */
        return false;
    return c->out.bytes + f->n > s->max_queue_bytes || c->out.count >= s->max_queue_frames;
}

/* One turn can bring more than a queue may hold: only a socket that has been offered what is there and did
 * not take it makes a slow client. */
RARE static bool make_room(struct conn *c, const struct frame *f)
{
    if (!c->behind)
        c->transport->flush(c);
    return c->state == CONN_OPEN && !queue_full(c, f);
}

/* Not queued: the connection closes, or is doing so already. */
RARE static bool drop(struct conn *c, const struct frame *f, enum close_reason why)
{
    conn_close(c, why);
    c->broker->metrics->v[M_DROP_CLOSED] += f->messages;
    return false;
}

void conn_compress(struct conn *c)
{
    assert(!c->compressed && c->state != CONN_LOST);
    c->compressed = true;
    c->broker->metrics->v[M_CONN_COMPRESSED]++;
}

/* The queue holds, and its bounds count, what goes over the wire. */
static struct frame *as_sent(struct conn *c, struct frame *f)
{
    return c->compressed ? frame_compressed(c->broker, f) : f;
}

bool conn_send(struct conn *c, struct frame *f)
{
    if (c->state != CONN_OPEN)
        return drop(c, f, c->reason);
    f = as_sent(c, f);
    if (queue_full(c, f) && !make_room(c, f))
        return drop(c, f, CLOSE_SLOW);
    if (outq_push(&c->out, f) != 0)
        return drop(c, f, CLOSE_NOMEM);
    c->broker->metrics->v[M_QUEUE_BYTES] += f->n;
    conn_touch(c);
    return true;
}

bool conn_send_volatile(struct conn *c, struct frame *f)
{
    if (!c->behind && !queue_full(c, as_sent(c, f)))
        return conn_send(c, f);
    c->broker->metrics->v[M_DROP_VOLATILE] += f->messages;
    return false;
}

void conn_send_own(struct conn *c, struct frame *f)
{
    if (f == NULL) {
        conn_close(c, CLOSE_NOMEM);
        return;
    }
    (void)conn_send(c, f);
    frame_put(f);
}

void conn_written(struct conn *c, size_t n)
{
    struct metrics *m = c->broker->metrics;
    m->v[M_BYTES_OUT] += n;
    m->v[M_QUEUE_BYTES] -= n;
    outq_consume(&c->out, n);
}

/* One timer in two roles: until the next ping, and, where pings are answered, until the pong is late. */
static void heartbeat_fire(struct timer *t, uint64_t now)
{
    struct conn *c = container_of(t, struct conn, heartbeat);
    struct broker *b = c->broker;
    if (c->awaiting_pong) {
        conn_close(c, CLOSE_PING_TIMEOUT);
        return;
    }
    if (!conn_send(c, b->ping[c->dialect->index]))
        return; /* a full queue has closed it */
    c->awaiting_pong = c->dialect->pings;
    timer_start(&b->timers, t, now,
                c->dialect->pings ? b->settings->ping_timeout_ms : b->settings->ping_interval_ms);
}

void conn_pong(struct conn *c)
{
    if (!c->awaiting_pong || c->state != CONN_OPEN)
        return;
    c->awaiting_pong = false;
    timer_start(&c->broker->timers, &c->heartbeat, c->broker->now, c->broker->settings->ping_interval_ms);
}

static enum metric gauge_of(const struct dialect *d, const struct transport *t)
{
    static const enum metric plain[DIALECTS] = {M_CONN_SOCKETIO_WEBSOCKET, M_CONN_JSON_WEBSOCKET,
                                                M_CONN_RAW_WEBSOCKET, M_CONN_SSE_STREAM};
    if (d->index == DIALECT_SOCKETIO && strcmp(t->name, "polling") == 0)
        return M_CONN_SOCKETIO_POLLING;
    return plain[d->index];
}

void conn_set_transport(struct conn *c, const struct transport *t, void *io)
{
    struct metrics *m = c->broker->metrics;
    if (c->transport != NULL)
        m->v[c->gauge]--;
    c->transport = t;
    c->io = io;
    c->gauge = gauge_of(c->dialect, t);
    m->v[c->gauge]++;
}

struct conn *conn_open(struct broker *b, const struct dialect *d, const struct transport *t, void *io,
                       struct slice peer)
{
    struct conn *c = calloc(1, d->conn_size);
    if (c == NULL)
        return NULL;
    c->broker = b;
    c->dialect = d;
    c->state = CONN_OPEN;
    list_init(&c->touched);
    list_init(&c->all);
    list_init(&c->ending);
    list_init(&c->clients);
    list_append(&b->conns, &c->all);
    b->conn_count++;
    size_t n = peer.n < sizeof c->peer - 1 ? peer.n : sizeof c->peer - 1;
    if (n > 0)
        memcpy(c->peer, peer.p, n);
    c->tokens = (double)b->settings->max_events_burst;
    c->tokens_at = b->now;
    b->metrics->v[d->opened]++;
    conn_set_transport(c, t, io);
    timer_init(&c->heartbeat, heartbeat_fire);
    timer_start(&b->timers, &c->heartbeat, b->now, b->settings->ping_interval_ms);
    return c;
}

void conn_message(struct conn *c, struct slice bytes, bool binary)
{
    assert(c->state != CONN_LOST);
    if (c->state != CONN_OPEN)
        return;
    c->broker->metrics->v[M_BYTES_IN] += bytes.n;
    c->dialect->message(c, bytes, binary);
}

/* Token bucket, refilled by the time that has passed. */
bool conn_rate_allows(struct conn *c)
{
    const struct settings *s = c->broker->settings;
    if (s->max_events_per_second == 0)
        return true;
    double elapsed = (double)(c->broker->now - c->tokens_at) / 1000.0;
    c->tokens += elapsed * (double)s->max_events_per_second;
    if (c->tokens > (double)s->max_events_burst)
        c->tokens = (double)s->max_events_burst;
    c->tokens_at = c->broker->now;
    if (c->tokens < 1.0)
        return false;
    c->tokens -= 1.0;
    return true;
}

void conn_pause(struct conn *c, bool pause)
{
    if (pause == c->paused || c->state != CONN_OPEN || c->transport->pause == NULL)
        return;
    c->paused = pause;
    c->transport->pause(c, pause);
}

/* A peer whose events pile up is not read any more; one that sends on all the same is closed. What has been
 * read when the pause begins may be one more event, with all its attachments. */
void conn_pending(struct conn *c, int events, int64_t bytes)
{
    const struct settings *s = c->broker->settings;
    uint64_t most = s->max_pending_events, most_bytes = s->max_message_bytes;
    c->pending_events = (uint32_t)((int64_t)c->pending_events + events);
    c->pending_bytes = (uint64_t)((int64_t)c->pending_bytes + bytes);
    if (c->pending_events >= 2 * most || c->pending_bytes > 2 * most_bytes * (1 + s->max_attachments))
        conn_close(c, CLOSE_PENDING);
    if (c->paused)
        conn_pause(c, c->pending_events > most / 2 || c->pending_bytes > most_bytes / 2);
    else
        conn_pause(c, c->pending_events >= most || c->pending_bytes >= most_bytes);
}

/* The one place where a connection's state changes. */
static void conn_set_state(struct conn *c, enum conn_state state, enum close_reason why)
{
    struct broker *b = c->broker;
    assert(state > c->state);
    if (c->state == CONN_OPEN) {
        c->reason = why;
        b->metrics->closes[why]++;
        timer_stop(&c->heartbeat);
        list_append(&b->closing, &c->ending);
        log_debug("connection closes", "dialect=%s transport=%s peer=%s reason=%s", c->dialect->name,
                  c->transport->name, c->peer, close_reason_name(why));
    }
    c->state = state;
    if (state == CONN_CLOSING)
        return;
    b->conn_count--;
    b->metrics->v[c->gauge]--;
    b->metrics->v[M_CONN_COMPRESSED] -= c->compressed;
    list_remove(&c->touched);
    list_remove(&c->all);
    if (c->ended)
        list_append(&b->dead, &c->ending);
}

void conn_close(struct conn *c, enum close_reason why)
{
    if (c->state != CONN_OPEN)
        return;
    conn_set_state(c, CONN_CLOSING, why);
    if (close_reason_abrupt(why))
        conn_forget_queue(c);
    list_remove(&c->touched);
    list_append(&c->broker->touched, &c->touched);
}

void conn_lost(struct conn *c, enum close_reason why)
{
    assert(c->state != CONN_LOST);
    conn_set_state(c, CONN_LOST, why);
    conn_forget_queue(c);
    c->io = NULL;
}

/* Its clients leave; afterwards it is only waiting to be lost. */
static void conn_end(struct conn *c)
{
    list_for_each_safe (it, &c->clients)
        client_free(container_of(it, struct client, in_conn), close_reason_text(c->reason));
    c->ended = true;
    list_remove(&c->ending);
    if (c->state == CONN_LOST)
        list_append(&c->broker->dead, &c->ending);
}

void conns_end_closing(struct broker *b)
{
    while (!list_empty(&b->closing))
        conn_end(container_of(b->closing.next, struct conn, ending));
}

void conns_free_dead(struct broker *b)
{
    while (!list_empty(&b->dead)) {
        struct conn *c = container_of(b->dead.next, struct conn, ending);
        list_remove(&c->ending);
        if (c->dialect->release != NULL)
            c->dialect->release(c);
        free(c);
    }
}

/* Thousands of connections do not stay in a processor's cache, least of all beside the kernel's work for
 * them. */
static void prefetch(const struct link *touched)
{
    const struct conn *next = container_of(touched, struct conn, touched);
    const struct conn *second = container_of(touched->next, struct conn, touched);
    __builtin_prefetch(next->io);
    __builtin_prefetch(second);
    __builtin_prefetch(&second->touched);
}

/* A connection whose close is not finished in one flush() is touched again by its transport. */
void conns_flush(struct broker *b)
{
    struct link now;
    list_init(&now);
    list_move_all(&now, &b->touched); /* those that flush() touches again wait for the next turn */
    while (!list_empty(&now)) {
        struct conn *c = container_of(now.next, struct conn, touched);
        list_remove(&c->touched);
        if (!list_empty(&now))
            prefetch(now.next);
        c->transport->flush(c);
    }
}
