/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket frames: the examples of RFC 6455, and everything that is no frame. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "core/base/err.h"
#include "core/codec/websocket.h"
#include "tests/unit/codec/exact.h"

static void test_header(void **state)
{
    (void)state;
    static const struct {
        enum ws_opcode opcode;
        size_t n;
        struct slice header;
    } rows[] = {
        {WS_TEXT, 5, SLICE_LIT("\x81\x05")}, /* RFC 6455, section 5.7 */
        {WS_PING, 5, SLICE_LIT("\x89\x05")},
        {WS_BINARY, 256, SLICE_LIT("\x82\x7e\x01\x00")},
        {WS_BINARY, 65536, SLICE_LIT("\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00")},
        {WS_TEXT, 0, SLICE_LIT("\x81\x00")},
        {WS_TEXT, 125, SLICE_LIT("\x81\x7d")},
        {WS_TEXT, 126, SLICE_LIT("\x81\x7e\x00\x7e")},
        {WS_TEXT, 65535, SLICE_LIT("\x81\x7e\xff\xff")},
        {WS_CLOSE, 2, SLICE_LIT("\x88\x02")},
        {WS_PONG, 125, SLICE_LIT("\x8a\x7d")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[WS_MAX_HEADER];
        size_t size = rows[i].header.n;
        assert_int_equal(ws_header_size(rows[i].n), size);
        assert_int_equal(ws_put_header(out, rows[i].opcode, rows[i].n), size);
        assert_memory_equal(out, rows[i].header.p, size);
        assert_int_equal(ws_put_masked_header(out, rows[i].opcode, rows[i].n, 0x01020304), size + 4);
        assert_int_equal((unsigned char)out[1], (unsigned char)rows[i].header.p[1] | 0x80);
        assert_memory_equal(out + size, "\x01\x02\x03\x04", 4);
    }
}

static void test_masked_hello(void **state)
{
    (void)state;
    char frame[11];
    assert_int_equal(ws_put_masked_header(frame, WS_TEXT, 5, 0x37fa213d), 6);
    memcpy(frame + 6, "Hello", 5);
    ws_mask(frame + 6, 5, 0x37fa213d);
    assert_memory_equal(frame, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
}

static void test_mask_every_length(void **state)
{
    (void)state;
    static const unsigned char key[] = {0xa1, 0xb2, 0xc3, 0xd4};
    for (size_t n = 0; n < 40; n++) {
        char *p = calloc(1, n + 1);
        assert_non_null(p);
        ws_mask(p, n, 0xa1b2c3d4);
        for (size_t i = 0; i < n; i++)
            assert_int_equal((unsigned char)p[i], key[i % 4]);
        assert_int_equal(p[n], 0);
        free(p);
    }
}

static int next(struct slice in, size_t max, struct ws_frame *frame, size_t *need)
{
    char *copy = exact_copy(in);
    struct slice rest = {copy, in.n};
    int rc = ws_frame_next(&rest, max, frame, need);
    if (rc == 1)
        assert_true(frame->payload.p + frame->payload.n == rest.p && rest.n == in.n - *need);
    else
        assert_true(rest.p == copy && rest.n == in.n);
    free(copy);
    return rc;
}

static const struct {
    struct slice in;
    int rc;
    enum ws_opcode opcode;
    bool fin, rsv1;
    size_t payload, need;
} FRAMES[] = {
    {SLICE_LIT("\x81\x05Hello"), 1, WS_TEXT, true, false, 5, 7},
    {SLICE_LIT("\x81\x05Hello\x81"), 1, WS_TEXT, true, false, 5, 7},
    {SLICE_LIT("\x01\x03Hel"), 1, WS_TEXT, false, false, 3, 5},
    {SLICE_LIT("\x80\x02lo"), 1, WS_CONTINUATION, true, false, 2, 4},
    {SLICE_LIT("\x00\x00"), 1, WS_CONTINUATION, false, false, 0, 2},
    {SLICE_LIT("\x82\x00"), 1, WS_BINARY, true, false, 0, 2},
    {SLICE_LIT("\xc1\x00"), 1, WS_TEXT, true, true, 0, 2},
    {SLICE_LIT("\x42\x00"), 1, WS_BINARY, false, true, 0, 2},
    {SLICE_LIT("\x88\x02\x03\xe8"), 1, WS_CLOSE, true, false, 2, 4},
    {SLICE_LIT("\x89\x00"), 1, WS_PING, true, false, 0, 2},
    {SLICE_LIT("\x8a\x01x"), 1, WS_PONG, true, false, 1, 3},
    /* more is needed */
    {SLICE_LIT(""), 0, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x81"), 0, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x81\x05Hell"), 0, 0, 0, 0, 0, 7},
    {SLICE_LIT("\x81\x7e\x01"), 0, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x81\x7e\x01\x00"), 0, 0, 0, 0, 0, 260},
    {SLICE_LIT("\x81\x7f\x00\x00\x00\x00\x00\x01\x00"), 0, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"), 0, 0, 0, 0, 0, 65546},
    /* reserved bits, opcodes; refused with the first byte */
    {SLICE_LIT("\xa1"), ERR_PARSE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x91"), ERR_PARSE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x83"), ERR_PARSE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x87"), ERR_PARSE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x8b"), ERR_PARSE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x8f"), ERR_PARSE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\xc0"), ERR_PARSE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\xc9"), ERR_PARSE, 0, 0, 0, 0, 0},
    /* fragmented or over-long control frames, a mask */
    {SLICE_LIT("\x08"), ERR_PARSE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x09\x00"), ERR_PARSE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x89\x7e"), ERR_PARSE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x88\x7f"), ERR_PARSE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x81\x80"), ERR_PARSE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), ERR_PARSE, 0, 0, 0, 0, 0},
    /* more bytes of length than it needs */
    {SLICE_LIT("\x81\x7e\x00\x7d"), ERR_PARSE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff"), ERR_PARSE, 0, 0, 0, 0, 0},
    /* above the bound, which is 100000 here */
    {SLICE_LIT("\x81\x7f\x00\x00\x00\x00\x00\x01\x86\xa0"), 0, 0, 0, 0, 0, 100010},
    {SLICE_LIT("\x81\x7f\x00\x00\x00\x00\x00\x01\x86\xa1"), ERR_TOO_LARGE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"), ERR_TOO_LARGE, 0, 0, 0, 0, 0},
    {SLICE_LIT("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"), ERR_TOO_LARGE, 0, 0, 0, 0, 0},
};

static void test_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof FRAMES / sizeof FRAMES[0]; i++) {
        struct ws_frame frame;
        size_t need;
        int rc = next(FRAMES[i].in, 100000, &frame, &need);
        if (rc != FRAMES[i].rc || need != FRAMES[i].need)
            fail_msg("row %zu: %d, need %zu", i, rc, need);
        if (rc != 1)
            continue;
        assert_int_equal(frame.opcode, FRAMES[i].opcode);
        assert_int_equal(frame.fin, FRAMES[i].fin);
        assert_int_equal(frame.rsv1, FRAMES[i].rsv1);
        assert_int_equal(frame.payload.n, FRAMES[i].payload);
    }
}

static void test_nothing_overflows(void **state)
{
    (void)state;
    struct ws_frame frame;
    size_t need;
    struct slice in = SLICE_LIT("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff");
    assert_int_equal(next(in, SIZE_MAX, &frame, &need), ERR_TOO_LARGE);
    assert_int_equal(next(SLICE_LIT("\x82\x01"), 0, &frame, &need), ERR_TOO_LARGE);
    assert_int_equal(next(SLICE_LIT("\x82\x00"), 0, &frame, &need), 1);
}

/* Frames of all header sizes in a row, fed one byte at a time: each comes when its last byte does. */
static void test_one_byte_at_a_time(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 125, 126, 300, 65535, 65536, 70000, 2};
    enum { N = sizeof sizes / sizeof sizes[0] };
    size_t total = 0, at = 0;
    for (size_t i = 0; i < N; i++)
        total += ws_header_size(sizes[i]) + sizes[i];
    char *stream = malloc(total);
    assert_non_null(stream);
    for (size_t i = 0; i < N; i++) {
        at += ws_put_header(stream + at, WS_BINARY, sizes[i]);
        memset(stream + at, 'a' + (int)i, sizes[i]);
        at += sizes[i];
    }
    struct slice rest = {stream, 0};
    size_t k = 0, need = 0;
    for (size_t fed = 1; fed <= total; fed++) {
        struct ws_frame frame;
        rest.n++;
        int rc = ws_frame_next(&rest, 100000, &frame, &need);
        size_t whole = ws_header_size(sizes[k]) + sizes[k];
        assert_true(need == whole || (need == 0 && rest.n < WS_MAX_HEADER));
        if (rc == 1) {
            assert_int_equal(frame.payload.n, sizes[k]);
            assert_true(sizes[k] == 0 || frame.payload.p[sizes[k] - 1] == 'a' + (char)k);
            assert_int_equal(rest.n, 0);
            k++;
        } else {
            assert_int_equal(rc, 0);
            assert_true(rest.n < whole);
        }
    }
    assert_int_equal(k, N);
    free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_masked_hello),
        cmocka_unit_test(test_mask_every_length),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_nothing_overflows),
        cmocka_unit_test(test_one_byte_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
