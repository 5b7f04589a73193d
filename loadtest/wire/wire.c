/* SPDX-License-Identifier: Apache-2.0 */
/* What all kinds of wires have in common. */
#include "loadtest/wire/wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/random.h"
#include "core/base/xalloc.h"
#include "core/codec/websocket.h"
#include "loadtest/format.h"

#define READ_SIZE (256u << 10)

void wire_loop_init(struct wire_loop *loop, struct event_base *base, size_t max_frame)
{
    *loop = (struct wire_loop){.base = base, .max_frame = max_frame};
    loop->in_size = max_frame + WS_MAX_HEADER + READ_SIZE;
    loop->in = xcalloc(1, loop->in_size);
    loop->mask_state = random_u64() | 1;
    buf_init(&loop->inflated, max_frame);
}

void wire_loop_free(struct wire_loop *loop)
{
    inflater_free(loop->inflater);
    buf_free(&loop->inflated);
    free(loop->in);
}

struct wire *wire_new(const struct wire_ops *ops, struct wire_loop *loop, const struct wire_events *events,
                      void *owner)
{
    struct wire *wire = xcalloc(1, ops->size);
    *wire = (struct wire){.ops = ops, .events = events, .loop = loop, .owner = owner};
    ops->init(wire);
    return wire;
}

void wire_free(struct wire *wire)
{
    if (wire)
        wire_close(wire);
    free(wire);
}

int wire_start(struct wire *wire, const struct endpoint *to, struct slice target)
{
    wire->life++;
    wire->to = *to;
    return wire->ops->start(wire, target);
}

int wire_queue(struct wire *wire, struct slice text, uint64_t id)
{
    return wire->ops->queue(wire, text, id);
}

void wire_flush(struct wire *wire)
{
    wire->ops->flush(wire);
}

void wire_pause(struct wire *wire, bool paused)
{
    wire->ops->pause(wire, paused);
}

void wire_close(struct wire *wire)
{
    if (wire->ops->goodbye)
        wire->ops->goodbye(wire);
    wire->life++;
    wire->ops->drop(wire);
}

const char *wire_waits_for(const struct wire *wire)
{
    return wire->ops->waits_for(wire);
}

void wire_fail(struct wire *wire, const char *format, ...)
{
    char why[WIRE_MAX_WHY];
    va_list ap;
    va_start(ap, format);
    vsnprintf(why, sizeof why, format, ap);
    va_end(ap);
    format_line(why);
    wire->life++;
    wire->ops->drop(wire);
    wire->events->closed(wire, why);
}
