/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the load generator's WebSockets: the answer to the handshake, frames, compressed messages. The first
 * byte says what was asked for, and whether the handshake is fine. */
#include "core/codec/deflate.h"
#include "core/codec/http.h"
#include "core/codec/websocket.h"
#include "tests/fuzz/wire_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OFFER = 1, PING_FIRST = 2, OPEN = 4 };

static const char answer[] = "HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
static const char agreed[] = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n";

/* The request, or masked frames. */
static void look(struct slice sent)
{
    struct http_head head;
    if (slice_starts(sent, "GET ")) {
        int err = http_head_parse((struct slice){sent.p, http_head_end(sent, 0)}, &head);
        assert(err == 0);
        return;
    }
    while (sent.n > 0) {
        assert(sent.n >= 6 && ((unsigned char)sent.p[0] & 0xf0) == 0x80 && (sent.p[1] & 0x80) != 0);
        size_t n = sent.p[1] & 0x7f;
        assert(n < 126 && sent.n >= 6 + n);
        sent = slice_from(sent, 6 + n);
    }
}

static struct buf run(struct slice input, struct cuts cuts)
{
    wire_world_begin();
    wire_world_receive(0, input, &cuts);
    wire_world_lose(0);
    return wire_world_end();
}

static void put_frame(struct buf *out, unsigned first, struct slice payload)
{
    char header[WS_MAX_HEADER];
    size_t n = ws_put_header(header, WS_TEXT, payload.n);
    header[0] = (char)first;
    buf_add(out, (struct slice){header, n});
    int err = buf_add(out, payload);
    assert(err == 0);
}

/* In one frame or in two with a ping between them, compressed or not: its size decides. */
static void put_message(struct buf *out, struct slice text)
{
    static struct deflater *deflater;
    char compressed[DEFLATE_BOUND(WIRE_WORLD_MAX_FRAME)];
    unsigned first = WS_TEXT;
    if (deflater == NULL)
        deflater = deflater_new();
    assert(deflater != NULL);
    if (text.n % 2 == 0) {
        size_t n = deflate_payload(deflater, text, compressed, sizeof compressed);
        assert(n > 0);
        text = (struct slice){compressed, n};
        first |= WS_RSV1;
    }
    if (text.n % 3 != 0) {
        put_frame(out, 0x80 | first, text);
        return;
    }
    put_frame(out, first, (struct slice){text.p, text.n / 3});
    put_frame(out, 0x80 | WS_PONG, SLICE_NONE);
    put_frame(out, 0x80 | WS_CONTINUATION, slice_from(text, text.n / 3));
}

/* What is put into frames comes out of them. */
static void messages(struct slice input)
{
    struct cuts cuts = cuts_take(&input);
    struct buf frames, expected;
    struct slice text;
    buf_init(&frames, SIZE_MAX);
    buf_init(&expected, SIZE_MAX);
    wire_world.loop.offer_deflate = true;
    wire_world.loop.ping_first = false;
    buf_adds(&frames, answer);
    buf_adds(&frames, agreed);
    buf_adds(&frames, "\r\n");
    int err = buf_adds(&expected, "O0 ");
    while (wire_world_next_text(&input, '\n', &text)) {
        put_message(&frames, text);
        buf_addf(&expected, "T%zu ", text.n);
        err = buf_add(&expected, text);
        assert(err == 0);
    }
    err = buf_adds(&expected, "C0 ");
    assert(err == 0);
    struct buf said = run(buf_slice(&frames), cuts);
    wire_world_expect(buf_slice(&said), &expected);
    buf_free(&said);
    buf_free(&frames);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size};
    struct buf input;
    if (size < 1 + CUTS)
        return 0;
    char mode = data[0] & 7;
    wire_world.ops = &wire_websocket;
    wire_world.address = SLICE_LIT("/ws");
    wire_world.publication = SLICE_LIT("hello");
    wire_world.look = look;
    wire_world.loop.offer_deflate = mode & OFFER;
    wire_world.loop.ping_first = mode & PING_FIRST;
    buf_init(&input, SIZE_MAX);
    int err = buf_add(&input, (struct slice){rest.p + 1, CUTS});
    if (mode & OPEN) {
        buf_adds(&input, answer);
        buf_adds(&input, mode & OFFER ? agreed : "");
        buf_adds(&input, "\r\n");
    }
    err = err ? err : buf_add(&input, slice_from(rest, 1 + CUTS));
    assert(err == 0);
    wire_world_compare(run, buf_slice(&input));
    messages(slice_from(rest, 1));
    buf_free(&input);
    return 0;
}
