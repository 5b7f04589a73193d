/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reading of clients' frames: however the bytes are cut, the same is said. */
#include <assert.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "core/codec/websocket_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was said, without regard to how messages were cut: payloads and ends. Returns its size. */
static size_t read_all(const uint8_t *data, size_t size, size_t step, bool deflate, char *said, int *end)
{
    struct ws_reader r = {.deflate = deflate};
    size_t n = 0;
    *end = 0;
    for (size_t at = 0; at < size && *end == 0; at += step) {
        size_t chunk = size - at < step ? size - at : step, done = 0, used;
        struct ws_piece piece;
        int got = 1;
        char *p = malloc(chunk);
        assert(p != NULL);
        memcpy(p, data + at, chunk);
        while (got == 1 && done < chunk) {
            got = ws_read(&r, p + done, chunk - done, &used, &piece);
            assert(got < 0 || used > 0);
            done += used;
            if (got == 1) {
                memcpy(said + n, piece.bytes.p, piece.bytes.n);
                n += piece.bytes.n;
                if (piece.last)
                    said[n++] = (char)(piece.opcode | (piece.compressed ? WS_RSV1 : 0));
            }
        }
        free(p);
        *end = got < 0 ? got : 0;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *once = malloc(2 * size + 1), *cut = malloc(2 * size + 1);
    int end, cut_end;
    assert(once != NULL && cut != NULL);
    for (unsigned deflate = 0; deflate < 2; deflate++) {
        size_t n = read_all(data, size, size + 1, deflate, once, &end);
        size_t m = read_all(data, size, 1 + size % 5, deflate, cut, &cut_end);
        assert(end == cut_end && n == m && memcmp(once, cut, n) == 0);
    }
    free(once);
    free(cut);
    return 0;
}
