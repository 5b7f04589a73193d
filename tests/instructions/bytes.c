/* SPDX-License-Identifier: Apache-2.0 */
/* Codecs on their own: envelopes, clients' WebSocket frames, what Redis pushes. */
#include <string.h>

#include "core/base/buf.h"
#include "core/codec/websocket_read.h"
#include "gateway/redis/resp.h"
#include "tests/instructions/measure.h"
#include "tests/instructions/world.h"

#define BATCH         100 /* messages that are read from a socket at once */
#define MESSAGE_BYTES 64

static struct buf envelope, input;
static uint64_t count;

static uint64_t counted(void)
{
    return count;
}

/* --- envelopes --- */

static int encode(struct buf *b)
{
    static const struct slice room = SLICE_LIT("room-00000");
    struct publication pub = {.kind = PUB_EVENT,
                              .sequence = 1,
                              .node = SLICE_LIT("gateway-2"),
                              .ns = SLICE_LIT("/"),
                              .event = {.name = SLICE_LIT(EVENT_NAME), .args = SLICE_LIT(EVENT_ARGS)}};
    return envelope_encode(b, &pub, (struct names_in){&room, 1}, (struct names_in){NULL, 0});
}

static void envelope_set_up(const struct measure *m, unsigned all)
{
    (void)m;
    (void)all;
    buf_init(&envelope, SIZE_MAX);
    if (encode(&envelope) != 0)
        abort();
}

static void envelopes_encode(const struct measure *m, unsigned n)
{
    (void)m;
    for (; n > 0; n--) {
        buf_clear(&envelope);
        count += encode(&envelope) == 0;
    }
}

static void envelopes_decode(const struct measure *m, unsigned n)
{
    struct publication pub;
    (void)m;
    for (; n > 0; n--)
        count += envelope_decode(buf_slice(&envelope), &pub) == 0 && pub.event.name.n > 0;
}

/* --- WebSocket frames --- */

static void add(const void *p, size_t n)
{
    if (buf_add(&input, (struct slice){p, n}) != 0)
        abort();
}

static void websocket_set_up(const struct measure *m, unsigned all)
{
    static const char header[] = {(char)0x81, (char)(0x80 | MESSAGE_BYTES), 0x12, 0x34, 0x56, 0x78};
    char payload[MESSAGE_BYTES];
    (void)m;
    (void)all;
    memset(payload, 'x', sizeof payload);
    buf_init(&input, SIZE_MAX);
    for (unsigned i = 0; i < BATCH; i++) {
        add(header, sizeof header);
        add(payload, sizeof payload);
    }
}

/* Unmasking twice masks again: the input need not be restored. */
static void websocket_read(const struct measure *m, unsigned n)
{
    (void)m;
    for (; n > 0; n--) {
        struct ws_reader reader = {.in_frame = false};
        struct ws_piece piece;
        size_t used;
        for (size_t at = 0; at < input.n; at += used) {
            if (ws_read(&reader, input.p + at, input.n - at, &used, &piece) != 1)
                abort();
            count += piece.last && piece.bytes.n == MESSAGE_BYTES;
        }
    }
}

/* --- RESP --- */

static struct resp *resp;

static void on_message(void *arg, struct slice channel, struct slice bytes)
{
    (void)arg;
    count += channel.n > 0 && bytes.n == envelope.n;
}

static int on_reply(void *arg, const struct resp_reply *reply)
{
    (void)arg;
    (void)reply;
    abort();
}

static void resp_set_up(const struct measure *m, unsigned all)
{
    static const struct resp_handler handler = {.message = on_message, .reply = on_reply};
    envelope_set_up(m, all);
    resp = resp_new(&handler);
    buf_init(&input, SIZE_MAX);
    for (unsigned i = 0; i < BATCH; i++) {
        (void)buf_add(&input, SLICE_LIT(">3\r\n"));
        resp_bulk(&input, SLICE_LIT("message"));
        resp_bulk(&input, SLICE_LIT("roomcast:r:/,room-00000"));
        resp_bulk(&input, buf_slice(&envelope));
    }
    assert(input.err == 0);
}

static void resp_read(const struct measure *m, unsigned n)
{
    (void)m;
    for (; n > 0; n--)
        if (resp_feed(resp, buf_slice(&input)) != 0)
            abort();
}

static const struct measure table[] = {
    {"envelope, encode", .per = "publication", .repetitions = 1000, .units = 1, .set_up = envelope_set_up,
     .repeat = envelopes_encode, .done = counted},
    {"envelope, decode", .per = "publication", .repetitions = 1000, .units = 1, .set_up = envelope_set_up,
     .repeat = envelopes_decode, .done = counted},
    {"WebSocket frames in", .per = "64-byte message", .repetitions = 20, .units = BATCH,
     .set_up = websocket_set_up, .repeat = websocket_read, .done = counted},
    {"Redis messages in", .per = "message", .repetitions = 20, .units = BATCH, .set_up = resp_set_up,
     .repeat = resp_read, .done = counted},
};

const struct measures measures_bytes = {table, sizeof table / sizeof table[0]};
