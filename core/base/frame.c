/* SPDX-License-Identifier: Apache-2.0 */
/* Making and releasing frames. */
#include "core/base/frame.h"

#include <assert.h>
#include <stdlib.h>

struct frame *frame_new(size_t n)
{
    if (n > UINT32_MAX)
        return NULL;
    struct frame *f = malloc(sizeof *f + n);
    if (f == NULL)
        return NULL;
    f->refs = 1;
    f->messages = 1;
    f->n = (uint32_t)n;
    return f;
}

struct frame *frame_shrink(struct frame *f, size_t n)
{
    assert(f->refs == 1 && n <= f->n);
    struct frame *smaller = realloc(f, sizeof *f + n);
    if (smaller != NULL)
        f = smaller;
    f->n = (uint32_t)n;
    return f;
}

struct frame *frame_pack(struct frame *const *frames, size_t count)
{
    size_t n = 0;
    uint32_t messages = 0;
    for (size_t i = 0; i < count; i++) {
        n += frames[i]->n;
        messages += frames[i]->messages;
    }
    struct frame *packed = frame_new(n);
    if (packed == NULL)
        return NULL;
    packed->messages = messages;
    char *at = packed->bytes;
    for (size_t i = 0; i < count; i++) {
        memcpy(at, frames[i]->bytes, frames[i]->n);
        at += frames[i]->n;
    }
    return packed;
}

void frame_free(struct frame *f)
{
    assert(f->refs == 0);
    free(f);
}
