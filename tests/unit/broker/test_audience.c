/* SPDX-License-Identifier: Apache-2.0 */
/* Fan-out: what one turn brings is one frame for each member, in order, and nothing overtakes it. */
#include "tests/unit/broker/fixture.h"

static const char routes[] =
    "{\"/\":{\"routes\":{"
    "\"join\":[{\"join\":\"$0\"},{\"ack\":[{\"ok\":true,\"room\":\"$0\"}]}],"
    "\"leave\":[{\"leave\":\"$0\"},{\"ack\":[]}],"
    "\"to\":[{\"emit\":\"m\",\"to\":\"$0\",\"args\":\"$1..\"}],"
    "\"both\":[{\"emit\":\"m\",\"to\":[\"$0\",\"$1\"],\"args\":\"$2..\"}],"
    "\"but me\":[{\"emit\":\"m\",\"to\":\"$0\",\"except\":\"$id\",\"args\":\"$1..\"}],"
    "\"v\":[{\"emit\":\"m\",\"to\":\"$0\",\"args\":\"$1..\",\"volatile\":true}],"
    "\"all\":[{\"emit\":\"m\",\"to\":\"*\",\"args\":\"$args\"}]}}}";

static void publish_to(struct node *n, const char *room, const char *args)
{
    struct event e = {.name = SLICE_LIT("\"m\""), .args = slice_of(args)};
    assert_int_equal(broker_publish(n->broker, SLICE_LIT("/"), slice_of(room), &e, 0, NULL, NULL), 0);
}

static void a_turn_is_one_frame(void **state)
{
    struct node *n = node_new(NULL, routes);
    struct peer *p = sio(n, "/"), *q = sio(n, "/"), *s;
    (void)state;
    join(p, "x");
    join(q, "x");
    s = sse(n, "x");
    for (unsigned i = 0; i < 6; i++) {
        char args[10];
        snprintf(args, sizeof args, "%u", i);
        publish_to(n, "x", args);
    }
    turn(n);
    heard(p, "42[\"m\",0]\n42[\"m\",1]\n42[\"m\",2]\n42[\"m\",3]\n42[\"m\",4]\n42[\"m\",5]\n");
    heard(q, "42[\"m\",0]\n42[\"m\",1]\n42[\"m\",2]\n42[\"m\",3]\n42[\"m\",4]\n42[\"m\",5]\n");
    assert_true(heard_part(s, "event: m\ndata: [4]\n\nevent: m\ndata: [5]\n\n"));
    assert_int_equal(p->entries, 1);
    assert_int_equal(q->entries, 1);
    assert_int_equal(s->entries, 1);
    assert_int_equal(metric(n, M_DELIVERIES), 18);
    node_free(n);
}

/* Encoded once, shared by all. */
static void members_share_the_frame(void **state)
{
    struct node *n = node_new(NULL, routes);
    struct peer *p = sio(n, "/"), *q = sio(n, "/");
    (void)state;
    join(p, "x");
    join(q, "x");
    p->take = q->take = 0;
    publish_to(n, "x", "1");
    turn(n);
    assert_ptr_equal(outq_at(&p->conn->out, 0), outq_at(&q->conn->out, 0));
    assert_int_equal(outq_at(&p->conn->out, 0)->refs, 2);
    publish_to(n, "x", "2");
    publish_to(n, "x", "3");
    turn(n);
    assert_ptr_equal(outq_at(&p->conn->out, 1), outq_at(&q->conn->out, 1));
    assert_int_equal(outq_at(&p->conn->out, 1)->messages, 2);
    assert_int_equal(outq_at(&p->conn->out, 1)->refs, 2);
    node_free(n);
}

/* Above 64 KiB a batch is several frames. */
static void packs_are_bounded(void **state)
{
    struct node *n = node_new(NULL, routes);
    struct peer *p = sio(n, "/");
    char args[30002];
    (void)state;
    join(p, "x");
    memset(args, '1', sizeof args - 1);
    args[sizeof args - 1] = '\0';
    for (unsigned i = 0; i < 5; i++) {
        args[0] = (char)('1' + i);
        publish_to(n, "x", args);
    }
    p->take = 0;
    turn(n);
    assert_int_equal(p->conn->out.count, 3);
    p->take = SIZE_MAX;
    conn_touch(p->conn);
    turn(n);
    const char *at = p->text.p;
    for (unsigned i = 0; i < 5; i++, at += 7 + 30001 + 2) /* 42["m",...] and the line's end */
        assert_int_equal(at[7], '1' + i);
    node_free(n);
}

/* A join and a leave in the middle of a turn's publications: each gets its part. */
static void joins_and_leaves_keep_their_place(void **state)
{
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", NULL, routes);
    struct peer *p = sio(n, "/"), *q = sio(n, "/");
    (void)state;
    join(p, "x");
    say(p, "42[\"to\",\"x\",0]");
    settle_all(w);
    forget(p);
    publish_to(n, "x", "1");
    turn(n);
    struct publication pub = {.kind = PUB_EVENT, .ns = SLICE_LIT("/"), .event.name = SLICE_LIT("\"m\"")};
    struct room *room = room_find(namespace_find(n->broker, SLICE_LIT("/")), SLICE_LIT("x"));
    forget(p);
    pub.event.args = SLICE_LIT("\"before the join\"");
    audience_publish(&room->audience, &pub, room->name);
    say(q, "42[\"join\",\"x\"]"); /* at once: the room is subscribed */
    pub.event.args = SLICE_LIT("\"before the leave\"");
    audience_publish(&room->audience, &pub, room->name);
    say(p, "42[\"leave\",\"x\"]");
    pub.event.args = SLICE_LIT("\"last\"");
    audience_publish(&room->audience, &pub, room->name);
    turn(n);
    heard(p, "42[\"m\",\"before the join\"]\n42[\"m\",\"before the leave\"]\n");
    heard(q, "42[\"m\",\"before the leave\"]\n42[\"m\",\"last\"]\n");
    node_free(n);
    wire_free(w);
}

/* The same for a namespace: who connects in the middle hears the rest, after its welcome. */
static void connecting_keeps_its_place(void **state)
{
    struct node *n = node_new(NULL, routes);
    struct peer *p = sio_open(n);
    (void)state;
    struct publication pub = {.kind = PUB_EVENT, .ns = SLICE_LIT("/"), .event.name = SLICE_LIT("\"m\"")};
    struct namespace *ns = namespace_find(n->broker, SLICE_LIT("/"));
    forget(p);
    pub.event.args = SLICE_LIT("1");
    audience_publish(&ns->everyone, &pub, SLICE_NONE);
    say(p, "40");
    pub.event.args = SLICE_LIT("2");
    audience_publish(&ns->everyone, &pub, SLICE_NONE);
    turn(n);
    heardf(p, "40{\"sid\":\"%s\"}\n42[\"m\",2]\n", id_of(p));
    node_free(n);
}

/* A room's publications keep their order whether they come alone, with exceptions, volatile, or to several
 * rooms; and what goes to one client comes after what its rooms got before. */
static void one_order_whatever_the_kind(void **state)
{
    struct wire *w = wire_new();
    struct node *a = node_on(w, "a", NULL, routes), *b = node_on(w, "b", NULL, routes);
    struct peer *p = sio(a, "/"), *r = sio(b, "/");
    (void)state;
    join(p, "x");
    join(p, "y");
    join(r, "y");
    struct peer *z = sio(a, "/");
    wire_hold(b, true);
    say(z, "42[\"to\",\"y\",1]");
    say(z, "42[\"both\",\"x\",\"y\",2]");
    say(z, "42[\"to\",\"y\",3]");
    say(z, "42[\"but me\",\"y\",4]");
    say(z, "42[\"to\",\"y\",5]");
    say(z, "42[\"v\",\"y\",6]");
    say(z, "42[\"to\",\"x\",7]");
    sayf(z, "42[\"to\",\"%s\",8]", id_of(p));
    say(z, "42[\"to\",\"y\",9]");
    settle(a); /* all of it comes in one turn */
    wire_hold(b, false);
    settle_all(w);
    heard(p, "42[\"m\",1]\n42[\"m\",2]\n42[\"m\",3]\n42[\"m\",4]\n42[\"m\",5]\n42[\"m\",6]\n42[\"m\",7]\n"
             "42[\"m\",8]\n42[\"m\",9]\n");
    heard(r, "42[\"m\",1]\n42[\"m\",2]\n42[\"m\",3]\n42[\"m\",4]\n42[\"m\",5]\n42[\"m\",6]\n42[\"m\",9]\n");
    node_free(a);
    node_free(b);
    wire_free(w);
}

/* A slow member is closed in the middle of the fan-out; the others are served. */
static void closing_during_the_fan_out(void **state)
{
    struct node *n = node_new("max_queue_frames=16", routes);
    struct peer *p[6];
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        p[i] = sio(n, "/");
        join(p[i], "x");
    }
    p[0]->take = p[2]->take = p[3]->take = p[5]->take = 0;
    for (unsigned i = 0; i < 17; i++) {
        publish_to(n, "x", "1");
        turn(n);
    }
    settle(n);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(p[i]->closed, i != 1 && i != 4);
    assert_int_equal(metric(n, M_MEMBERSHIPS), 2);
    assert_int_equal(metric(n, M_DROP_CLOSED), 4);
    forget(p[1]);
    forget(p[4]);
    publish_to(n, "x", "2");
    settle(n);
    heard(p[1], "42[\"m\",2]\n");
    heard(p[4], "42[\"m\",2]\n");
    node_free(n);
}

/* Raw connections hear their room and nothing that goes to the namespace. */
static void each_dialect_its_own_frames(void **state)
{
    struct node *n = node_new(NULL, routes);
    struct peer *p = sio(n, "/"), *j = json(n), *r = raw(n, "x"), *s = sse(n, "x");
    (void)state;
    join(p, "x");
    say(j, "{\"event\":\"join\",\"args\":[\"x\"],\"ack\":1}");
    settle(n);
    forget(j);
    publish_to(n, "x", "\"one\",2");
    settle(n);
    heard(p, "42[\"m\",\"one\",2]\n");
    heard(j, "{\"event\":\"m\",\"args\":[\"one\",2],\"room\":\"x\"}\n");
    heard(r, "one\n");
    heard(s, "event: m\ndata: [\"one\",2]\n\n");
    say(p, "42[\"all\",3]");
    settle(n);
    heard(p, "42[\"m\",3]\n");
    heard(j, "{\"event\":\"m\",\"args\":[3]}\n");
    heard(r, "");
    heard(s, "event: m\ndata: [3]\n\n");
    publish_to(n, "x", ""); /* raw has no way to show an event without arguments */
    settle(n);
    heard(p, "42[\"m\"]\n");
    heard(r, "");
    node_free(n);
}

/* A room that goes while something is gathered for it. */
static void everybody_leaves_in_the_turn_of_a_publication(void **state)
{
    struct node *n = node_new("room_linger_ms=0", routes);
    struct peer *p = sio(n, "/"), *q = sio(n, "/");
    (void)state;
    join(p, "x");
    join(q, "x");
    publish_to(n, "x", "1");
    lose(p);
    lose(q);
    settle(n);
    assert_int_equal(metric(n, M_ROOMS), 0);
    struct peer *r = sio(n, "/");
    join(r, "x");
    publish_to(n, "x", "1");
    say(r, "42[\"leave\",\"x\"]");
    turn(n);
    heard(r, "");
    settle(n);
    assert_int_equal(metric(n, M_ROOMS), 0);
    node_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_is_one_frame),
        cmocka_unit_test(members_share_the_frame),
        cmocka_unit_test(packs_are_bounded),
        cmocka_unit_test(joins_and_leaves_keep_their_place),
        cmocka_unit_test(connecting_keeps_its_place),
        cmocka_unit_test(one_order_whatever_the_kind),
        cmocka_unit_test(closing_during_the_fan_out),
        cmocka_unit_test(each_dialect_its_own_frames),
        cmocka_unit_test(everybody_leaves_in_the_turn_of_a_publication),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
