/* SPDX-License-Identifier: Apache-2.0 */
/* Frames from clients: every cut of the bytes gives the same messages; every violation is seen. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "core/base/err.h"
#include "core/codec/websocket_read.h"
#include "tests/unit/codec/exact.h"

#define MASK 0x12345678u

/* Appends one masked frame; returns the new size. */
static size_t put(char *out, size_t at, unsigned first, const char *payload, size_t n)
{
    size_t head = ws_put_masked_header(out + at, n > 125 ? WS_BINARY : WS_PING, n, MASK);
    out[at] = (char)first;
    memcpy(out + at + head, payload, n);
    ws_mask(out + at + head, n, MASK);
    return at + head + n;
}

/* Reads `step` bytes at a time and writes down what comes: t:text; b:binary; p:ping; o:pong; c:close; with z
 * before a compressed message. */
static int transcript_of(struct ws_reader r, const char *bytes, size_t size, size_t step, char *out)
{
    size_t message = 0, n = 0;
    char gathered[512];
    for (size_t at = 0; at < size;) {
        size_t chunk = size - at < step ? size - at : step, used, done = 0;
        char *p = exact_copy((struct slice){bytes + at, chunk});
        struct ws_piece piece;
        int got = 1;
        while (got == 1 && done < chunk) {
            got = ws_read(&r, p + done, chunk - done, &used, &piece);
            done += used;
            if (got != 1)
                continue;
            bool data = piece.opcode == WS_TEXT || piece.opcode == WS_BINARY;
            if (data) {
                memcpy(gathered + message, piece.bytes.p, piece.bytes.n);
                message += piece.bytes.n;
                if (!piece.last)
                    continue;
            }
            if (piece.compressed)
                out[n++] = 'z';
            out[n++] = "?tb?????cpo"[piece.opcode];
            out[n++] = ':';
            memcpy(out + n, data ? gathered : piece.bytes.p, data ? message : piece.bytes.n);
            n += data ? message : piece.bytes.n;
            out[n++] = ';';
            if (data)
                message = 0;
        }
        free(p);
        if (got < 0)
            return got;
        assert_int_equal(done, chunk);
        at += chunk;
    }
    out[n] = '\0';
    return 0;
}

static int transcript(const char *bytes, size_t size, size_t step, char *out)
{
    return transcript_of((struct ws_reader){0}, bytes, size, step, out);
}

static void test_cuts(void **state)
{
    (void)state;
    char bytes[1024], out[1024], large[200];
    memset(large, 'x', sizeof large);
    size_t n = put(bytes, 0, 0x81, "hello", 5);
    n = put(bytes, n, 0x82, "", 0);
    n = put(bytes, n, 0x01, "fr", 2);
    n = put(bytes, n, 0x89, "ping", 4);
    n = put(bytes, n, 0x00, "", 0);
    n = put(bytes, n, 0x8a, "", 0);
    n = put(bytes, n, 0x80, "agment", 6);
    n = put(bytes, n, 0x82, large, sizeof large);
    n = put(bytes, n, 0x88, "\x03\xe8why", 5);
    for (size_t step = 1; step <= n; step++) {
        assert_int_equal(transcript(bytes, n, step, out), 0);
        assert_true(slice_starts(slice_of(out), "t:hello;b:;p:ping;o:;t:fragment;b:xxx"));
        assert_true(slice_is(slice_from(slice_of(out), strlen(out) - 10), "x;c:\x03\xe8why;"));
    }
}

/* Where it was agreed on, a message's first frame says that it is compressed, for all of them. */
static void test_compressed(void **state)
{
    (void)state;
    struct ws_reader agreed = {.deflate = true};
    char bytes[200], out[200];
    size_t n = put(bytes, 0, 0xc1, "one", 3);
    n = put(bytes, n, 0x81, "two", 3);
    n = put(bytes, n, 0x42, "th", 2);
    n = put(bytes, n, 0x89, "ping", 4);
    n = put(bytes, n, 0x00, "re", 2);
    n = put(bytes, n, 0x80, "e", 1);
    n = put(bytes, n, 0x01, "fo", 2);
    n = put(bytes, n, 0x80, "ur", 2);
    for (size_t step = 1; step <= n; step++) {
        assert_int_equal(transcript_of(agreed, bytes, n, step, out), 0);
        assert_string_equal(out, "zt:one;t:two;p:ping;zb:three;t:four;");
    }
    static const struct slice wrong[] = {
        SLICE_LIT("\xa1\x80"),
        SLICE_LIT("\x91\x80"),
        SLICE_LIT("\xe1\x80"), /* RSV2, RSV3, two */
        SLICE_LIT("\xc9\x80"),
        SLICE_LIT("\xca\x80"),
        SLICE_LIT("\xc8\x80"),             /* control frames */
        SLICE_LIT("\x41\x80zzzz\xc0\x80"), /* a continuation */
        SLICE_LIT("\x01\x80zzzz\xc0\x80"),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        for (size_t step = 1; step <= wrong[i].n; step++)
            assert_int_equal(transcript_of(agreed, wrong[i].p, wrong[i].n, step, out), ERR_PARSE);
}

static void test_announced(void **state)
{
    (void)state;
    struct ws_reader r = {0};
    struct ws_piece piece;
    size_t used;
    char bytes[] = "\x81\xff\x00\x00\x00\x00\x7f\xff\xff\xff\x00\x00\x00\x00"
                   "4";
    assert_int_equal(ws_read(&r, bytes, sizeof bytes - 1, &used, &piece), 1);
    assert_true(slice_is(piece.bytes, "4") && !piece.last);
    assert_int_equal(piece.announced, 0x7ffffffe);
}

static void test_violations(void **state)
{
    (void)state;
    static const struct slice rows[] = {
        SLICE_LIT("\x81\x05hello"), /* no mask */
        SLICE_LIT("\xc1\x80"),      /* RSV1 */
        SLICE_LIT("\x91\x80"),      /* RSV3 */
        SLICE_LIT("\x83\x80"),      /* reserved opcodes */
        SLICE_LIT("\x8b\x80"),
        SLICE_LIT("\x80\x80"),                                     /* continues nothing */
        SLICE_LIT("\x01\x80zzzz\x81\x80"),                         /* a message inside a message */
        SLICE_LIT("\x81\x80zzzz\x80\x80"),                         /* continues what was complete */
        SLICE_LIT("\x09\x80"),                                     /* a fragmented ping */
        SLICE_LIT("\x89\xfe\x00\x7e"),                             /* a ping of 126 bytes */
        SLICE_LIT("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00zzzz"), /* a negative length */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[64];
        for (size_t step = 1; step <= rows[i].n; step++)
            assert_int_equal(transcript(rows[i].p, rows[i].n, step, out), ERR_PARSE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_compressed),
        cmocka_unit_test(test_announced),
        cmocka_unit_test(test_violations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
