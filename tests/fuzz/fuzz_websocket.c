/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the walk over WebSocket frames: each frame, written again, is the bytes it was taken from; a shorter
 * input asks for more; masking twice changes nothing. */
#include <assert.h>
#include <stdlib.h>

#include "core/codec/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_PAYLOAD = 1000 };

static void written_again(const struct ws_frame *frame, struct slice bytes)
{
    char header[WS_MAX_HEADER];
    size_t size = ws_put_header(header, frame->opcode, frame->payload.n);
    assert(size == ws_header_size(frame->payload.n) && size + frame->payload.n == bytes.n);
    if (!frame->fin)
        header[0] = (char)(header[0] & 0x7f);
    if (frame->rsv1)
        header[0] = (char)(header[0] | 0x40);
    assert(memcmp(header, bytes.p, size) == 0 && frame->payload.p == bytes.p + size);
}

/* Every beginning of a whole frame is one that needs more, and says the truth about how much. */
static void cut_short(struct slice bytes)
{
    for (size_t n = 0; n < bytes.n; n = n < 20 ? n + 1 : n + 97) {
        struct slice rest = {bytes.p, n};
        struct ws_frame frame;
        size_t need;
        int rc = ws_frame_next(&rest, MAX_PAYLOAD, &frame, &need);
        assert(rc == 0 && rest.n == n && (need == 0 ? n < 10 : need == bytes.n));
    }
}

static void masked_twice(struct slice bytes)
{
    uint32_t mask = 0;
    memcpy(&mask, bytes.p, bytes.n < sizeof mask ? bytes.n : sizeof mask);
    char *p = malloc(bytes.n);
    assert(p != NULL);
    memcpy(p, bytes.p, bytes.n);
    ws_mask(p, bytes.n, mask);
    for (size_t i = 0; i < bytes.n; i++)
        assert((char)(p[i] ^ bytes.p[i]) == (char)(mask >> (24 - i % 4 * 8)));
    ws_mask(p, bytes.n, mask);
    assert(memcmp(p, bytes.p, bytes.n) == 0);
    free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = {(const char *)data, size};
    struct ws_frame frame;
    size_t need;
    if (size > 0)
        masked_twice(rest);
    for (struct slice before = rest; ws_frame_next(&rest, MAX_PAYLOAD, &frame, &need) == 1; before = rest) {
        struct slice bytes = {before.p, before.n - rest.n};
        assert(need == bytes.n && frame.payload.n <= MAX_PAYLOAD);
        written_again(&frame, bytes);
        cut_short(bytes);
    }
    return 0;
}
