/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers of route.c's table, one file each. Every one has the meaning that struct route gives it.
 */
#ifndef GATEWAY_HTTP_HANDLERS_H
#define GATEWAY_HTTP_HANDLERS_H

#include "gateway/http/http.h"

/* engine.c: /socket.io/ */
bool engine_admit(struct http *h, const struct request *r);
void engine_handle(struct http *h, const struct request *r, struct slice body);
/* websocket/open.c: /ws and /raw/ROOM */
void websocket_json(struct http *h, const struct request *r, struct slice body);
void websocket_raw(struct http *h, const struct request *r, struct slice body);
/* sse.c: /sse */
void sse_handle(struct http *h, const struct request *r, struct slice body);
/* publish.c: /rooms/ROOM */
bool publish_admit(struct http *h, const struct request *r);
void publish_handle(struct http *h, const struct request *r, struct slice body);
/* files.c: all else */
void files_handle(struct http *h, const struct request *r, struct slice body);

#endif
