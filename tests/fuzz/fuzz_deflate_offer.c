/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of extension offers: no read past the line; an answer only where the line names the
 * extension. */
#include <assert.h>

#include "core/base/err.h"
#include "core/codec/deflate_offer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char name[] = "permessage-deflate";
    const char *answer = NULL;
    int got = deflate_offer_take((struct slice){(const char *)data, size}, &answer);
    assert(got == 0 || got == 1 || got == ERR_PARSE);
    if (got == 1)
        assert(slice_starts(slice_of(answer), name) && memmem(data, size, name, strlen(name)) != NULL);
    return 0;
}
