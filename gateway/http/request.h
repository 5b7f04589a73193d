/* SPDX-License-Identifier: Apache-2.0 */
/* A request as its handler sees it: the head, the address decoded, and who asks. All slices are valid while
 * the handler runs. */
#ifndef GATEWAY_HTTP_REQUEST_H
#define GATEWAY_HTTP_REQUEST_H

#include "core/base/buf.h"
#include "core/codec/http.h"

#define REQUEST_PARAMS 2048 /* in one query; what a head can hold of sensible ones */

struct param {
    struct slice key, value;
};

/* Where the decoded address of the request at hand is kept. */
struct request_scratch {
    struct buf text;
    struct param params[REQUEST_PARAMS];
};

struct request {
    struct http_head head;
    struct slice path; /* decoded, not normalised: what follows a prefix is a name, whatever it is made of */
    const struct param *params;
    size_t param_count;
    struct slice peer;    /* the client's address, from X-Forwarded-For behind a trusted proxy */
    bool from_proxy;      /* a trusted proxy sent it */
    bool wants_websocket; /* GET with Upgrade: websocket */
};

/* bytes: a whole head. 0, ERR_PARSE, ERR_VERSION, ERR_BAD_REQUEST (too many parameters), ERR_NOMEM. The
 * peer's side is left to the caller. */
int request_parse(struct request *r, struct slice bytes, struct request_scratch *scratch) MUST_CHECK;
/* The first parameter of that name, or an empty slice. */
struct slice request_param(const struct request *r, const char *key);
/* All of them in turn: *at is 0 before the first call. */
bool request_param_next(const struct request *r, const char *key, size_t *at, struct slice *value);
/* The token of Authorization: Bearer, or empty. */
struct slice request_bearer(const struct request *r);
/* The path after `prefix`, with which it begins. */
struct slice request_rest(const struct request *r, const char *prefix);
/* Appends {"token":"..."} when the request has a token, as a parameter or a header. */
int request_put_auth(const struct request *r, struct buf *json) MUST_CHECK;

#endif
