/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes HTTP requests: a head ends in the same place however it comes, a body in chunks is the same however
 * it is cut. */
#include <assert.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "core/codec/http.h"
#include "core/codec/http_chunks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_at(const struct http_head *head)
{
    struct slice rest = head->query, key, value;
    char *out = malloc(head->target.n + 1);
    assert(out != NULL && http_decode(head->path, false, out) <= head->path.n);
    while (http_query_next(&rest, &key, &value))
        assert(http_decode(key, true, out) <= key.n && http_decode(value, true, out) <= value.n);
    rest = head->header[HTTP_CONNECTION];
    while (http_list_next(&rest, &value))
        assert(value.n > 0);
    free(out);
}

/* The body from `from` on, `step` bytes at a time. Returns its size, or -1 when it is malformed. */
static long decode(const uint8_t *from, size_t size, size_t step, char *body)
{
    struct http_chunks c = {0};
    size_t at = 0, n = 0, used, made;
    int got = 0;
    while (got == 0 && at < size) {
        size_t piece = size - at < step ? size - at : step;
        memcpy(body + n, from + at, piece); /* decoded where it stands */
        got = http_chunks_decode(&c, body + n, piece, &used, &made);
        at += used;
        n += made;
    }
    return got < 0 ? -1 : (long)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    size_t end = http_head_end(text, 0);
    struct http_head head;
    for (size_t n = 1, seen = 0; n < size && n < 512; seen = n++) {
        size_t early = http_head_end((struct slice){text.p, n}, seen);
        assert(early == 0 || early == end);
        if (early != 0)
            break;
    }
    if (http_head_parse((struct slice){text.p, end}, &head) == 0)
        look_at(&head);
    char *once = malloc(size + 1), *cut = malloc(size + 1);
    assert(once != NULL && cut != NULL);
    long n = decode(data, size, size + 1, once);
    long m = decode(data, size, 1 + size % 7, cut);
    assert(n == m && (n < 0 || memcmp(once, cut, (size_t)n) == 0));
    free(once);
    free(cut);
    return 0;
}
