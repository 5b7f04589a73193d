/* SPDX-License-Identifier: Apache-2.0 */
/* PUBLISH and its answers: a ring of who waits. */
#include "gateway/redis/publications.h"

#include <assert.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "gateway/redis/errors.h"

enum {
    FIRST_CAP = 64,
    KEEP_CAP = 4096,   /* a ring that grew above it is given back when it is empty */
    COMMAND_BYTES = 64 /* what a command takes beside channel and bytes, at most */
};

#define BYTES_MAX (512u * 1024 * 1024) /* Redis takes no longer string */

void redis_publications_init(struct redis_publications *p, size_t *queued_bytes, size_t max_bytes,
                             struct histogram *latency)
{
    *p =
        (struct redis_publications){.queued_bytes = queued_bytes, .max_bytes = max_bytes, .latency = latency};
}

void redis_publications_free(struct redis_publications *p)
{
    free(p->ring);
    p->ring = NULL;
    p->cap = p->head = p->count = 0;
}

static struct redis_waiting *at(const struct redis_publications *p, size_t i)
{
    return &p->ring[(p->head + i) & (p->cap - 1)];
}

/* Room for one more. */
static int grow(struct redis_publications *p)
{
    if (p->count < p->cap)
        return 0;
    size_t cap = p->cap ? p->cap * 2 : FIRST_CAP;
    struct redis_waiting *ring = malloc(cap * sizeof *ring);
    if (ring == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < p->count; i++)
        ring[i] = *at(p, i);
    free(p->ring);
    p->ring = ring;
    p->cap = cap;
    p->head = 0;
    return 0;
}

static struct redis_waiting pop(struct redis_publications *p)
{
    struct redis_waiting w = *at(p, 0);
    p->head = (p->head + 1) & (p->cap - 1);
    p->count--;
    *p->queued_bytes -= w.cost;
    if (p->count == 0 && p->cap > KEEP_CAP)
        redis_publications_free(p);
    return w;
}

int redis_publications_add(struct redis_publications *p, struct redis_link *link, struct slice channel,
                           struct slice bytes, bus_accepted_fn fn, void *arg)
{
    if (bytes.n > BYTES_MAX)
        return ERR_TOO_LARGE;
    size_t cost = sizeof(struct redis_waiting) + COMMAND_BYTES + channel.n + bytes.n;
    if (cost > p->max_bytes || *p->queued_bytes > p->max_bytes - cost)
        return ERR_OVERLOADED;
    struct buf *out = redis_link_out(link);
    if (out->err || buf_reserve(out, cost) != 0 || grow(p) != 0) {
        out->err = 0; /* nothing was appended */
        return ERR_NOMEM;
    }
    (void)buf_add(out, SLICE_LIT("*3\r\n$7\r\nPUBLISH\r\n"));
    resp_bulk(out, channel);
    resp_bulk(out, bytes);
    assert(!out->err);
    p->count++;
    *at(p, p->count - 1) =
        (struct redis_waiting){fn, arg, redis_link_expect(link, 1), redis_clock_us(), cost};
    *p->queued_bytes += cost;
    return 0;
}

/* One publication failed, the connection is as good as before. */
static void log_refusal(struct redis_publications *p, uint64_t now_us, struct slice error)
{
    uint64_t suppressed = 0;
    if (log_limit(&p->limit, now_us / 1000, &suppressed))
        log_warn("redis refused a publication", "reason=%s hint=%s suppressed=%llu", log_quote(error),
                 log_quote(slice_of(redis_error_hint(error))), (unsigned long long)suppressed);
}

bool redis_publications_expect(const struct redis_publications *p, uint64_t number)
{
    return p->count > 0 && at(p, 0)->number == number;
}

int redis_publications_reply(struct redis_publications *p, const struct resp_reply *reply)
{
    if (reply->type != RESP_INTEGER && reply->type != RESP_ERROR)
        return ERR_PARSE;
    uint64_t now = redis_clock_us();
    struct redis_waiting w = pop(p);
    bool accepted = reply->type == RESP_INTEGER;
    if (accepted)
        histogram_record(p->latency, now - w.since_us);
    else
        log_refusal(p, now, reply->text);
    if (w.fn)
        w.fn(w.arg, accepted ? 0 : ERR_UNAVAILABLE);
    return 0;
}

/* The bus is down: the callbacks cannot add any. */
void redis_publications_fail(struct redis_publications *p)
{
    while (p->count > 0) {
        struct redis_waiting w = pop(p);
        if (w.fn)
            w.fn(w.arg, ERR_UNAVAILABLE);
    }
}
