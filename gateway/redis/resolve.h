/* SPDX-License-Identifier: Apache-2.0 */
/* Host names to addresses without stopping the event loop: getaddrinfo() may block for many seconds, so each
 * question has a thread of its own, which ends with it. Numeric addresses need none. */
#ifndef GATEWAY_REDIS_RESOLVE_H
#define GATEWAY_REDIS_RESOLVE_H

#include <event2/event.h>
#include <stdbool.h>
#include <sys/socket.h>

#define REDIS_ADDRESSES 8

struct redis_addresses {
    unsigned n;
    struct {
        struct sockaddr_storage address;
        socklen_t size;
    } v[REDIS_ADDRESSES];
};

/* True, and one address in out, when host is numeric. */
bool redis_resolve_numeric(const char *host, const char *port, struct redis_addresses *out);

struct redis_question;
/* found has at least one address, or is NULL and `wrong` says why. The question is freed after it returns. */
typedef void (*redis_resolved_fn)(void *arg, const struct redis_addresses *found, const char *wrong);
/* fn is called from the event loop. NULL: no thread or descriptor can be had. */
struct redis_question *redis_resolve(struct event_base *base, const char *host, const char *port,
                                     redis_resolved_fn fn, void *arg);
/* fn will not be called. Its thread may go on for a while, by itself. */
void redis_resolve_cancel(struct redis_question *q);

#endif
