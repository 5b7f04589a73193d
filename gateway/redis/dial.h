/* SPDX-License-Identifier: Apache-2.0 */
/* From a host name to a connected socket, without stopping the loop: the name is resolved, then its addresses
 * are tried one after the other. */
#ifndef GATEWAY_REDIS_DIAL_H
#define GATEWAY_REDIS_DIAL_H

#include <event2/event.h>

#include "core/base/slice.h"

struct redis_dial;

/* fd: connected, not blocking, the receiver's to close; or -1, and `wrong` says why. The dial is freed after
 * it returns. Called from the event loop, never from redis_dial(). */
typedef void (*redis_dialed_fn)(void *arg, int fd, const char *wrong);
/* Resolving, and each address, may take timeout_ms. host and port must stay until fn is called. */
struct redis_dial *redis_dial(struct event_base *base, const char *host, const char *port,
                              uint64_t timeout_ms, redis_dialed_fn fn, void *arg);
/* fn will not be called. */
void redis_dial_cancel(struct redis_dial *d);

#endif
