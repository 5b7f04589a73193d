/* SPDX-License-Identifier: Apache-2.0 */
/* Socket.IO v5 over an Engine.IO session: what engineio.c hands up, one Engine.IO message at a time. */
#ifndef CORE_DIALECT_SOCKETIO_H
#define CORE_DIALECT_SOCKETIO_H

#include "core/dialect/engineio.h"

/* A text message (without Engine.IO's "4"), or a binary one. Violations of the protocol close the session. */
void socketio_text(struct session *s, struct slice text);
void socketio_binary(struct session *s, struct slice bytes);
/* Forgets an event whose attachments are incomplete. */
void socketio_release(struct session *s);

#endif
