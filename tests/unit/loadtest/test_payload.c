/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads: what is written is read, also when a server printed it anew, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/codec/json.h"
#include "loadtest/message/payload.h"

static const struct payload samples[] = {
    {0, 0, 0}, {7, 1234, 98765432109876}, {UINT32_MAX, UINT32_MAX, 9999999999999999999u}};

static int read_text(const char *text, size_t size, struct payload *payload)
{
    return payload_read(slice_of(text), size, payload);
}

static void round_trip(void **state)
{
    (void)state;
    static const size_t sizes[] = {PAYLOAD_MIN, 65, 100, 1024, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t k = 0; k < sizeof samples / sizeof *samples; k++) {
            struct payload got;
            struct slice value;
            char *text = malloc(sizes[i]);
            payload_write(&samples[k], text, sizes[i]);
            struct slice written = {text, sizes[i]};
            assert_int_equal(json_check(written, 2, &value), 0);
            assert_int_equal(payload_read(written, sizes[i], &got), 0);
            assert_int_equal(got.publisher, samples[k].publisher);
            assert_int_equal(got.sequence, samples[k].sequence);
            assert_int_equal(got.due, samples[k].due);
            free(text);
        }
    }
}

/* Every single byte counts: changed, it is an error, or another number. */
static void mangled(void **state)
{
    (void)state;
    char text[80], copy[80];
    struct payload payload = {12, 345, 6789}, got;
    payload_write(&payload, text, sizeof text);
    for (size_t i = 0; i < sizeof text; i++) {
        memcpy(copy, text, sizeof text);
        copy[i] = copy[i] == '1' ? '2' : '1';
        if (payload_read((struct slice){copy, sizeof copy}, sizeof text, &got) == 0)
            assert_true(got.publisher != 12 || got.sequence != 345 || got.due != 6789);
        memcpy(copy, text, sizeof text);
        copy[i] = '!';
        assert_int_equal(payload_read((struct slice){copy, sizeof copy}, sizeof text, &got), ERR_PARSE);
        assert_int_equal(payload_read((struct slice){text, i}, sizeof text, &got), ERR_PARSE);
    }
}

static void printed_anew(void **state)
{
    (void)state;
    char text[200];
    struct payload got;
    /* {"p":1,"s":2,"t":3,"x":""} has 26 bytes */
    snprintf(text, sizeof text, "{ \"x\" : \"%.*s\", \"t\":3, \"p\":1, \"s\":2 }", 64 - 26,
             "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    assert_int_equal(read_text(text, 64, &got), 0);
    assert_int_equal(got.publisher, 1);
    assert_int_equal(got.sequence, 2);
    assert_int_equal(got.due, 3);
    assert_int_equal(read_text(text, 65, &got), ERR_PARSE);
    assert_int_equal(read_text(text, 1000, &got), ERR_PARSE);
}

static void not_ours(void **state)
{
    (void)state;
    struct payload got;
    static const char *const texts[] = {"",
                                        "null",
                                        "[]",
                                        "{}",
                                        "{\"p\":1}",
                                        "{\"p\":1,\"s\":2,\"t\":3}",
                                        "{\"p\":1,\"s\":2,\"t\":3,\"x\":4}",
                                        "{\"p\":01,\"s\":2,\"t\":3,\"x\":\"\"}",
                                        "{\"p\":-1,\"s\":2,\"t\":3,\"x\":\"\"}",
                                        "{\"p\":1.5,\"s\":2,\"t\":3,\"x\":\"\"}",
                                        "{\"p\":4294967296,\"s\":2,\"t\":3,\"x\":\"\"}",
                                        "{\"p\":1,\"s\":2,\"t\":3,\"x\":\"\",\"y\":1}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(read_text(texts[i], 64, &got), ERR_PARSE);
        if (strlen(texts[i]) >= PAYLOAD_MIN)
            assert_int_equal(read_text(texts[i], strlen(texts[i]), &got), ERR_PARSE);
    }
}

/* The same again is known by its bytes, whatever came in between; a single byte more or less is not the same.
 */
static void a_reader_remembers(void **state)
{
    (void)state;
    enum { SIZE = 80 };
    struct payload_reader reader;
    struct payload got, a = {1, 2, 3}, b = {1, 2, 4};
    char first[SIZE + 1] = "", second[SIZE + 1] = "";
    payload_reader_init(&reader, SIZE);
    payload_write(&a, first, SIZE);
    payload_write(&b, second, SIZE);
    assert_int_equal(payload_reader_read(&reader, (struct slice){reader.texts, SIZE}, &got), ERR_PARSE);
    for (int i = 0; i < 3; i++) {
        for (int again = 0; again < 2; again++) {
            memset(&got, 0, sizeof got);
            assert_int_equal(payload_reader_read(&reader, slice_of(first), &got), 0);
            assert_memory_equal(&got, &a, sizeof a);
        }
        assert_int_equal(payload_reader_read(&reader, slice_of(second), &got), 0);
        assert_int_equal(got.due, 4);
        second[SIZE - 5] = 'y';
        assert_int_equal(payload_reader_read(&reader, slice_of(second), &got), ERR_PARSE);
        assert_int_equal(payload_reader_read(&reader, (struct slice){second, SIZE - 1}, &got), ERR_PARSE);
        second[SIZE - 5] = 'x';
    }
    payload_reader_free(&reader);
}

/* As members of a room read: each the same batch, in one order or in another, more of them than are kept. */
static void a_reader_reads_batches(void **state)
{
    (void)state;
    static const size_t sizes[] = {PAYLOAD_MIN, 300000};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        size_t size = sizes[k], count = size == PAYLOAD_MIN ? 600 : 3;
        struct payload_reader reader;
        char *text = malloc(size);
        assert_non_null(text);
        payload_reader_init(&reader, size);
        for (uint32_t member = 0; member < 4; member++) {
            for (uint32_t i = 0; i < count; i++) {
                struct payload got,
                    wrote = {i % 3, member == 2 ? (uint32_t)count - i : i, 1000 + i + member / 3};
                payload_write(&wrote, text, size);
                assert_int_equal(payload_reader_read(&reader, (struct slice){text, size}, &got), 0);
                assert_memory_equal(&got, &wrote, sizeof got);
            }
        }
        free(text);
        payload_reader_free(&reader);
    }
}

#define WRITTEN "{\"p\":3,\"s\":4,\"t\":5,\"x\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}" /* 64 bytes */
#define ANEW    "{ \"x\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\", \"t\":5,\"s\":4,\"p\":3 }"

static bool finds(struct slice text)
{
    struct payload_reader reader;
    struct payload got;
    payload_reader_init(&reader, PAYLOAD_MIN);
    bool found = payload_reader_find(&reader, text, &got) == 0;
    if (found)
        assert_true(got.publisher == 3 && got.sequence == 4 && got.due == 5);
    payload_reader_free(&reader);
    return found;
}

/* Writes what `before`, the payload, and `after` make, with the payload in `levels` strings. */
static bool finds_quoted(const char *before, const char *payload, const char *after, int levels)
{
    struct buf text, quoted;
    buf_init(&text, 10000);
    buf_adds(&text, payload);
    for (int i = 0; i < levels; i++) {
        buf_init(&quoted, 10000);
        json_quote(&quoted, buf_slice(&text));
        buf_free(&text);
        text = quoted;
    }
    buf_init(&quoted, 10000);
    buf_adds(&quoted, before);
    buf_add(&quoted, buf_slice(&text));
    assert_int_equal(buf_adds(&quoted, after), 0);
    bool found = finds(buf_slice(&quoted));
    buf_free(&text);
    buf_free(&quoted);
    return found;
}

static void found_anywhere(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
    } around[] = {{"", ""},
                  {"17,", ",null"},
                  {"\"a } \\\" { \\\\\", ", ""},
                  {"{\"from\":\"Ann\",\"text\":", "}"},
                  {"{\"p\":1,\"s\":{},\"x\":\"\"},[[{\"a\":[{}],\"b\":", "}]],{}"},
                  {"\"{\\\"p\\\":1}\",\"{}\",\"{\",\"{ \\n\",", ",\"{\""}};
    for (size_t i = 0; i < sizeof around / sizeof *around; i++)
        for (int levels = 0; levels <= 4; levels++) {
            assert_true(finds_quoted(around[i].before, WRITTEN, around[i].after, levels));
            assert_true(finds_quoted(around[i].before, ANEW, around[i].after, levels));
        }
    assert_true(finds(SLICE_LIT("\"Ann: {\\u0022p\\\":3,\\\"s\\\":4,\\\"t\\\":5,\\\"x\\\":"
                                "\\\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\\\"} \\\"\"")));
}

static void found_nowhere(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "{",
                                        "\"{\\",
                                        "\"{\\\"",
                                        "{\"",
                                        "{\"a\":\"{\"}",
                                        "\"{\\ud800\"",
                                        "{\"p\":3,\"s\":4,\"t\":5,\"x\":\"xxx\"}",
                                        "{\"a\":{\"p\":3,\"s\":4,\"t\":5}}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(finds(slice_of(texts[i])));
    /* Any part that is not the whole, and more levels than anybody uses. */
    for (size_t n = 0; n < sizeof WRITTEN - 1; n++)
        assert_false(finds((struct slice){WRITTEN, n}));
    assert_false(finds_quoted("", WRITTEN, "", 5));
}

/* The time that it takes grows as the text does: if it grew as its square, this would be seconds. */
static void found_in_no_time(void **state)
{
    (void)state;
    static const char *const pieces[] = {"{", "{\"", "{\\\"", "{\"a\":\"{", "{ \"a\",", "\"{\\\\\\\""};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct buf text;
        clock_t began = clock();
        buf_init(&text, 1u << 20);
        while (text.n < 1u << 16)
            buf_adds(&text, pieces[i]);
        assert_false(finds(buf_slice(&text)));
        assert_true(clock() - began < 2 * CLOCKS_PER_SEC);
        buf_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),         cmocka_unit_test(mangled),
        cmocka_unit_test(printed_anew),       cmocka_unit_test(not_ours),
        cmocka_unit_test(a_reader_remembers), cmocka_unit_test(a_reader_reads_batches),
        cmocka_unit_test(found_anywhere),     cmocka_unit_test(found_nowhere),
        cmocka_unit_test(found_in_no_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
