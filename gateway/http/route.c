/* SPDX-License-Identifier: Apache-2.0 */
/* Which handler a path belongs to. */
#include "gateway/http/handlers.h"
#include "gateway/server/server.h"

static void operations_handle(struct http *h, const struct request *r, struct slice body)
{
    struct operations_answer a = {0};
    (void)body;
    if (r->head.method != HTTP_GET && r->head.method != HTTP_HEAD) {
        http_not_allowed(h, "GET, HEAD");
        return;
    }
    buf_init(&a.body, SIZE_MAX);
    if (!operations_get(h->server->gateway, r->path, &a))
        http_error(h, 404, "not_found", "nothing here");
    else if (a.body.err != 0)
        http_error_of(h, ERR_NOMEM);
    else
        http_answer(h, &(struct answer){.status = a.status,
                                        .type = a.content_type,
                                        .headers = "Cache-Control: no-store\r\n",
                                        .body = buf_slice(&a.body)});
    buf_free(&a.body);
}

/* The first row that fits counts. */
static const struct route table[] = {
    {"/socket.io/", false, engine_admit, engine_handle},
    {"/ws", true, NULL, websocket_json},
    {"/raw/", false, NULL, websocket_raw},
    {"/sse", true, NULL, sse_handle},
    {"/rooms/", false, publish_admit, publish_handle},
    {"/healthz", true, NULL, operations_handle},
    {"/readyz", true, NULL, operations_handle},
    {"/metrics", true, NULL, operations_handle},
    {"", false, NULL, files_handle},
};

const struct route *http_route(struct slice path)
{
    const struct route *r = table;
    while (!(r->exact ? slice_is(path, r->prefix) : slice_starts(path, r->prefix)))
        r++;
    return r;
}
