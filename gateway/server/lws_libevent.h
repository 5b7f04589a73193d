/* SPDX-License-Identifier: Apache-2.0 */
/* libwebsockets as a guest of a libevent loop, on Debian's stock packages, whose builds lack a libevent
 * backend. One per process: libwebsockets keeps no argument for its backend. */
#ifndef GATEWAY_SERVER_LWS_LIBEVENT_H
#define GATEWAY_SERVER_LWS_LIBEVENT_H

#include <event2/event.h>
#include <libwebsockets.h>

#include "core/base/slice.h"

struct lws_libevent;

/* Before lws_create_context(): takes part in `info`. enter(arg) is called first in every event. Sockets have
 * numbers below max_fds. */
struct lws_libevent *lws_libevent_new(struct lws_context_creation_info *info, struct event_base *base,
                                      int max_fds, void (*enter)(void *arg), void *arg);
/* After it. */
void lws_libevent_start(struct lws_libevent *e, struct lws_context *context);
/* After lws_context_destroy(). */
void lws_libevent_free(struct lws_libevent *e);

/* End of a loop turn: serves the write requests that came up in it and what libwebsockets has buffered, and
 * fires its timers. True if the next turn must not sleep. */
bool lws_libevent_turn(struct lws_libevent *e);

/* The socket took no more of what was written past libwebsockets: SERVER_WRITEABLE comes when it does. */
void lws_libevent_wait_writable(struct lws *wsi);
/* From now on the caller reads the socket, and libwebsockets never does: input(arg) is called when there is
 * some. */
void lws_libevent_take_input(struct lws *wsi, void (*input)(void *arg), void *arg);
/* For such a socket: stop (false) or go on watching for input. */
void lws_libevent_watch_input(struct lws *wsi, bool on);
/* Cuts the connection at the end of this turn, without a close frame. */
void lws_libevent_kill(struct lws *wsi);

/* What libwebsockets takes for a plugin of its own. */
extern const lws_plugin_evlib_t lws_libevent_plugin;

#endif
