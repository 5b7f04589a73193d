/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes a request's address. */
#include "gateway/http/request.h"

#include "core/base/err.h"
#include "core/codec/json.h"

/* Decoding never makes longer, so that room for the whole target is enough, and nothing moves any more. */
static struct slice decode(struct buf *text, struct slice in, bool in_query)
{
    char *p = text->p + text->n;
    size_t n = in.n == 0 ? 0 : http_decode(in, in_query, p);
    text->n += n;
    return (struct slice){p, n};
}

int request_parse(struct request *r, struct slice bytes, struct request_scratch *scratch)
{
    *r = (struct request){.params = scratch->params};
    int err = http_head_parse(bytes, &r->head);
    if (err != 0)
        return err;
    buf_clear(&scratch->text);
    if (buf_reserve(&scratch->text, r->head.target.n + 1) != 0)
        return ERR_NOMEM;
    r->path = decode(&scratch->text, r->head.path, false);
    struct slice rest = r->head.query, key, value;
    while (http_query_next(&rest, &key, &value)) {
        if (r->param_count == REQUEST_PARAMS)
            return ERR_BAD_REQUEST;
        struct param *p = &scratch->params[r->param_count++];
        p->key = decode(&scratch->text, key, true);
        p->value = decode(&scratch->text, value, true);
    }
    r->wants_websocket = r->head.method == HTTP_GET && r->head.wants_upgrade &&
                         http_list_has(r->head.header[HTTP_UPGRADE], "websocket");
    return 0;
}

bool request_param_next(const struct request *r, const char *key, size_t *at, struct slice *value)
{
    while (*at < r->param_count) {
        const struct param *p = &r->params[(*at)++];
        if (slice_is(p->key, key)) {
            *value = p->value;
            return true;
        }
    }
    return false;
}

struct slice request_param(const struct request *r, const char *key)
{
    size_t at = 0;
    struct slice value = SLICE_NONE;
    (void)request_param_next(r, key, &at, &value);
    return value;
}

struct slice request_bearer(const struct request *r)
{
    struct slice value = r->head.header[HTTP_AUTHORIZATION];
    struct slice scheme = {value.p, value.n < 7 ? value.n : 7};
    if (!http_same(scheme, SLICE_LIT("bearer ")))
        return SLICE_NONE;
    value = slice_from(value, 7);
    while (value.n > 0 && value.p[0] == ' ')
        value = slice_from(value, 1);
    return value;
}

struct slice request_rest(const struct request *r, const char *prefix)
{
    return slice_from(r->path, strlen(prefix));
}

int request_put_auth(const struct request *r, struct buf *json)
{
    struct slice token = request_param(r, "token");
    if (token.n == 0)
        token = request_bearer(r);
    if (token.n == 0)
        return 0;
    (void)buf_adds(json, "{\"token\":"); /* the error sticks */
    (void)json_quote(json, token);
    return buf_addc(json, '}');
}
