/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed payloads: what goes in comes out, within bounds; the RFC's examples; corrupt ones; no memory. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <dlfcn.h>
#include <zlib.h>

#include "core/base/err.h"
#include "core/codec/deflate.h"
#include "tests/unit/codec/exact.h"

/* zlib's own functions, but for the one that is out of memory: they are called through here. */
static enum { NOTHING, DEFLATE_INIT, INFLATE_INIT, INFLATE } fails;

int deflateInit2_(z_streamp z, int level, int method, int bits, int memory, int strategy, const char *version,
                  int size)
{
    int (*real)(z_streamp, int, int, int, int, int, const char *, int);
    *(void **)&real = dlsym(RTLD_NEXT, "deflateInit2_");
    return fails == DEFLATE_INIT ? Z_MEM_ERROR
                                 : real(z, level, method, bits, memory, strategy, version, size);
}

int inflateInit2_(z_streamp z, int bits, const char *version, int size)
{
    int (*real)(z_streamp, int, const char *, int);
    *(void **)&real = dlsym(RTLD_NEXT, "inflateInit2_");
    return fails == INFLATE_INIT ? Z_MEM_ERROR : real(z, bits, version, size);
}

int inflate(z_streamp z, int flush)
{
    int (*real)(z_streamp, int);
    *(void **)&real = dlsym(RTLD_NEXT, "inflate");
    return fails == INFLATE ? Z_MEM_ERROR : real(z, flush);
}

static struct deflater *d;
static struct inflater *f;

static int begin(void **state)
{
    (void)state;
    fails = NOTHING;
    d = deflater_new();
    f = inflater_new();
    return d == NULL || f == NULL;
}

static int end(void **state)
{
    (void)state;
    deflater_free(d);
    inflater_free(f);
    return 0;
}

/* The payload inflated from a block of its own size, with this bound. */
static int inflated(struct slice in, size_t max, struct buf *out)
{
    char *p = exact_copy(in);
    buf_init(out, max);
    int err = inflate_payload(f, (struct slice){p, in.n}, out);
    assert_true(out->n <= max && out->cap <= max);
    free(p);
    return err;
}

static void inflates_to(struct slice in, struct slice expected)
{
    struct buf out;
    assert_int_equal(inflated(in, 1000, &out), 0);
    assert_true(slice_eq(buf_slice(&out), expected));
    buf_free(&out);
}

static void fails_with(struct slice in, size_t max, int err)
{
    struct buf out;
    assert_int_equal(inflated(in, max, &out), err);
    buf_free(&out);
}

static char *text_of(size_t n, uint32_t *random)
{
    char *p = malloc(n + 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)('a' + xorshift(random) % 7);
    return p;
}

/* Also at the bound of what comes out: exactly that much, and one byte less. */
static void test_there_and_back(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (size_t n = 16; n < 300000; n = n * 3 / 2 + xorshift(&random) % 10) {
        char *text = text_of(n, &random), *compressed = malloc(n);
        size_t size = deflate_payload(d, (struct slice){text, n}, compressed, n);
        struct buf out;
        assert_true(n < 50 || (size > 0 && size < n));
        if (size > 0) {
            struct slice in = {compressed, size};
            assert_int_equal(inflated(in, n, &out), 0);
            assert_int_equal(out.n, n);
            assert_memory_equal(out.p, text, n);
            buf_free(&out);
            fails_with(in, n - 1, ERR_TOO_LARGE);
            assert_int_equal(deflate_payload(d, (struct slice){text, n}, compressed, size + 5), size);
            assert_int_equal(deflate_payload(d, (struct slice){text, n}, compressed, size + 4), 0);
        }
        free(text);
        free(compressed);
    }
}

/* What does not become smaller is not compressed, and nothing is written past the room. */
static void test_no_room(void **state)
{
    (void)state;
    uint32_t random = 7;
    for (size_t n = 0; n < 5000; n = n * 2 + 1) {
        char *noise = malloc(n + 1), *out = malloc(n > 0 ? n : 1);
        for (size_t i = 0; i < n; i++)
            noise[i] = (char)xorshift(&random);
        assert_int_equal(deflate_payload(d, (struct slice){noise, n}, out, n), 0);
        free(noise);
        free(out);
    }
    test_there_and_back(state); /* nothing is left of it */
}

/* RFC 7692, sections 7.2.3.1 to 7.2.3.6. */
static void test_examples(void **state)
{
    (void)state;
    struct slice hello = SLICE_LIT("Hello");
    inflates_to(SLICE_LIT("\xf2\x48\xcd\xc9\xc9\x07\x00"), hello);
    inflates_to(SLICE_LIT("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), hello);
    inflates_to(SLICE_LIT("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), hello); /* a last block, and an empty one */
    inflates_to(SLICE_LIT("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"), hello);
    inflates_to(SLICE_LIT("\x00"), SLICE_NONE);
    inflates_to(SLICE_NONE, SLICE_NONE);
    inflates_to(SLICE_LIT("\xf3\x48\xcd\xc9\xc9\x07\x00"), hello); /* a last block, and nothing */
    inflates_to(SLICE_LIT("\xf3\x48\xcd\xc9\xc9\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00"),
                SLICE_LIT("HelloHello"));
}

static void test_corrupt(void **state)
{
    (void)state;
    static const struct slice rows[] = {
        SLICE_LIT("\x07"),                           /* a block of the reserved kind */
        SLICE_LIT("\x00\x05\x00\xfa\xfe Hello\x00"), /* a length that is not confirmed */
        SLICE_LIT("\xf2\x00\x11\x00\x00"), /* "\x8e" and what came before: a distance too far back */
        SLICE_LIT("\xff\xff\xff\xff\xff\xff\xff\xff"),         /* noise */
        SLICE_LIT("\x00\x05\x00\xfa\xff\x48\x65"),             /* three bytes are missing */
        SLICE_LIT("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f"), /* the next block's beginning is */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fails_with(rows[i], 1000, ERR_PARSE);
        inflates_to(SLICE_LIT("\xf2\x48\xcd\xc9\xc9\x07\x00"),
                    SLICE_LIT("Hello")); /* nothing is left of it */
    }
}

/* A payload that was cut anywhere is not taken for a whole one. */
static void test_truncated(void **state)
{
    (void)state;
    uint32_t random = 3;
    char *text = text_of(3000, &random), out[3000];
    size_t n = deflate_payload(d, (struct slice){text, 3000}, out, sizeof out);
    assert_true(n > 100);
    for (size_t cut = 1; cut < n; cut++)
        fails_with((struct slice){out, cut}, 100000, ERR_PARSE);
    free(text);
}

/* Random damage: an error or something, within the bound, and the next message is whole. */
static void test_damaged(void **state)
{
    (void)state;
    uint32_t random = 5;
    char *text = text_of(2000, &random), good[2000], bad[2000];
    size_t n = deflate_payload(d, (struct slice){text, 2000}, good, sizeof good);
    for (unsigned i = 0; i < 3000; i++) {
        struct buf out;
        memcpy(bad, good, n);
        for (unsigned k = 0; k < 1 + i % 3; k++)
            bad[xorshift(&random) % n] = (char)xorshift(&random);
        int err = inflated((struct slice){bad, n}, 4000, &out);
        assert_true(err == 0 || err == ERR_PARSE || err == ERR_TOO_LARGE);
        buf_free(&out);
    }
    struct buf out;
    assert_int_equal(inflated((struct slice){good, n}, 2000, &out), 0);
    assert_memory_equal(out.p, text, 2000);
    buf_free(&out);
    free(text);
}

/* 10 MB in 45 KB: nothing above the bound is produced or allocated. */
static void test_bomb(void **state)
{
    (void)state;
    size_t n = 10000000;
    char *zeros = calloc(1, n), *bomb = malloc(n);
    struct buf out;
    size_t size = deflate_payload(d, (struct slice){zeros, n}, bomb, n);
    assert_true(size > 0 && size < 60000);
    assert_int_equal(inflated((struct slice){bomb, size}, 1000000, &out), ERR_TOO_LARGE);
    assert_int_equal(out.n, 1000000);
    buf_free(&out);
    free(zeros);
    free(bomb);
}

/* Zeros, compressed, then as many empty blocks of 5 bytes as the message needs to be allowed what it becomes.
 * Returns whether the bound was met exactly. */
static bool padded_until_it_passes(size_t zeros)
{
    char *text = calloc(1, zeros), *payload = malloc(zeros);
    size_t size = deflate_payload(d, (struct slice){text, zeros}, payload, zeros), before = size;
    struct buf out;
    assert_true(size > 0 && INFLATE_BOUND(size) < zeros);
    for (; INFLATE_BOUND(size) < zeros; size += 5) {
        assert_int_equal(inflated((struct slice){payload, size}, 2 * zeros, &out), ERR_TOO_LARGE);
        assert_int_equal(out.n, INFLATE_BOUND(size));
        assert_true(out.cap <= INFLATE_BOUND(size) && out.max == 2 * zeros);
        buf_free(&out);
        memcpy(payload + size, "\0\0\xff\xff", 5);
    }
    assert_true(size > before);
    assert_int_equal(inflated((struct slice){payload, size}, zeros, &out), 0);
    assert_int_equal(out.n, zeros);
    buf_free(&out);
    free(text);
    free(payload);
    return INFLATE_BOUND(size) == zeros;
}

static void test_ratio(void **state)
{
    (void)state;
    unsigned exact = 0;
    assert_int_equal(INFLATE_BOUND(1), 65536);
    assert_int_equal(INFLATE_BOUND(327), 65536);
    assert_int_equal(INFLATE_BOUND(328), 65600);
    for (size_t i = 0; i < 10; i++) /* each meets the bound elsewhere */
        exact += padded_until_it_passes(200000 + i * 9 * INFLATE_RATIO);
    assert_true(exact > 0);
}

/* Small ones may become anything; and the buffer may hold something already, or be larger than it may become.
 */
static void test_ratio_of_small_ones(void **state)
{
    (void)state;
    char *zeros = calloc(1, INFLATE_ANY + 1), payload[1000];
    for (size_t more = 0; more < 2; more++) {
        size_t n = INFLATE_ANY + more;
        size_t size = deflate_payload(d, (struct slice){zeros, n}, payload, sizeof payload);
        struct buf out;
        assert_true(size > 0 && size < 328);
        buf_init(&out, 1000000);
        assert_int_equal(buf_reserve(&out, 300000), 0);
        assert_int_equal(buf_adds(&out, "before"), 0);
        assert_int_equal(inflate_payload(f, (struct slice){payload, size}, &out), more ? ERR_TOO_LARGE : 0);
        assert_int_equal(out.n, 6 + INFLATE_ANY);
        assert_memory_equal(out.p + 6, zeros, INFLATE_ANY);
        assert_int_equal(out.max, 1000000);
        buf_free(&out);
    }
    free(zeros);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct buf out;
    fails = DEFLATE_INIT;
    assert_null(deflater_new());
    fails = INFLATE_INIT;
    assert_null(inflater_new());
    fails = INFLATE;
    assert_int_equal(inflated(SLICE_LIT("\xf2\x48\xcd\xc9\xc9\x07\x00"), 100, &out), ERR_NOMEM);
    buf_free(&out);
    deflater_free(NULL);
    inflater_free(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_there_and_back),      TEST(test_no_room),   TEST(test_examples), TEST(test_corrupt),
        TEST(test_truncated),           TEST(test_damaged),   TEST(test_bomb),     TEST(test_ratio),
        TEST(test_ratio_of_small_ones), TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
