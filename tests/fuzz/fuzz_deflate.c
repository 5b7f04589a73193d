/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes compressed payloads: anything inflates within its bound or is refused, also right after another one;
 * what is deflated inflates to itself. */
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
    assert(out->n <= max && out->cap <= max);
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
    assert(err == 0 && slice_eq(buf_slice(&out), in));
    buf_free(&out);
    free(compressed);
    deflater_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = {(const char *)data, size};
    struct inflater *f = inflater_new();
    struct buf large, exact;
    assert(f != NULL);
    if (inflate_within(f, in, 100000, &large) == 0) {
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
    inflater_free(f);
    return 0;
}
