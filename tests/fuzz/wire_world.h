/* SPDX-License-Identifier: Apache-2.0 */
/* For fuzzers: the load generator's wires without sockets. In the place of loadtest/wire/stream.c, streams
 * that receive what the input says, and an owner that does as the texts' last bytes tell:
 *    !  closes the wire        @  starts it anew        ^  queues a text and flushes
 * Everything that a wire says, to its owner and to the server, must be the same however the input is cut. */
#ifndef TESTS_FUZZ_WIRE_WORLD_H
#define TESTS_FUZZ_WIRE_WORLD_H

#include <limits.h>
#include <stdio.h>

#include "loadtest/wire/wire.h"
#include "tests/fuzz/cuts.h"

enum { WIRE_WORLD_STREAMS = 2, WIRE_WORLD_MAX_FRAME = 300 };

static struct wire_world {
    /* set by the fuzzer */
    const struct wire_ops *ops;
    struct slice address, publication;
    void (*look)(struct slice sent); /* at what goes to the server in one piece */
    bool tells_why;                  /* why a wire closed does not depend on how much had come */
    /* the rest */
    struct wire_loop loop;
    struct target target;
    struct wire *wire;
    struct stream *stream[WIRE_WORLD_STREAMS];
    struct buf said;
    uint64_t id;
} wire_world;

void stream_init(struct stream *stream, struct wire_loop *loop, const struct stream_ops *ops)
{
    *stream = (struct stream){.loop = loop, .ops = ops, .fd = -1};
    buf_init(&stream->out, STREAM_MAX_QUEUE);
}

void stream_close(struct stream *stream)
{
    stream->fd = -1;
    stream->paused = false;
    free(stream->rest);
    stream->rest = NULL;
    stream->rest_n = 0;
    buf_free(&stream->out);
}

int stream_connect(struct stream *stream, const struct endpoint *to, unsigned nth)
{
    assert(stream->fd < 0 && nth < WIRE_WORLD_STREAMS && to->target == &wire_world.target);
    wire_world.stream[nth] = stream;
    stream->fd = INT_MAX; /* no descriptor that is open */
    stream->life++;
    return 0;
}

void stream_pause(struct stream *stream, bool paused)
{
    stream->paused = paused;
}

static void wire_world_say(char what, struct slice text)
{
    int err = buf_addf(&wire_world.said, "%c%zu ", what, text.n);
    if (err == 0)
        err = buf_add(&wire_world.said, text);
    assert(err == 0);
}

void stream_flush(struct stream *stream)
{
    if (stream->fd < 0 || stream->out.n == 0)
        return;
    wire_world.look(buf_slice(&stream->out));
    wire_world_say('>', buf_slice(&stream->out));
    buf_free(&stream->out);
}

static void wire_world_start(void)
{
    struct endpoint to = {.target = &wire_world.target};
    int err = wire_start(wire_world.wire, &to, wire_world.address);
    assert(err == 0);
}

static void wire_world_opened(struct wire *wire)
{
    assert(wire == wire_world.wire);
    wire_world_say('O', SLICE_NONE);
}

static void wire_world_text(struct wire *wire, struct slice text)
{
    char last = text.n > 0 ? text.p[text.n - 1] : '\0';
    wire_world_say('T', text);
    assert(text.n <= WIRE_WORLD_MAX_FRAME || wire->ops == &wire_polling);
    if (last == '!' || last == '@')
        wire_close(wire);
    if (last == '@')
        wire_world_start();
    if (last == '^' && wire_queue(wire, wire_world.publication, wire_world.id++) == 0)
        wire_flush(wire);
}

static void wire_world_answered(struct wire *wire, uint64_t id, bool refused, struct slice text)
{
    assert(wire == wire_world.wire && id < wire_world.id);
    wire_world_say(refused ? 'R' : 'A', text);
}

/* Why is for a line on a terminal. */
static void wire_world_closed(struct wire *wire, const char *why)
{
    assert(wire == wire_world.wire && *why != '\0');
    for (const char *p = why; *p != '\0'; p++)
        assert((unsigned char)*p >= ' ' && *p != 0x7f);
    wire_world_say('C', wire_world.tells_why ? slice_of(why) : SLICE_NONE);
}

static void wire_world_after_read(struct wire *wire)
{
    assert(wire == wire_world.wire);
}

static void wire_world_begin(void)
{
    static const struct wire_events events = {.opened = wire_world_opened,
                                              .text = wire_world_text,
                                              .answered = wire_world_answered,
                                              .closed = wire_world_closed,
                                              .after_read = wire_world_after_read};
    if (wire_world.loop.in == NULL) {
        wire_loop_init(&wire_world.loop, NULL, WIRE_WORLD_MAX_FRAME);
        snprintf(wire_world.target.host, sizeof wire_world.target.host, "h");
        snprintf(wire_world.target.port, sizeof wire_world.target.port, "80");
    }
    wire_world.loop.mask_state = 1;
    wire_world.id = 0;
    memset(wire_world.stream, 0, sizeof wire_world.stream);
    buf_init(&wire_world.said, SIZE_MAX);
    wire_world.wire = wire_new(wire_world.ops, &wire_world.loop, &events, NULL);
    wire_world_start();
}

/* What comes on one connection. Like on_readable() in stream.c. What is left when the wire has ended it is
 * never read. */
static inline void wire_world_receive(unsigned nth, struct slice input, struct cuts *cuts)
{
    struct stream *stream = wire_world.stream[nth];
    uint32_t life = stream != NULL ? stream->life : 0;
    while (input.n > 0 && stream != NULL && stream->fd >= 0 && stream->life == life) {
        struct slice got = cuts_receive(cuts, (struct slice){stream->rest, stream->rest_n}, &input);
        struct slice rest = got;
        free(stream->rest);
        stream->rest = NULL;
        stream->rest_n = 0;
        stream->ops->received(stream, &rest);
        assert(rest.n == 0 || (rest.p >= got.p && rest.p + rest.n == got.p + got.n));
        if (stream->fd >= 0 && stream->life == life && rest.n > 0) {
            stream->rest = malloc(rest.n);
            assert(stream->rest != NULL);
            memcpy(stream->rest, rest.p, rest.n);
            stream->rest_n = rest.n;
        }
        stream->ops->after_read(stream);
        free((char *)(uintptr_t)got.p);
    }
}

static inline void wire_world_lose(unsigned nth)
{
    struct stream *stream = wire_world.stream[nth];
    if (stream == NULL || stream->fd < 0)
        return;
    stream_close(stream);
    stream->ops->lost(stream, "the server closed the connection");
}

/* Returns what was said. To be freed. */
static inline struct buf wire_world_end(void)
{
    wire_free(wire_world.wire);
    for (unsigned i = 0; i < WIRE_WORLD_STREAMS; i++)
        wire_world.stream[i] = NULL;
    return wire_world.said;
}

/* Runs the input in one piece, and cut. */
static inline void wire_world_compare(struct buf (*run)(struct slice input, struct cuts cuts),
                                      struct slice input)
{
    struct cuts cuts = cuts_take(&input);
    struct buf whole = run(input, (struct cuts){0}), cut = run(input, cuts);
    assert(slice_eq(buf_slice(&whole), buf_slice(&cut)));
    buf_free(&whole);
    buf_free(&cut);
}

/* The pieces of an input between bytes `separator` are texts that a server could send, and that make their
 * owner do nothing. */
static inline bool wire_world_next_text(struct slice *rest, char separator, struct slice *text)
{
    while (rest->n > 0) {
        const char *end = memchr(rest->p, separator, rest->n);
        *text = (struct slice){rest->p, end != NULL ? (size_t)(end - rest->p) : rest->n};
        *rest = slice_from(*rest, text->n + (end != NULL));
        if (text->n > 0 && text->n <= WIRE_WORLD_MAX_FRAME / 2 && strchr("!@^", text->p[text->n - 1]) == NULL)
            return true;
    }
    return false;
}

/* What is said at last, from when the wire is open to its end. Empties *expected. */
static inline void wire_world_expect(struct slice said, struct buf *expected)
{
    assert(said.n >= expected->n);
    assert(slice_eq(slice_from(said, said.n - expected->n), buf_slice(expected)));
    buf_free(expected);
}

/* For wires over HTTP: the input are answers. 0xfe: from here on they are those on the other connection;
 * 0xff: this connection ends. What the wire sends are requests. */
static inline struct buf wire_world_http(struct slice input, struct cuts cuts)
{
    unsigned nth = 0;
    wire_world_begin();
    while (input.n > 0) {
        size_t n = 0;
        while (n < input.n && (unsigned char)input.p[n] < 0xfe)
            n++;
        wire_world_receive(nth, (struct slice){input.p, n}, &cuts);
        if (n < input.n && (unsigned char)input.p[n] == 0xff)
            wire_world_lose(nth);
        else
            nth = 1 - nth;
        input = slice_from(input, n < input.n ? n + 1 : n);
    }
    return wire_world_end();
}

#endif
