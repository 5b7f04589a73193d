/* SPDX-License-Identifier: Apache-2.0 */
/* Publications that leave somebody out: whoever is not left out gets them in the turn's pack, everybody gets
 * the others in their order, and nothing twice. */
#include "tests/unit/broker/fixture.h"

#define MAX_NAMES 20

/* What one publication is for. */
struct to {
    const char *rooms[2]; /* none: the namespace */
    const char *except[MAX_NAMES];
    unsigned flags;
};

static unsigned names_of(struct slice *v, const char *const *names, unsigned max)
{
    unsigned n = 0;
    for (; n < max && names[n] != NULL; n++)
        v[n] = slice_of(names[n]);
    return n;
}

/* Event "m" with the number as its argument. */
static void emit(struct node *n, const struct to *to, unsigned number)
{
    char args[16];
    struct slice rooms[2], except[MAX_NAMES];
    unsigned room_count = names_of(rooms, to->rooms, 2);
    snprintf(args, sizeof args, "%u", number);
    struct event event = {.name = SLICE_LIT("\"m\""), .args = slice_of(args)};
    struct emission e = {.ns = namespace_find(n->broker, SLICE_LIT("/")),
                         .everybody = room_count == 0,
                         .targets = rooms,
                         .target_count = room_count,
                         .except = except,
                         .except_count = names_of(except, to->except, MAX_NAMES),
                         .kind = PUB_EVENT,
                         .flags = to->flags,
                         .event = &event};
    assert_int_equal(publish(n->broker, &e, NULL, NULL), 1);
}

#define EMIT(n, number, ...) emit(n, &(struct to){__VA_ARGS__}, number)

static struct peer *member(struct node *n, const char *room)
{
    struct peer *p = sio(n, "/");
    join(p, room);
    return p;
}

/* Those whom nobody leaves out hold one frame, the same; the others what is not their own, shared too. */
static void the_pack_is_kept(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p[5], *s;
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        p[i] = member(n, "x");
    s = sse(n, "x");
    for (unsigned i = 0; i < 5; i++)
        p[i]->take = 0;
    EMIT(n, 1, .rooms = {"x"});
    EMIT(n, 2, .rooms = {"x"}, .except = {id_of(p[3])});
    EMIT(n, 3, .rooms = {"x"}, .except = {id_of(p[1])});
    EMIT(n, 4, .rooms = {"x"}, .except = {id_of(p[3])});
    EMIT(n, 5, .rooms = {"x"});
    turn(n);
    assert_int_equal(s->entries, 1);
    assert_int_equal(metric(n, M_DELIVERIES), 6 * 5 - 3);
    for (unsigned i = 0; i < 5; i += 2) {
        assert_int_equal(p[i]->conn->out.count, 1);
        assert_ptr_equal(outq_at(&p[i]->conn->out, 0), outq_at(&p[0]->conn->out, 0));
    }
    assert_int_equal(outq_at(&p[0]->conn->out, 0)->messages, 5);
    assert_int_equal(p[1]->conn->out.count, 4);
    assert_int_equal(p[3]->conn->out.count, 3);
    assert_ptr_equal(outq_at(&p[1]->conn->out, 0), outq_at(&p[3]->conn->out, 0));
    for (unsigned i = 0; i < 5; i++) {
        p[i]->take = SIZE_MAX;
        conn_touch(p[i]->conn);
    }
    turn(n);
    heard(p[0], "42[\"m\",1]\n42[\"m\",2]\n42[\"m\",3]\n42[\"m\",4]\n42[\"m\",5]\n");
    heard(p[1], "42[\"m\",1]\n42[\"m\",2]\n42[\"m\",4]\n42[\"m\",5]\n");
    heard(p[3], "42[\"m\",1]\n42[\"m\",3]\n42[\"m\",5]\n");
    node_free(n);
}

/* Excepting somebody who is elsewhere, or not in the room, changes nothing. */
static void nobody_here_is_left_out(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p = member(n, "x"), *q = member(n, "y");
    (void)state;
    EMIT(n, 1, .rooms = {"x"}, .except = {"~elsewhere~0123456789abcdef"});
    EMIT(n, 2, .rooms = {"x"}, .except = {id_of(q), "no such room"});
    EMIT(n, 3, .rooms = {"x"}, .except = {id_of(q)}, .flags = PUB_VOLATILE);
    turn(n);
    assert_int_equal(p->entries, 2); /* the volatile one on its own */
    heard(p, "42[\"m\",1]\n42[\"m\",2]\n42[\"m\",3]\n");
    heard(q, "");
    node_free(n);
}

/* A member's place in the room changes when another one leaves. */
static void leaving_in_the_turn(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p = member(n, "x"), *q = member(n, "x"), *r = member(n, "x");
    (void)state;
    struct room *room = room_find(namespace_find(n->broker, SLICE_LIT("/")), SLICE_LIT("x"));
    struct membership *last = room->audience.members[DIALECT_SOCKETIO].of[2];
    struct publication pub = {.kind = PUB_EVENT, .ns = SLICE_LIT("/"), .event.name = SLICE_LIT("\"m\"")};
    pub.event.args = SLICE_LIT("1");
    audience_publish_except(&room->audience, &pub, room->name, &last, 1);
    say(p, "42[\"leave\",\"x\"]");
    pub.event.args = SLICE_LIT("2");
    audience_publish_except(&room->audience, &pub, room->name, &last, 1);
    pub.event.args = SLICE_LIT("3");
    audience_publish(&room->audience, &pub, room->name);
    turn(n);
    heard(p, "42[\"m\",1]\n");
    heard(q, "42[\"m\",1]\n42[\"m\",2]\n42[\"m\",3]\n");
    heard(r, "42[\"m\",3]\n");
    node_free(n);
}

/* Packs keep their bound, and those who get the frames one by one get them between the packs. */
static void larger_than_a_pack(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p = member(n, "x"), *q = member(n, "x");
    char text[30003];
    (void)state;
    memset(text, '1', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct room *room = room_find(namespace_find(n->broker, SLICE_LIT("/")), SLICE_LIT("x"));
    struct membership *second = room->audience.members[DIALECT_SOCKETIO].of[1];
    struct publication pub = {.kind = PUB_EVENT, .ns = SLICE_LIT("/"), .event.name = SLICE_LIT("\"m\"")};
    pub.event.args = slice_of(text);
    for (unsigned i = 0; i < 5; i++) {
        text[0] = (char)('1' + i);
        audience_publish_except(&room->audience, &pub, room->name, &second, i == 3);
    }
    turn(n);
    assert_int_equal(p->entries, 3);
    assert_int_equal(q->entries, 4);
    assert_int_equal(p->text.n, 5 * 30011); /* 42["m",...] and the line's end */
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(p->text.p[i * 30011 + 7], '1' + i);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(q->text.p[i * 30011 + 7], '1' + i + (i == 3));
    node_free(n);
}

/* Each message is compressed once, for those who get all and for those who are left out of another one. */
static void compressed_once(void **state)
{
    struct node *n = node_new("compression=true", NULL);
    struct peer *p[3];
    char text[1501];
    (void)state;
    memset(text, '1', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (unsigned i = 0; i < 3; i++) {
        p[i] = member(n, "x");
        conn_compress(p[i]->conn);
    }
    struct room *room = room_find(namespace_find(n->broker, SLICE_LIT("/")), SLICE_LIT("x"));
    struct publication pub = {.kind = PUB_EVENT, .ns = SLICE_LIT("/"), .event.name = SLICE_LIT("\"m\"")};
    pub.event.args = slice_of(text);
    for (unsigned i = 0; i < 3; i++)
        audience_publish_except(&room->audience, &pub, room->name,
                                &room->audience.members[DIALECT_SOCKETIO].of[i], i < 2);
    turn(n);
    assert_int_equal(metric(n, M_DEFLATED), 3);
    assert_int_equal(p[0]->compressed + p[1]->compressed + p[2]->compressed, 2 + 2 + 3);
    node_free(n);
}

/* --- anything, against a model --- */

#define MEMBERS 14
#define OUTSIDE 2 /* not in any room */

static struct {
    struct node *n;
    struct peer *peer[MEMBERS];
    struct buf expected[MEMBERS];
    bool in_y[MEMBERS];
    unsigned random;
} model;

static unsigned any(unsigned below)
{
    model.random = model.random * 1103515245 + 12345;
    return (model.random >> 16) % below;
}

static bool is_in(unsigned i, const char *room)
{
    return i >= OUTSIDE && (strcmp(room, "x") == 0 || (strcmp(room, "y") == 0 && model.in_y[i]));
}

static bool is_excepted(unsigned i, const struct to *to)
{
    for (unsigned k = 0; k < MAX_NAMES && to->except[k] != NULL; k++)
        if (strcmp(to->except[k], id_of(model.peer[i])) == 0 || is_in(i, to->except[k]))
            return true;
    return false;
}

static void expect(unsigned i, const struct to *to, unsigned number)
{
    struct buf *b = &model.expected[i];
    bool several = to->rooms[1] != NULL, everybody = to->rooms[0] == NULL;
    bool meant = everybody || is_in(i, to->rooms[0]) || (several && is_in(i, to->rooms[1]));
    int err = 0;
    if (!meant || is_excepted(i, to))
        return;
    switch (model.peer[i]->conn->dialect->index) {
    case DIALECT_SOCKETIO:
        err = buf_addf(b, "42[\"m\",%u]\n", number);
        break;
    case DIALECT_JSON:
        err = buf_addf(b, "{\"event\":\"m\",\"args\":[%u]", number);
        err |= several || everybody ? buf_adds(b, "}\n") : buf_addf(b, ",\"room\":\"%s\"}\n", to->rooms[0]);
        break;
    case DIALECT_RAW:
        err = everybody ? 0 : buf_addf(b, "%u\n", number);
        break;
    default: /* SSE */
        err = buf_addf(b, "event: m\ndata: [%u]\n\n", number);
        break;
    }
    assert_int_equal(err, 0);
}

static void open_peers(void)
{
    for (unsigned i = 0; i < MEMBERS; i++) {
        bool in_y = model.in_y[i] = i >= OUTSIDE && i % 3 == 0;
        if (i % 7 == 3)
            model.peer[i] = sse(model.n, in_y ? "x,y" : "x");
        else if (i % 7 == 4 && !in_y)
            model.peer[i] = raw(model.n, "x");
        else if (i % 2 == 0)
            model.peer[i] = sio(model.n, "/");
        else
            model.peer[i] = json(model.n);
        enum dialect_index d = model.peer[i]->conn->dialect->index;
        for (unsigned k = 0; d <= DIALECT_JSON && i >= OUTSIDE && k < 1u + in_y; k++)
            sayf(model.peer[i],
                 d == DIALECT_JSON ? "{\"event\":\"join\",\"args\":[\"%s\"]}" : "42[\"join\",\"%s\"]",
                 k == 0 ? "x" : "y");
        settle(model.n);
        forget(model.peer[i]);
        buf_init(&model.expected[i], SIZE_MAX);
    }
}

/* To the room, or NULL for the namespace; mostly one is excepted. */
static struct to anything(const char *room)
{
    struct to to = {.rooms = {room}};
    unsigned kind = any(16), count = kind < 2 ? 0 : kind < 11 ? 1 : kind < 14 ? any(4) : 6 + any(10);
    for (unsigned i = 0; i < count; i++)
        to.except[i] = id_of(model.peer[any(MEMBERS)]);
    if (kind == 15)
        to.except[count] = any(2) == 0 ? "y" : "nobody is here";
    if (any(20) == 0 && room != NULL)
        to.rooms[1] = room[0] == 'x' ? "y" : "x";
    to.flags = any(12) == 0 ? PUB_VOLATILE : 0;
    return to;
}

static void anything_in_any_order(void **state)
{
    unsigned number = 0;
    (void)state;
    model.n = node_new(NULL, NULL);
    model.random = 4711;
    open_peers();
    for (unsigned t = 0; t < 1000; t++) {
        const char *room = t % 8 == 0 ? NULL : t % 8 == 1 ? "y" : "x"; /* order is of a room */
        for (unsigned k = 1 + any(25); k > 0; k--) {
            struct to to = anything(room);
            emit(model.n, &to, ++number);
            for (unsigned i = 0; i < MEMBERS; i++)
                expect(i, &to, number);
        }
        turn(model.n);
        for (unsigned i = 0; i < MEMBERS; i++) {
            assert_int_equal(buf_addc(&model.expected[i], '\0'), 0);
            heard(model.peer[i], model.expected[i].p);
            buf_clear(&model.expected[i]);
        }
    }
    for (unsigned i = 0; i < MEMBERS; i++)
        buf_free(&model.expected[i]);
    node_free(model.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pack_is_kept),    cmocka_unit_test(nobody_here_is_left_out),
        cmocka_unit_test(leaving_in_the_turn), cmocka_unit_test(larger_than_a_pack),
        cmocka_unit_test(compressed_once),     cmocka_unit_test(anything_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
