/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope's bytes. The encoder adds up the size first and then writes without looking back; the decoder
 * takes fields from a reader that remembers the first one that was too short. */
#include "core/bus/envelope.h"

#include <assert.h>
#include <endian.h>

#include "core/base/err.h"

enum { VERSION = 1, FIXED_SIZE = 4 + 8 + 8, KNOWN_FLAGS = PUB_VOLATILE | PUB_FAILED };

/* --- encoding --- */

static inline char *put_number(char *at, uint64_t v, unsigned width)
{
    v = htole64(v);
    memcpy(at, &v, width);
    return at + width;
}

static inline char *put_string(char *at, struct slice s, unsigned width)
{
    at = put_number(at, s.n, width);
    if (s.n > 0)
        memcpy(at, s.p, s.n);
    return at + s.n;
}

static char *put_names(char *at, struct names_in names)
{
    at = put_number(at, names.count, 2);
    for (unsigned i = 0; i < names.count; i++)
        at = put_string(at, names.v[i], 2);
    return at;
}

/* Adds the size of a string to *size; false when its length does not fit. */
static bool add_string(size_t *size, struct slice s, unsigned width)
{
    *size += width + s.n;
    return s.n <= (UINT64_C(1) << 8 * width) - 1;
}

static bool add_names(size_t *size, struct names_in names)
{
    bool fits = names.count <= UINT16_MAX;
    *size += 2;
    for (unsigned i = 0; fits && i < names.count; i++)
        fits = add_string(size, names.v[i], 2);
    return fits;
}

/* False when a field does not fit. The sum cannot overflow: the slices are in memory. */
static bool add_all(size_t *size, const struct publication *p, struct names_in rooms, struct names_in except)
{
    *size = FIXED_SIZE;
    bool fits = add_string(size, p->node, 1) && add_string(size, p->ns, 2) &&
                add_string(size, p->event.name, 2) && add_names(size, rooms) && add_names(size, except) &&
                add_string(size, p->event.args, 4);
    for (unsigned i = 0; fits && i < p->event.attachments; i++)
        fits = add_string(size, p->event.attachment[i], 4);
    return fits;
}

int envelope_encode(struct buf *b, const struct publication *p, struct names_in rooms, struct names_in except)
{
    assert(p->kind >= PUB_EVENT && p->kind <= PUB_NONCE && (p->flags & ~(unsigned)KNOWN_FLAGS) == 0);
    assert(p->event.attachments <= EVENT_MAX_ATTACHMENTS);
    size_t size;
    if (!add_all(&size, p, rooms, except))
        return ERR_TOO_LARGE;
    int err = buf_reserve(b, size);
    if (err)
        return err;
    char *at = b->p + b->n;
    at = put_number(at, VERSION, 1);
    at = put_number(at, p->kind, 1);
    at = put_number(at, p->flags, 1);
    at = put_number(at, p->event.attachments, 1);
    at = put_number(at, p->sequence, 8);
    at = put_number(at, p->request, 8);
    at = put_string(at, p->node, 1);
    at = put_string(at, p->ns, 2);
    at = put_string(at, p->event.name, 2);
    at = put_names(at, rooms);
    at = put_names(at, except);
    at = put_string(at, p->event.args, 4);
    for (unsigned i = 0; i < p->event.attachments; i++)
        at = put_string(at, p->event.attachment[i], 4);
    assert(at == b->p + b->n + size);
    b->n += size;
    return 0;
}

/* --- decoding --- */

/* After a failure everything that is read is zero or empty. */
struct reader {
    struct slice rest;
    bool failed;
};

static inline struct slice take(struct reader *r, uint64_t n)
{
    if (n > r->rest.n) {
        r->failed = true;
        r->rest.n = 0;
        return (struct slice){r->rest.p, 0};
    }
    struct slice s = {r->rest.p, (size_t)n};
    r->rest = slice_from(r->rest, (size_t)n);
    return s;
}

static inline uint64_t take_number(struct reader *r, unsigned width)
{
    struct slice s = take(r, width);
    uint64_t v = 0;
    if (s.n == width)
        memcpy(&v, s.p, width);
    return le64toh(v);
}

static inline struct slice take_string(struct reader *r, unsigned width)
{
    return take(r, take_number(r, width));
}

static struct names take_names(struct reader *r)
{
    struct names names = {.count = (unsigned)take_number(r, 2), .rest = r->rest};
    for (unsigned i = 0; i < names.count && !r->failed; i++)
        take_string(r, 2);
    names.rest.n -= r->rest.n;
    return names;
}

static bool take_event(struct reader *r, struct publication *p)
{
    p->event.args = take_string(r, 4);
    if (p->event.attachments > EVENT_MAX_ATTACHMENTS)
        return false;
    for (unsigned i = 0; i < p->event.attachments; i++)
        p->event.attachment[i] = take_string(r, 4);
    return !r->failed;
}

int envelope_decode(struct slice bytes, struct publication *p)
{
    struct reader r = {.rest = bytes};
    memset(p, 0, offsetof(struct publication, event.attachment));
    uint64_t version = take_number(&r, 1);
    if (r.failed)
        return ERR_PARSE;
    if (version != VERSION)
        return ERR_VERSION;
    uint64_t kind = take_number(&r, 1);
    p->flags = (unsigned)take_number(&r, 1);
    if (kind < PUB_EVENT || kind > PUB_NONCE || (p->flags & ~(unsigned)KNOWN_FLAGS))
        return ERR_PARSE;
    p->kind = (enum publication_kind)kind;
    p->event.attachments = (unsigned)take_number(&r, 1);
    p->sequence = take_number(&r, 8);
    p->request = take_number(&r, 8);
    p->node = take_string(&r, 1);
    p->ns = take_string(&r, 2);
    p->event.name = take_string(&r, 2);
    p->rooms = take_names(&r);
    p->except = take_names(&r);
    return take_event(&r, p) && r.rest.n == 0 ? 0 : ERR_PARSE;
}

bool names_next(struct names *names, struct slice *name)
{
    if (names->count == 0)
        return false;
    struct reader r = {.rest = names->rest};
    *name = take_string(&r, 2);
    assert(!r.failed);
    names->rest = r.rest;
    names->count--;
    return true;
}
