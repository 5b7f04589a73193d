/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes compressed payloads: anything inflates within its bounds or is refused, also right after another
 * one; what is deflated inflates to itself, unless that is too much for its size. */
#include <assert.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "core/codec/deflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int inflate_within(struct inflater *f, struct slice in, size_t max, struct buf *out)
{
    buf_init(out, max);
    int err = inflate_payload(f, in, out);
    assert(err == 0 || err == ERR_PARSE || err == ERR_TOO_LARGE);
    assert(out->n <= max && out->cap <= max && out->max == max);
    assert(out->n <= INFLATE_BOUND(in.n) && out->cap <= INFLATE_BOUND(in.n));
    assert(err != ERR_TOO_LARGE || out->n == max || out->n == INFLATE_BOUND(in.n));
    return err;
}

static void there_and_back(struct inflater *f, struct slice in)
{
    struct deflater *d = deflater_new();
    size_t room = DEFLATE_BOUND(in.n);
    char *compressed = malloc(room);
    struct buf out;
    assert(d != NULL && compressed != NULL);
    size_t n = deflate_payload(d, in, compressed, room);
    assert(n > 0);
    int err = inflate_within(f, (struct slice){compressed, n}, in.n, &out);
    if (in.n <= INFLATE_BOUND(n))
        assert(err == 0 && slice_eq(buf_slice(&out), in));
    else
        assert(err == ERR_TOO_LARGE && out.n == INFLATE_BOUND(n));
    buf_free(&out);
    free(compressed);
    deflater_free(d);
}

/* The same text again and again: more than a payload may become, if it is short. */
static void repeated(struct inflater *f, struct slice in)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    int err = buf_add(&text, in);
    while (text.n > 0 && text.n <= INFLATE_ANY && err == 0) {
        err = buf_reserve(&text, text.n);
        if (err == 0)
            err = buf_add(&text, buf_slice(&text));
    }
    assert(err == 0);
    there_and_back(f, buf_slice(&text));
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = {(const char *)data, size};
    struct inflater *f = inflater_new();
    struct buf large, exact;
    assert(f != NULL);
    if (inflate_within(f, in, 3 * INFLATE_ANY, &large) == 0) {
        int err = inflate_within(f, in, large.n, &exact);
        assert(err == 0 && slice_eq(buf_slice(&exact), buf_slice(&large)));
        buf_free(&exact);
        if (large.n > 0) {
            err = inflate_within(f, in, large.n - 1, &exact);
            assert(err == ERR_TOO_LARGE);
            buf_free(&exact);
        }
    }
    buf_free(&large);
    there_and_back(f, in);
    repeated(f, in);
    inflater_free(f);
    return 0;
}
