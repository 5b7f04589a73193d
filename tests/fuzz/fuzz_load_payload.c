/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what a message says: a payload is taken exactly where jansson reads the same numbers and padding,
 * and what was read is written and read again as it was. Any text is searched for one. */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>

#include "core/base/buf.h"
#include "core/codec/json.h"
#include "loadtest/message/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OTHER_SIZE = 200 };

static bool whole(const json_t *tree, const char *key, uint64_t max, uint64_t *number)
{
    const json_t *value = json_object_get(tree, key);
    *number = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0 && *number <= max;
}

static bool is_padding(const json_t *value, size_t n)
{
    const char *text = json_string_value(value);
    return text != NULL && json_string_length(value) == n && strspn(text, "x") == n;
}

/* The length of what stands around the padding. */
static size_t around(const struct payload *p)
{
    int n = snprintf(NULL, 0, "{\"p\":%u,\"s\":%u,\"t\":%llu,\"x\":\"\"}", p->publisher, p->sequence,
                     (unsigned long long)p->due);
    return (size_t)n;
}

/* 1, 0, or -1 where jansson differs by design: numbers that it cannot hold. Escapes, signs and members that
 * come twice no server makes of ours: what becomes of them does not matter. */
static int jansson_reads(struct slice text, size_t size, struct payload *payload)
{
    json_error_t error;
    uint64_t publisher = 0, sequence = 0;
    *payload = (struct payload){0};
    if (text.n == 0)
        return 0;
    json_t *tree = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &error);
    if (tree == NULL)
        return json_error_code(&error) == json_error_numeric_overflow ||
                       json_error_code(&error) == json_error_duplicate_key
                   ? -1
                   : 0;
    bool fine = whole(tree, "p", UINT32_MAX, &publisher) && whole(tree, "s", UINT32_MAX, &sequence) &&
                whole(tree, "t", INT64_MAX, &payload->due) && json_object_size(tree) == 4;
    payload->publisher = (uint32_t)publisher;
    payload->sequence = (uint32_t)sequence;
    fine = fine && is_padding(json_object_get(tree, "x"), size - around(payload));
    json_decref(tree);
    bool odd = memchr(text.p, '\\', text.n) != NULL || memchr(text.p, '-', text.n) != NULL;
    return fine && odd ? -1 : fine;
}

static bool same(const struct payload *a, const struct payload *b)
{
    return a->publisher == b->publisher && a->sequence == b->sequence && a->due == b->due;
}

static void write_and_read(const struct payload *payload, size_t size)
{
    struct payload again;
    char *text = malloc(size);
    assert(text != NULL);
    payload_write(payload, text, size);
    int err = payload_read((struct slice){text, size}, size, &again);
    assert(err == 0 && same(payload, &again));
    free(text);
}

/* Read twice, and once more after another one. */
static void read_many(struct slice text, size_t size, int err, const struct payload *payload)
{
    struct payload_reader reader;
    struct payload other = {1, 2, 3}, got;
    char *more = malloc(size);
    assert(more != NULL);
    payload_write(&other, more, size);
    payload_reader_init(&reader, size);
    for (int i = 0; i < 3; i++) {
        int again = payload_reader_read(&reader, text, &got);
        assert(again == err && (err != 0 || same(&got, payload)));
        again = i == 1 ? payload_reader_read(&reader, (struct slice){more, size}, &got) : 0;
        assert(again == 0);
    }
    payload_reader_free(&reader);
    free(more);
}

static int find(struct slice text, size_t size, struct payload *payload)
{
    struct payload_reader reader;
    payload_reader_init(&reader, size);
    int err = payload_reader_find(&reader, text, payload);
    payload_reader_free(&reader);
    return err;
}

/* Any text is searched; a payload is found in itself, and in a string that says the same. */
static void find_it(struct slice text, size_t size, int err, const struct payload *payload)
{
    struct payload found, again;
    struct buf quoted;
    int found_err = find(text, size, &found);
    assert(err != 0 || (found_err == 0 && same(payload, &found)));
    if (err != 0)
        return;
    buf_init(&quoted, SIZE_MAX);
    int quoted_err = json_quote(&quoted, text);
    assert(quoted_err == 0);
    found_err = find(buf_slice(&quoted), size, &again);
    assert(found_err == 0 && same(&again, payload));
    buf_free(&quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t sizes[] = {PAYLOAD_MIN, OTHER_SIZE};
    struct slice text = {(const char *)data, size};
    for (unsigned i = 0; i < 2; i++) {
        struct payload payload, expected;
        int err = payload_read(text, sizes[i], &payload), want = jansson_reads(text, sizes[i], &expected);
        assert(want < 0 || (err == 0) == (want == 1));
        assert(want < 1 || same(&payload, &expected));
        if (err == 0)
            write_and_read(&payload, sizes[i]);
        read_many(text, sizes[i], err, &payload);
        find_it(text, sizes[i], err, &payload);
    }
    return 0;
}
