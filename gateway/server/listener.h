/* SPDX-License-Identifier: Apache-2.0 */
/* The listening sockets, and how many connections there may be. */
#ifndef GATEWAY_SERVER_LISTENER_H
#define GATEWAY_SERVER_LISTENER_H

#include <stddef.h>

#include "core/base/slice.h"

struct listener;
struct server;

#define LISTENER_BATCH     64  /* connections accepted in one event: a storm of them must not stop the loop */
#define LISTENER_PAUSE_MS  100 /* when no more can be taken */
#define LISTENER_SPARE_FDS 128 /* for Redis, files, logs, libraries */
#define LISTENER_MAX_FDS                                                                                     \
    65536 /* what max_connections=0 asks the system for at most: tables have this size, and the shared       \
             libwebsockets looks through its one at each close (lws_hooks.c) */

/* Sets the process's file limit to what `connections` (0: as many as possible) need, as far as it may be.
 * Returns how many connections fit; *max_fds is above every file number. Before libwebsockets, which takes
 * its tables' sizes from the limit. */
unsigned listener_raise_limit(unsigned long long connections, int *max_fds);

/* NULL, with `why` filled: "127.0.0.1:3000: address already in use". */
struct listener *listener_new(struct server *server, const char *listen, unsigned max_connections, char *why,
                              size_t why_size) MUST_CHECK;
const char *listener_address(const struct listener *l);
void listener_stop(struct listener *l); /* closes the sockets; may be called again */
void listener_free(struct listener *l);

#endif
