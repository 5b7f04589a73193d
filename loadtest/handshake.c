/* SPDX-License-Identifier: Apache-2.0 */
/* The WebSocket opening handshake. The key is a constant, the one of RFC 6455 section 1.3: it is there to
 * tell WebSocket servers from others, and for that it need not vary. */
#include "loadtest/handshake.h"

#include <stdio.h>
#include <strings.h>

#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

int handshake_request(struct buf *out, const char *host_header, struct slice target)
{
    buf_adds(out, "GET ");
    buf_add(out, target);
    buf_addf(out,
             " HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY
             "\r\nUser-Agent: roomcast-load/%s\r\n\r\n",
             host_header, ROOMCAST_VERSION);
    return out->err;
}

static size_t find(struct slice text, const char *what)
{
    const char *at = memmem(text.p, text.n, what, strlen(what));
    return at ? (size_t)(at - text.p) : text.n;
}

/* The value of a header in the lines of `head`, without blanks around it; empty if there is none. */
static struct slice header(struct slice head, const char *name)
{
    size_t n = strlen(name);
    for (struct slice rest = head; rest.n > 0;) {
        size_t end = find(rest, "\r\n");
        if (end > n && rest.p[n] == ':' && strncasecmp(rest.p, name, n) == 0) {
            struct slice value = {rest.p + n + 1, end - n - 1};
            while (value.n > 0 && (value.p[0] == ' ' || value.p[0] == '\t'))
                value = slice_from(value, 1);
            while (value.n > 0 && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
                value.n--;
            return value;
        }
        rest = slice_from(rest, end + 2 <= rest.n ? end + 2 : rest.n);
    }
    return SLICE_NONE;
}

static int refuse(char *why, size_t size, struct slice line, struct slice body)
{
    size_t shown = body.n < 120 ? body.n : 120;
    int n = snprintf(why, size, "the server answered \"%.*s\"%s%.*s", (int)(line.n < 120 ? line.n : 120),
                     line.p, shown > 0 ? ": " : "", (int)shown, body.p ? body.p : "");
    for (int i = 0; i < n && (size_t)i < size - 1; i++)
        if ((unsigned char)why[i] < ' ')
            why[i] = ' ';
    return -1;
}

int handshake_answer(struct slice got, size_t *used, char *why, size_t size)
{
    size_t end = find(got, "\r\n\r\n");
    if (got.n >= 5 && !slice_starts(got, "HTTP/")) {
        snprintf(why, size, "the server does not speak HTTP");
        return -1;
    }
    if (end == got.n) {
        if (got.n < HANDSHAKE_MAX_ANSWER)
            return 0;
        snprintf(why, size, "the headers of the answer are longer than %d bytes", HANDSHAKE_MAX_ANSWER);
        return -1;
    }
    struct slice line = {got.p, find(got, "\r\n")}, head = {got.p, end}, body = slice_from(got, end + 4);
    if (!slice_starts(line, "HTTP/1.1 101"))
        return refuse(why, size, line, body);
    if (!slice_is(header(head, "Sec-WebSocket-Accept"), ACCEPT)) {
        snprintf(why, size, "the server answered 101 with a wrong Sec-WebSocket-Accept header");
        return -1;
    }
    *used = end + 4;
    return 1;
}
