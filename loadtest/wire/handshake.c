/* SPDX-License-Identifier: Apache-2.0 */
/* The WebSocket opening handshake. The key is a constant, the one of RFC 6455 section 1.3: it is there to
 * tell WebSocket servers from others, and for that it need not vary. */
#include "loadtest/wire/handshake.h"

#include <stdio.h>

#include "loadtest/wire/http_answer.h"

#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define MOST   700 /* bytes of a request beside its target */
#define OFFER  "permessage-deflate; client_no_context_takeover; server_no_context_takeover"

int handshake_request(struct buf *out, const char *host_header, struct slice target, bool deflate)
{
    if (buf_reserve(out, target.n + MOST) != 0) /* else it would grow, and be printed, twice */
        return out->err;
    buf_adds(out, "GET ");
    buf_add(out, target);
    buf_addf(out,
             " HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY
             "\r\n%sUser-Agent: roomcast-load/%s\r\n\r\n",
             host_header, deflate ? "Sec-WebSocket-Extensions: " OFFER "\r\n" : "", ROOMCAST_VERSION);
    return out->err;
}

static bool contains(struct slice text, const char *what)
{
    return text.n > 0 && memmem(text.p, text.n, what, strlen(what));
}

/* Servers may decline what was offered, but what they accept they must accept as it was offered. */
static bool read_extensions(struct slice value, bool offered, bool *deflate, char *why, size_t size)
{
    *deflate = value.n > 0;
    if (value.n == 0 || (offered && slice_starts(value, "permessage-deflate") &&
                         contains(value, "server_no_context_takeover")))
        return true;
    snprintf(why, size, "the server answered with the WebSocket extension \"%.*s\", but %s was offered",
             value.n < 100 ? (int)value.n : 100, value.p, offered ? "\"" OFFER "\"" : "none");
    return false;
}

int handshake_answer(struct slice got, bool deflate, struct handshake_answer *answer, char *why, size_t size)
{
    long n = http_answer_head_size(got, why, size);
    if (n <= 0)
        return (int)n;
    struct slice head = {got.p, (size_t)n - 2}, body = slice_from(got, (size_t)n);
    const char *end = memchr(head.p, '\r', head.n);
    struct slice line = {got.p, (size_t)(end - got.p)};
    if (!slice_starts(line, "HTTP/1.1 101")) {
        http_answer_refusal(why, size, line, body);
        return -1;
    }
    if (!slice_is(http_answer_header(head, "Sec-WebSocket-Accept"), ACCEPT)) {
        snprintf(why, size, "the server answered 101 with a wrong Sec-WebSocket-Accept header");
        return -1;
    }
    if (!read_extensions(http_answer_header(head, "Sec-WebSocket-Extensions"), deflate, &answer->deflate, why,
                         size))
        return -1;
    answer->used = (size_t)n;
    return 1;
}
