/* SPDX-License-Identifier: Apache-2.0 */
/* The encoding half of the Socket.IO dialect's table (dialect.h), and the refusal of a namespace. */
#ifndef CORE_DIALECT_SOCKETIO_ENCODE_H
#define CORE_DIALECT_SOCKETIO_ENCODE_H

#include "core/dialect/dialect.h"

struct frame *socketio_encode(const struct publication *pub, struct slice room) MUST_CHECK;
void socketio_request(struct client *cl, uint64_t id, const struct event *event);
void socketio_ack(struct client *cl, uint64_t ack, const struct event *answer);
void socketio_fail(struct client *cl, const struct event *event, bool wants_ack, uint64_t ack, int err,
                   const char *message);
void socketio_connected(struct client *cl);
void socketio_connect_error(struct conn *c, struct slice ns, const char *message);

#endif
