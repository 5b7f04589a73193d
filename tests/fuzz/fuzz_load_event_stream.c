/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the load generator's event streams: the stream itself, and the answers to what is posted beside it.
 */
#include "core/codec/http.h"
#include "tests/fuzz/wire_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(struct slice sent)
{
    struct http_head head;
    int err = http_head_parse((struct slice){sent.p, http_head_end(sent, 0)}, &head);
    assert(err == 0);
}

/* A comment, lines that end in one way or the other, a chunk of its own: its size decides. */
static void put_event(struct buf *out, struct slice text)
{
    struct buf event;
    const char *line_end = text.n % 2 == 0 ? "\r\n" : "\n";
    buf_init(&event, SIZE_MAX);
    if (text.n % 3 == 0)
        buf_adds(&event, line_end);
    buf_add(&event, text);
    buf_adds(&event, line_end);
    buf_adds(&event, line_end);
    buf_addf(out, "%zx\r\n", event.n);
    buf_add(out, buf_slice(&event));
    int err = buf_adds(out, "\r\n");
    assert(err == 0);
    buf_free(&event);
}

static struct buf run(struct slice input, struct cuts cuts)
{
    wire_world_begin();
    wire_world_receive(0, input, &cuts);
    return wire_world_end();
}

/* What is put into a stream comes out of it. */
static void events(struct slice input)
{
    struct cuts cuts = cuts_take(&input);
    struct buf stream, expected;
    struct slice text;
    buf_init(&stream, SIZE_MAX);
    buf_init(&expected, SIZE_MAX);
    buf_adds(&stream,
             "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    int err = buf_adds(&expected, "O0 ");
    while (wire_world_next_text(&input, '\n', &text)) {
        if (memchr(text.p, '\r', text.n) != NULL)
            continue;
        put_event(&stream, text);
        buf_addf(&expected, "T%zu ", text.n);
        err = buf_add(&expected, text);
        assert(err == 0);
    }
    struct buf said = run(buf_slice(&stream), cuts);
    wire_world_expect(buf_slice(&said), &expected);
    buf_free(&said);
    buf_free(&stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wire_world.ops = &wire_event_stream;
    wire_world.address = SLICE_LIT("/sse?room=r");
    wire_world.publication = SLICE_LIT("/rooms/r\n{}");
    wire_world.look = look;
    wire_world.tells_why = true;
    wire_world_compare(wire_world_http, (struct slice){(const char *)data, size});
    events((struct slice){(const char *)data, size});
    return 0;
}
