/* SPDX-License-Identifier: Apache-2.0 */
/* Audiences: who hears a room or a namespace, and the fan-out loop. A publication is encoded once per dialect
 * that has members; what one turn brings is packed, so that a member of a busy room costs one queue entry and
 * one write per turn, not one per message. */
#include <assert.h>
#include <stdlib.h>

#include "core/base/xalloc.h"
#include "core/broker/state.h"

/* More than this is not packed into one frame: it would make the first member's write wait for all the
 * copying. */
#define PACK_BYTES 65536

static const struct dialect *const dialects[DIALECTS] = {&dialect_socketio, &dialect_json, &dialect_raw,
                                                         &dialect_sse};

void audience_init(struct audience *a, struct broker *b)
{
    memset(a, 0, sizeof *a);
    a->broker = b;
    list_init(&a->touched);
}

static struct frame **batch_frames(struct audience *a, unsigned d)
{
    return a->batch[d].v != NULL ? a->batch[d].v : &a->batch[d].one;
}

void audience_free(struct audience *a)
{
    list_remove(&a->touched);
    for (unsigned d = 0; d < DIALECTS; d++) {
        for (uint32_t i = 0; i < a->batch[d].count; i++)
            frame_put(batch_frames(a, d)[i]);
        free(a->batch[d].v);
        free(a->members[d].conns);
        free(a->members[d].of);
    }
}

static int members_grow(struct members *m)
{
    uint32_t cap = m->cap == 0 ? 4 : m->cap * 2;
    struct conn **conns = realloc(m->conns, cap * sizeof *conns);
    if (conns == NULL)
        return ERR_NOMEM;
    m->conns = conns;
    struct membership **of = realloc(m->of, cap * sizeof *of);
    if (of == NULL)
        return ERR_NOMEM;
    m->of = of;
    m->cap = cap;
    return 0;
}

int audience_add(struct audience *a, struct membership *ms, struct client *cl)
{
    struct members *m = &a->members[cl->conn->dialect->index];
    if (m->count == m->cap && members_grow(m) != 0)
        return ERR_NOMEM;
    audience_distribute(a); /* what came before the join is not for the new member */
    ms->client = cl;
    ms->audience = a;
    ms->index = m->count;
    m->conns[m->count] = cl->conn;
    m->of[m->count++] = ms;
    return 0;
}

void audience_remove(struct audience *a, struct membership *ms)
{
    struct members *m = &a->members[ms->client->conn->dialect->index];
    assert(m->of[ms->index] == ms);
    audience_distribute(a); /* what came before the leave still is for the old member */
    m->count--;
    m->of[ms->index] = m->of[m->count];
    m->conns[ms->index] = m->conns[m->count];
    m->of[ms->index]->index = ms->index;
    ms->audience = NULL;
}

struct membership *membership_find(struct client *cl, const struct audience *a)
{
    if (cl->everyone.audience == a)
        return &cl->everyone;
    list_for_each (it, &cl->memberships) {
        struct membership *m = container_of(it, struct membership, in_client);
        if (m->audience == a)
            return m;
    }
    return NULL;
}

static int batch_grow(struct audience *a, unsigned d)
{
    uint32_t cap = a->batch[d].cap == 0 ? 4 : a->batch[d].cap * 2;
    struct frame **v = realloc(a->batch[d].v, cap * sizeof(struct frame *));
    if (v == NULL)
        return ERR_NOMEM;
    if (a->batch[d].v == NULL)
        v[0] = a->batch[d].one;
    a->batch[d].v = v;
    a->batch[d].cap = cap;
    return 0;
}

static int batch_push(struct audience *a, unsigned d, struct frame *f)
{
    uint32_t count = a->batch[d].count;
    if (count > 0 && count >= a->batch[d].cap && batch_grow(a, d) != 0)
        return ERR_NOMEM;
    batch_frames(a, d)[count] = f;
    a->batch[d].count++;
    return 0;
}

static void drop_encoding(struct broker *b, uint32_t receivers)
{
    b->metrics->v[M_DROP_ENCODING] += receivers;
}

static void send_to_all(struct broker *b, const struct members *m, struct frame *f)
{
    uint64_t queued = 0;
    for (uint32_t i = 0; i < m->count; i++)
        queued += conn_send(m->conns[i], f);
    b->metrics->v[M_DELIVERIES] += queued * f->messages;
}

static void send_volatile(struct audience *a, const struct publication *pub, struct slice room)
{
    audience_distribute(a);
    for (unsigned d = 0; d < DIALECTS; d++) {
        const struct members *m = &a->members[d];
        if (m->count == 0)
            continue;
        struct frame *f = dialects[d]->encode(pub, room);
        if (f == NULL) {
            drop_encoding(a->broker, m->count);
            continue;
        }
        for (uint32_t i = 0; f->n > 0 && i < m->count; i++)
            a->broker->metrics->v[M_DELIVERIES] += conn_send_volatile(m->conns[i], f);
        frame_put(f);
    }
}

void audience_publish(struct audience *a, const struct publication *pub, struct slice room)
{
    if (pub->flags & PUB_VOLATILE) {
        send_volatile(a, pub, room);
        return;
    }
    for (unsigned d = 0; d < DIALECTS; d++) {
        if (a->members[d].count == 0)
            continue;
        struct frame *f = dialects[d]->encode(pub, room);
        if (f == NULL) {
            drop_encoding(a->broker, a->members[d].count);
        } else if (f->n == 0) { /* nothing that this dialect shows */
            frame_put(f);
        } else if (batch_push(a, d, f) != 0) {
            frame_put(f);
            drop_encoding(a->broker, a->members[d].count);
        }
    }
    if (list_empty(&a->touched))
        list_append(&a->broker->audiences, &a->touched);
}

void audience_publish_except(struct audience *a, const struct publication *pub, struct slice room,
                             struct membership *const *except, unsigned count)
{
    struct left_out *l = &a->left_out;
    uint32_t before[DIALECTS];
    assert(count <= LEFT_OUT_MAX && !(pub->flags & PUB_VOLATILE));
    if (l->count + count > LEFT_OUT_MAX)
        audience_distribute(a);
    for (unsigned d = 0; d < DIALECTS; d++)
        before[d] = a->batch[d].count;
    audience_publish(a, pub, room);
    for (unsigned i = 0; i < count; i++) {
        enum dialect_index d = except[i]->client->conn->dialect->index;
        if (a->batch[d].count > before[d]) {
            l->v[l->count].dialect = d;
            l->v[l->count].frame = before[d];
            l->v[l->count++].member = except[i]->index;
        }
    }
}

/* The next frames of the batch as one: v[from] .. v[*end - 1]. A new reference. */
static inline struct frame *pack(struct frame *const *v, uint32_t from, uint32_t count, uint32_t *end)
{
    size_t bytes = v[from]->n;
    *end = from + 1;
    while (*end < count && bytes + v[*end]->n <= PACK_BYTES)
        bytes += v[(*end)++]->n;
    struct frame *packed = *end - from > 1 ? frame_pack(v + from, *end - from) : NULL;
    if (packed != NULL)
        return packed;
    *end = from + 1; /* a single one, or memory is short */
    return frame_get(v[from]);
}

static inline void batch_clear(struct audience *a, unsigned d)
{
    struct frame **v = batch_frames(a, d);
    for (uint32_t i = 0; i < a->batch[d].count; i++)
        frame_put(v[i]);
    free(a->batch[d].v);
    memset(&a->batch[d], 0, sizeof a->batch[d]);
}

static void distribute(struct audience *a, unsigned d)
{
    struct frame **v = batch_frames(a, d);
    uint32_t count = a->batch[d].count;
    for (uint32_t from = 0, end; from < count; from = end) {
        struct frame *packed = pack(v, from, count, &end);
        send_to_all(a->broker, &a->members[d], packed);
        frame_put(packed);
    }
    batch_clear(a, d);
}

/* Members of one dialect that are left out of some frame: indices, ascending. */
struct apart {
    unsigned count;
    uint32_t member[LEFT_OUT_MAX];
};

static void apart_add(struct apart *apart, uint32_t member)
{
    unsigned k = apart->count;
    while (k > 0 && apart->member[k - 1] > member)
        k--;
    if (k > 0 && apart->member[k - 1] == member)
        return;
    memmove(apart->member + k + 1, apart->member + k, (apart->count - k) * sizeof apart->member[0]);
    apart->member[k] = member;
    apart->count++;
}

static void find_apart(struct apart *apart, const struct left_out *l, unsigned d)
{
    apart->count = 0;
    for (unsigned i = 0; i < l->count; i++)
        if (l->v[i].dialect == d)
            apart_add(apart, l->v[i].member);
}

static bool is_left_out(const struct left_out *l, unsigned d, uint32_t frame, uint32_t member)
{
    for (unsigned i = 0; i < l->count; i++)
        if (l->v[i].frame == frame && l->v[i].member == member && l->v[i].dialect == d)
            return true;
    return false;
}

static void send_to_others(struct broker *b, const struct members *m, const struct apart *apart,
                           struct frame *f)
{
    struct members part = {.conns = m->conns};
    for (unsigned k = 0; k < apart->count; k++) {
        part.count = (uint32_t)(m->conns + apart->member[k] - part.conns);
        send_to_all(b, &part, f);
        part.conns += part.count + 1;
    }
    part.count = (uint32_t)(m->conns + m->count - part.conns);
    send_to_all(b, &part, f);
}

/* v[from] .. v[end - 1] of the batch. */
static void send_one_by_one(struct audience *a, unsigned d, const struct apart *apart, uint32_t from,
                            uint32_t end)
{
    struct frame *const *v = batch_frames(a, d);
    for (uint32_t i = from; i < end; i++)
        for (unsigned k = 0; k < apart->count; k++)
            if (!is_left_out(&a->left_out, d, i, apart->member[k]))
                a->broker->metrics->v[M_DELIVERIES] += conn_send(a->members[d].conns[apart->member[k]], v[i]);
}

/* distribute() when some are left out of something. With compression there are no packs: a frame goes to both
 * kinds of members before the next one does, so that it is compressed once. */
static void distribute_apart(struct audience *a, unsigned d)
{
    struct frame **v = batch_frames(a, d);
    uint32_t count = a->batch[d].count;
    struct apart apart;
    find_apart(&apart, &a->left_out, d);
    for (uint32_t from = 0, end; from < count; from = end) {
        uint32_t most = a->broker->settings->compression ? from + 1 : count;
        struct frame *packed = pack(v, from, most, &end);
        send_to_others(a->broker, &a->members[d], &apart, packed);
        send_one_by_one(a, d, &apart, from, end);
        frame_put(packed);
    }
    batch_clear(a, d);
}

void audience_distribute(struct audience *a)
{
    if (list_empty(&a->touched))
        return;
    list_remove(&a->touched);
    for (unsigned d = 0; d < DIALECTS; d++)
        if (a->batch[d].count > 0) {
            if (a->left_out.count == 0)
                distribute(a, d);
            else
                distribute_apart(a, d);
        }
    a->left_out.count = 0;
}

static void send_unmarked(struct broker *b, struct members *m, struct frame *f, bool is_volatile)
{
    for (uint32_t i = 0; i < m->count; i++) {
        struct client *cl = m->of[i]->client;
        if (cl->mark == b->mark)
            continue;
        cl->mark = b->mark;
        b->metrics->v[M_DELIVERIES] +=
            is_volatile ? conn_send_volatile(m->conns[i], f) : conn_send(m->conns[i], f);
    }
}

void audience_publish_unmarked(struct audience *a, const struct publication *pub, struct slice room)
{
    audience_distribute(a);
    for (unsigned d = 0; d < DIALECTS; d++) {
        if (a->members[d].count == 0)
            continue;
        struct frame *f = dialects[d]->encode(pub, room);
        if (f == NULL) {
            drop_encoding(a->broker, a->members[d].count);
            continue;
        }
        if (f->n > 0)
            send_unmarked(a->broker, &a->members[d], f, (pub->flags & PUB_VOLATILE) != 0);
        frame_put(f);
    }
}
