/* SPDX-License-Identifier: Apache-2.0 */
/* A frame: bytes ready for the wire, immutable once filled, shared by reference count.
 * A publication is encoded into one frame per dialect however many receivers it has. For WebSocket
 * dialects the bytes are whole WebSocket frames, headers included (server frames are unmasked, so
 * they are the same for everybody): one for the text, one more for each binary attachment. For SSE
 * they are the bytes of one event. `messages` counts publications, for metrics. */
#ifndef CORE_BASE_FRAME_H
#define CORE_BASE_FRAME_H

#include "core/base/slice.h"

struct frame {
    uint32_t refs;
    uint32_t messages;
    uint32_t n;
    char bytes[];
};

/* refs = 1, messages = 1, n = n, bytes not filled. NULL when memory is short. */
struct frame *frame_new(size_t n) MUST_CHECK;
/* Only the first n bytes are wanted: the rest of the memory is given back. f must not be shared yet. */
struct frame *frame_shrink(struct frame *f, size_t n) MUST_CHECK;
/* One frame that holds the bytes of all `count` frames in order; messages add up. */
struct frame *frame_pack(struct frame *const *frames, size_t count) MUST_CHECK;
void frame_free(struct frame *f); /* used by frame_put */

static inline struct frame *frame_get(struct frame *f)
{
    f->refs++;
    return f;
}

static inline void frame_put(struct frame *f)
{
    if (--f->refs == 0)
        frame_free(f);
}

#endif
