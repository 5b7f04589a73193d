/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an envelope: what decodes must encode to the same bytes, as there is one way to write it. */
#include <assert.h>
#include <stdlib.h>

#include "core/bus/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All names as an array, which the caller frees. */
static struct slice *names_array(struct names names)
{
    unsigned count = names.count, n = 0;
    struct slice *v = calloc(count + 1, sizeof *v);
    assert(v);
    while (names_next(&names, &v[n]))
        n++;
    assert(n == count && names.rest.n == 0);
    return v;
}

static void assert_same(const struct publication *p, const struct publication *q)
{
    assert(p->kind == q->kind && p->flags == q->flags);
    assert(p->sequence == q->sequence && p->request == q->request);
    assert(slice_eq(p->node, q->node) && slice_eq(p->ns, q->ns));
    assert(p->rooms.count == q->rooms.count && slice_eq(p->rooms.rest, q->rooms.rest));
    assert(p->except.count == q->except.count && slice_eq(p->except.rest, q->except.rest));
    assert(slice_eq(p->event.name, q->event.name) && slice_eq(p->event.args, q->event.args));
    assert(p->event.attachments == q->event.attachments);
    for (unsigned i = 0; i < p->event.attachments; i++)
        assert(slice_eq(p->event.attachment[i], q->event.attachment[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice bytes = {(const char *)data, size};
    struct publication p, q;
    if (envelope_decode(bytes, &p))
        return 0;
    struct slice *rooms = names_array(p.rooms), *except = names_array(p.except);
    struct buf b;
    buf_init(&b, size);
    int err = envelope_encode(&b, &p, (struct names_in){rooms, p.rooms.count},
                              (struct names_in){except, p.except.count});
    assert(err == 0 && slice_eq(buf_slice(&b), bytes));
    err = envelope_decode(buf_slice(&b), &q);
    assert(err == 0);
    assert_same(&p, &q);
    buf_free(&b);
    free(rooms);
    free(except);
    return 0;
}
