/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope: its layout byte by byte, its limits, and bytes that are not one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "core/base/err.h"
#include "core/bus/envelope.h"

static const struct slice sample_rooms[] = {{"r1", 2}, {"", 0}, {"third", 5}};
static const struct slice sample_except[] = {{"id", 2}};
static const struct names_in some_rooms = {sample_rooms, 3}, some_except = {sample_except, 1};
static const struct names_in nobody = {NULL, 0};

static struct publication sample(void)
{
    return (struct publication){
        .kind = PUB_REQUEST,
        .flags = PUB_VOLATILE,
        .sequence = UINT64_C(0x0102030405060708),
        .request = 9,
        .node = SLICE_LIT("n"),
        .ns = SLICE_LIT("/x"),
        .event = {.name = SLICE_LIT("\"e\""),
                  .args = SLICE_LIT("1,2"),
                  .attachments = 2,
                  .attachment = {SLICE_LIT("AB"), {NULL, 0}}},
    };
}

static const char sample_bytes[] = "\x01\x02\x01\x02"
                                   "\x08\x07\x06\x05\x04\x03\x02\x01"
                                   "\x09\0\0\0\0\0\0\0"
                                   "\x01n\x02\0/x\x03\0\"e\""
                                   "\x03\0\x02\0r1\0\0\x05\0third"
                                   "\x01\0\x02\0id"
                                   "\x03\0\0\0\x31,2"
                                   "\x02\0\0\0AB\0\0\0\0";
enum { SAMPLE_SIZE = sizeof sample_bytes - 1, ROOMS_AT = 31, NODE_AT = 20 };

/* Decodes a copy with nothing behind it, for the sanitizer to watch; walks through all names. */
static int decode(const char *bytes, size_t n)
{
    char *tight = malloc(n);
    assert_true(tight || n == 0);
    if (n > 0)
        memcpy(tight, bytes, n);
    struct publication p;
    int err = envelope_decode((struct slice){tight, n}, &p);
    unsigned names = 0;
    struct slice name;
    if (err == 0) {
        unsigned count = p.rooms.count + p.except.count;
        while (names_next(&p.rooms, &name) || names_next(&p.except, &name)) {
            assert_true(name.n == 0 || (name.p > tight && name.p + name.n <= tight + n));
            names++;
        }
        assert_int_equal(names, count);
    }
    free(tight);
    return err;
}

static void layout(void **state)
{
    (void)state;
    struct publication p = sample();
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(buf_adds(&b, "before"), 0);
    assert_int_equal(envelope_encode(&b, &p, some_rooms, some_except), 0);
    assert_int_equal(b.n, 6 + SAMPLE_SIZE);
    assert_memory_equal(b.p, "before", 6);
    assert_memory_equal(b.p + 6, sample_bytes, SAMPLE_SIZE);
    buf_free(&b);
}

static void assert_names(struct names names, struct names_in want)
{
    struct slice name;
    assert_int_equal(names.count, want.count);
    for (unsigned i = 0; i < want.count; i++) {
        assert_true(names_next(&names, &name));
        assert_true(slice_eq(name, want.v[i]));
    }
    assert_false(names_next(&names, &name));
    assert_int_equal(names.rest.n, 0);
}

static void decodes(void **state)
{
    (void)state;
    struct publication p, want = sample();
    assert_int_equal(envelope_decode((struct slice){sample_bytes, SAMPLE_SIZE}, &p), 0);
    assert_int_equal(p.kind, want.kind);
    assert_int_equal(p.flags, want.flags);
    assert_true(p.sequence == want.sequence && p.request == want.request);
    assert_true(slice_eq(p.node, want.node) && slice_eq(p.ns, want.ns));
    assert_true(slice_eq(p.event.name, want.event.name) && slice_eq(p.event.args, want.event.args));
    assert_int_equal(p.event.attachments, 2);
    assert_true(slice_is(p.event.attachment[0], "AB") && p.event.attachment[1].n == 0);
    assert_names(p.rooms, some_rooms);
    assert_names(p.except, some_except);
}

static void the_smallest(void **state)
{
    (void)state;
    struct publication p = {.kind = PUB_NONCE, .request = UINT64_MAX}, q;
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(envelope_encode(&b, &p, nobody, nobody), 0);
    assert_int_equal(b.n, 20 + 1 + 2 + 2 + 2 + 2 + 4);
    assert_int_equal(envelope_decode(buf_slice(&b), &q), 0);
    assert_int_equal(q.kind, PUB_NONCE);
    assert_true(q.request == UINT64_MAX);
    assert_int_equal(q.rooms.count + q.except.count + q.event.attachments, 0);
    buf_free(&b);
}

static void truncated_at_every_length(void **state)
{
    (void)state;
    for (size_t n = 0; n < SAMPLE_SIZE; n++)
        assert_int_equal(decode(sample_bytes, n), ERR_PARSE);
    assert_int_equal(decode(sample_bytes, SAMPLE_SIZE), 0);
    assert_int_equal(decode(sample_bytes, SAMPLE_SIZE + 1), ERR_PARSE);
    struct publication p;
    assert_int_equal(envelope_decode(SLICE_NONE, &p), ERR_PARSE);
}

static int decode_with(size_t at, int value)
{
    char bytes[SAMPLE_SIZE];
    memcpy(bytes, sample_bytes, SAMPLE_SIZE);
    bytes[at] = (char)value;
    return decode(bytes, SAMPLE_SIZE);
}

static void fixed_fields(void **state)
{
    (void)state;
    for (int v = 0; v < 256; v++) {
        assert_int_equal(decode_with(0, v), v == 1 ? 0 : ERR_VERSION);
        assert_int_equal(decode_with(1, v), v >= 1 && v <= 4 ? 0 : ERR_PARSE);
        assert_int_equal(decode_with(2, v), v <= 3 ? 0 : ERR_PARSE);
        assert_int_equal(decode_with(3, v), v == 2 ? 0 : ERR_PARSE);
    }
    assert_int_equal(decode("\x02", 1), ERR_VERSION);
}

static void corrupted_lengths(void **state)
{
    (void)state;
    for (int v = 0; v < 256; v++) {
        assert_int_equal(decode_with(NODE_AT, v), v == 1 ? 0 : ERR_PARSE);
        assert_int_equal(decode_with(ROOMS_AT, v), v == 3 ? 0 : ERR_PARSE);
        assert_int_equal(decode_with(ROOMS_AT + 1, v), v == 0 ? 0 : ERR_PARSE);
        for (size_t i = 1; i <= 4; i++) /* the last attachment's length, all of its bytes */
            assert_int_equal(decode_with(SAMPLE_SIZE - i, v), v == 0 ? 0 : ERR_PARSE);
    }
}

/* Every byte with every value: an answer, and nothing outside of the bytes. */
static void every_byte_changed(void **state)
{
    (void)state;
    for (size_t at = 0; at < SAMPLE_SIZE; at++) {
        for (int v = 0; v < 256; v++) {
            int err = decode_with(at, v);
            assert_true(err == 0 || err == ERR_PARSE || err == ERR_VERSION);
        }
    }
}

static void eleven_attachments(void **state)
{
    (void)state;
    struct publication p = {.kind = PUB_EVENT, .event.attachments = EVENT_MAX_ATTACHMENTS};
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(envelope_encode(&b, &p, nobody, nobody), 0);
    assert_int_equal(decode(b.p, b.n), 0);
    b.p[3]++;
    assert_int_equal(buf_add(&b, (struct slice){"\0\0\0\0", 4}), 0);
    assert_int_equal(decode(b.p, b.n), ERR_PARSE);
    buf_free(&b);
}

static int encode(struct publication p, struct names_in rooms, struct names_in except, size_t max)
{
    struct buf b;
    buf_init(&b, max);
    int err = envelope_encode(&b, &p, rooms, except);
    if (err == 0)
        assert_int_equal(decode(b.p, b.n), 0);
    else
        assert_int_equal(b.n, 0);
    buf_free(&b);
    return err;
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    static char bytes[65536];
    static struct slice many[65536];
    enum { ROOM = 1 << 20 };
    const struct slice fits8 = {bytes, 255}, over8 = {bytes, 256};
    const struct slice fits16 = {bytes, 65535}, over16 = {bytes, 65536};
    struct publication p = {.kind = PUB_EVENT, .node = fits8, .ns = fits16, .event.name = fits16};
    const struct names_in fit = {&fits16, 1}, over = {&over16, 1};
    assert_int_equal(encode(p, fit, fit, ROOM), 0);
    assert_int_equal(encode(p, over, fit, ROOM), ERR_TOO_LARGE);
    assert_int_equal(encode(p, fit, over, ROOM), ERR_TOO_LARGE);
    assert_int_equal(encode(p, (struct names_in){many, 65535}, nobody, ROOM), 0);
    assert_int_equal(encode(p, (struct names_in){many, 65536}, nobody, ROOM), ERR_TOO_LARGE);
    p.node = over8;
    assert_int_equal(encode(p, nobody, nobody, ROOM), ERR_TOO_LARGE);
    p.node = fits8;
    p.ns = over16;
    assert_int_equal(encode(p, nobody, nobody, ROOM), ERR_TOO_LARGE);
    p.ns = fits16;
    p.event.name = over16;
    assert_int_equal(encode(p, nobody, nobody, ROOM), ERR_TOO_LARGE);
    p.event.name = fits16;
    p.event.args.n = (size_t)UINT32_MAX + 1;
    assert_int_equal(encode(p, nobody, nobody, SIZE_MAX), ERR_TOO_LARGE);
    p.event.args.n = 0;
    p.event.attachments = 1;
    p.event.attachment[0].n = (size_t)UINT32_MAX + 1;
    assert_int_equal(encode(p, nobody, nobody, SIZE_MAX), ERR_TOO_LARGE);
}

static void the_buffer_is_bounded(void **state)
{
    (void)state;
    for (size_t max = 0; max < SAMPLE_SIZE; max++)
        assert_int_equal(encode(sample(), some_rooms, some_except, max), ERR_TOO_LARGE);
    assert_int_equal(encode(sample(), some_rooms, some_except, SAMPLE_SIZE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout),
        cmocka_unit_test(decodes),
        cmocka_unit_test(the_smallest),
        cmocka_unit_test(truncated_at_every_length),
        cmocka_unit_test(fixed_fields),
        cmocka_unit_test(corrupted_lengths),
        cmocka_unit_test(every_byte_changed),
        cmocka_unit_test(eleven_attachments),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(the_buffer_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
