/* SPDX-License-Identifier: Apache-2.0 */
/* permessage-deflate (RFC 7692): agreeing on it, and compressed input. libwebsockets' own extension takes no
 * part: it would keep a window per connection, and confuses the two sides' options. Compressed output is a
 * matter of frames (core/broker/compress.c). */
#include "core/codec/deflate.h"
#include "core/base/log.h"
#include "core/codec/deflate_offer.h"
#include "gateway/server/server.h"
#include "gateway/websocket/websocket.h"

int ws_deflate_agree(const struct server *server, const struct request *r, const char **answer)
{
    struct slice lines = r->head.lines, line;
    int agreed = 0;
    /* b64=1 is for clients that want text only */
    if (!server_settings(server)->compression || request_param(r, "b64").n > 0)
        return 0;
    while (agreed == 0 && http_header_next(&lines, "sec-websocket-extensions", &line))
        agreed = deflate_offer_take(line, answer);
    return agreed;
}

void ws_deflate_begin(struct ws *w)
{
    w->reader.deflate = true;
    w->message.max = DEFLATE_BOUND(w->message.max);
}

int ws_inflate(struct ws *w, struct slice *bytes)
{
    struct server *s = w->server;
    size_t compressed = bytes->n;
    if (s->inflater == NULL)
        s->inflater = inflater_new();
    if (s->inflater == NULL)
        return ERR_NOMEM;
    buf_clear(&s->inflated);
    int err = inflate_payload(s->inflater, *bytes, &s->inflated);
    if (err == ERR_TOO_LARGE)
        log_debug("message inflates to too much", "compressed=%zu stopped_at=%zu", compressed, s->inflated.n);
    if (err != 0)
        return err;
    *bytes = buf_slice(&s->inflated);
    s->inflated_bytes += bytes->n;
    server_count(s, M_INFLATED, 1);
    server_count(s, M_INFLATED_COMPRESSED, compressed);
    server_count(s, M_INFLATED_PLAIN, bytes->n);
    return 0;
}

void ws_inflate_done(struct server *s)
{
    if (s->inflated.cap > SERVER_READ_SIZE)
        buf_free(&s->inflated);
}
