/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes HTTP answers as the load generator reads them: however the bytes are cut, the same answers with the
 * same bodies. */
#include <stdio.h>

#include "core/base/err.h"
#include "loadtest/wire/http_answer.h"
#include "tests/fuzz/cuts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_WHY = 100 };

static void say_head(struct buf *said, const struct http_answer *a)
{
    assert(a->status >= 100 && a->status <= 999 && strlen(a->line) >= 8);
    int err = buf_addf(said, "\n%s|%d %d %d %d %u %llu\n", a->line, a->status, (int)a->framing, a->keep_alive,
                       a->event_stream, a->idle_s, (unsigned long long)a->left);
    assert(err == 0);
}

/* One after the other, as far as *rest goes. */
static int read_answers(struct http_answer *answer, bool *in_body, struct slice *rest, struct buf *said)
{
    char why[MAX_WHY] = "";
    struct slice part;
    int got = 1;
    while (got == 1 && rest->n > 0) {
        if (!*in_body) {
            got = http_answer_head(answer, rest, why, sizeof why);
            assert((got < 0) == (why[0] != '\0'));
            if (got != 1)
                return got;
            say_head(said, answer);
        }
        got = http_answer_body(answer, rest, &part);
        int err = buf_add(said, part);
        assert(err == 0);
        *in_body = got == 0;
    }
    return got;
}

static struct buf read_all(struct slice input, struct cuts cuts)
{
    struct buf said;
    struct http_answer answer = {0};
    struct slice got = SLICE_NONE, rest = SLICE_NONE;
    bool in_body = false;
    int end = 0;
    buf_init(&said, SIZE_MAX);
    while (input.n > 0 && end >= 0) {
        struct slice more = cuts_receive(&cuts, rest, &input);
        free((char *)(uintptr_t)got.p);
        got = rest = more;
        end = read_answers(&answer, &in_body, &rest, &said);
        assert(end < 0 || rest.n == 0 || !in_body);
    }
    free((char *)(uintptr_t)got.p);
    int err = buf_adds(&said, end < 0 ? "malformed" : in_body ? "in a body" : "");
    assert(err == 0);
    return said;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = {(const char *)data, size};
    struct cuts cuts = cuts_take(&input);
    struct buf whole = read_all(input, (struct cuts){0}), cut = read_all(input, cuts);
    assert(slice_eq(buf_slice(&whole), buf_slice(&cut)));
    buf_free(&whole);
    buf_free(&cut);
    return 0;
}
