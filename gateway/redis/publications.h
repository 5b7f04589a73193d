/* SPDX-License-Identifier: Apache-2.0 */
/* Publications that Redis has not answered yet, oldest first: Redis answers in order. */
#ifndef GATEWAY_REDIS_PUBLICATIONS_H
#define GATEWAY_REDIS_PUBLICATIONS_H

#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/bus/bus.h"
#include "gateway/redis/link.h"

struct redis_waiting {
    bus_accepted_fn fn; /* NULL: nobody */
    void *arg;
    uint64_t number; /* of the reply that it will have */
    uint64_t since_us;
    size_t cost;
};

struct redis_publications {
    struct redis_waiting *ring;
    size_t cap, head, count; /* cap: 0 or a power of two */
    size_t *queued_bytes;    /* sum of all costs */
    size_t max_bytes;
    struct histogram *latency;
    struct log_limit limit;
};

/* queued_bytes, of the bus, is kept up to date. */
void redis_publications_init(struct redis_publications *p, size_t *queued_bytes, size_t max_bytes,
                             struct histogram *latency);
void redis_publications_free(struct redis_publications *p);
/* Appends a PUBLISH to the link, which is ready. 0, or ERR_TOO_LARGE, ERR_OVERLOADED, ERR_NOMEM. */
int redis_publications_add(struct redis_publications *p, struct redis_link *link, struct slice channel,
                           struct slice bytes, bus_accepted_fn fn, void *arg) MUST_CHECK;
/* The reply of that number is to the oldest of them. */
bool redis_publications_expect(const struct redis_publications *p, uint64_t number);
/* That reply came. 0, or an error: the connection must be given up. */
int redis_publications_reply(struct redis_publications *p, const struct resp_reply *reply) MUST_CHECK;
/* The connection was lost: answers ERR_UNAVAILABLE to all. */
void redis_publications_fail(struct redis_publications *p);

#endif
