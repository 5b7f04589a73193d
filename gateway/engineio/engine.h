/* SPDX-License-Identifier: Apache-2.0 */
/* Engine.IO's error answers. */
#ifndef GATEWAY_ENGINEIO_ENGINE_H
#define GATEWAY_ENGINEIO_ENGINE_H

#include "core/dialect/engineio.h"

struct http;
struct request;

/* {"code":1,"message":"Session ID unknown"} */
void engine_fail(struct http *h, enum eio_error code);
/* The same, or, to a WebSocket handshake, the bare text; the connection closes after that. */
void engine_refuse(struct http *h, const struct request *r, enum eio_error code);

#endif
