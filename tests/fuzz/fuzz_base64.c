/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as base64: what decodes, encodes to text that decodes to the same; and any bytes can be encoded.
 */
#include <assert.h>
#include <stdlib.h>

#include "core/base/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_round_trip(struct slice bytes)
{
    size_t n = base64_encoded_size(bytes.n);
    char *text = malloc(n + 1), *back = malloc(n / 4 * 3 + 3);
    assert(text && back);
    size_t wrote = base64_encode(bytes, text);
    assert(wrote == n);
    long got = base64_decode((struct slice){text, n}, back);
    assert(got >= 0 && slice_eq((struct slice){back, (size_t)got}, bytes));
    free(text);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = {(const char *)data, size};
    char *out = malloc(size / 4 * 3 + 3);
    assert(out);
    long n = base64_decode(in, out);
    if (n >= 0)
        assert_round_trip((struct slice){out, (size_t)n});
    assert_round_trip(in);
    free(out);
    return 0;
}
