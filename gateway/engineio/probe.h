/* SPDX-License-Identifier: Apache-2.0 */
/* The upgrade of a polling session: a WebSocket with its sid probes, and takes the session over or fails. */
#ifndef GATEWAY_ENGINEIO_PROBE_H
#define GATEWAY_ENGINEIO_PROBE_H

#include "core/base/slice.h"
#include "core/dialect/engineio.h"

struct http;
struct polling;
struct request;
struct ws;

#define PROBE_NOOP_MS 100 /* how often held polls are released while the client wants to stop polling */

/* A WebSocket handshake with the sid of s. */
void probe_open(struct http *h, const struct request *r, struct session *s);
/* What the probing WebSocket says. */
void probe_message(struct ws *w, struct slice text, bool binary);
/* It takes the session over. */
void probe_switch(struct ws *w);
/* It is to be closed, the session goes on polling. */
void probe_failed(struct ws *w);
/* It is gone already. */
void probe_lost(struct ws *w);

#endif
