/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the Socket.IO decoder: what it accepts obeys the rules and, written again, decodes to the same. */
#include <assert.h>

#include "core/base/utf8.h"
#include "core/codec/json.h"
#include "core/codec/socketio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sio_limits LIMITS = {.max_depth = 64, .max_attachments = SIO_MAX_ATTACHMENTS};

static void inside(struct slice part, struct slice whole)
{
    assert(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void obeys(const struct sio_packet *p, struct slice text)
{
    bool binary = p->type == SIO_BINARY_EVENT || p->type == SIO_BINARY_ACK;
    bool list = binary || p->type == SIO_EVENT || p->type == SIO_ACK;
    struct slice object, value;
    size_t pos = 0;
    long num;
    assert(binary == (p->attachments > 0) && p->attachments <= SIO_MAX_ATTACHMENTS);
    assert(p->ns.n > 0 && p->ns.p[0] == '/' && memchr(p->ns.p, ',', p->ns.n) == NULL && utf8_valid(p->ns));
    inside(p->data, text);
    inside(p->name, p->data);
    inside(p->args, p->data);
    assert(utf8_valid(p->data) && (list || p->args.n == 0));
    assert(p->data.n == 0 || json_check(p->data, LIMITS.max_depth, &value) == 0);
    assert(p->data.n == 0 || p->type != SIO_DISCONNECT);
    assert(p->name.n == 0 ||
           (!json_string_is(p->name, "connect") && !json_string_is(p->name, "newListener")));
    int rc = 0;
    while (binary && (rc = json_placeholder_next(p->args, &pos, &object, &num)) == 1)
        assert(num >= 0 && num < (long)p->attachments);
    assert(rc == 0);
}

/* The name and the arguments, joined, are the elements of the data. */
static void elements(const struct sio_packet *p)
{
    struct json j;
    struct slice element, value, rest = p->args;
    if (p->data.n == 0 || p->data.p[0] != '[')
        return;
    json_init(&j, p->data, LIMITS.max_depth);
    int rc = json_enter(&j, '[');
    assert(rc == 0);
    if (p->name.n > 0) {
        rc = json_element(&j, &element);
        assert(rc == 1 && element.p == p->name.p && element.n == p->name.n);
    }
    while ((rc = json_element(&j, &element)) == 1) {
        bool more = json_args_next(&rest, &value);
        assert(more && value.p == element.p && value.n == element.n);
    }
    assert(rc == 0 && !json_args_next(&rest, &value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct sio_packet p, q;
    if (sio_decode(text, &LIMITS, &p) != 0)
        return 0;
    obeys(&p, text);
    elements(&p);
    struct buf b;
    buf_init(&b, size + 64);
    int rc = sio_put_head(&b, p.type, p.attachments, p.ns, p.has_id, p.id);
    assert(rc == 0);
    rc = buf_add(&b, p.data);
    assert(rc == 0);
    rc = sio_decode(buf_slice(&b), &LIMITS, &q);
    assert(rc == 0 && p.type == q.type && p.attachments == q.attachments);
    assert(p.has_id == q.has_id && p.id == q.id && slice_eq(p.ns, q.ns) && slice_eq(p.data, q.data));
    assert(slice_eq(p.name, q.name) && slice_eq(p.args, q.args));
    buf_free(&b);
    return 0;
}
