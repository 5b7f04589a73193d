/* SPDX-License-Identifier: Apache-2.0 */
/* Rooms: a join counts when the bus has confirmed it; rooms linger; and the index of members stays right. */
#include "tests/unit/broker/fixture.h"

#define CHANNEL_R "roomcast:r:/,r"

static void a_join_waits_for_the_subscription(void **state)
{
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", NULL, NULL);
    struct peer *p = sio(n, "/");
    (void)state;
    wire_hold(n, true);
    say(p, "421[\"join\",\"r\"]");
    say(p, "422[\"leave\",\"r\"]"); /* waits behind the join */
    say(p, "423[\"join\",\"r\"]");
    turn(n);
    heard(p, "");
    assert_int_equal(metric(n, M_MEMBERSHIPS), 0);
    assert_false(wire_subscribed(n, CHANNEL_R));
    wire_hold(n, false);
    settle_all(w);
    assert_true(wire_subscribed(n, CHANNEL_R));
    heard(p, "431[{\"ok\":true,\"room\":\"r\"}]\n432[{\"ok\":true}]\n433[{\"ok\":true,\"room\":\"r\"}]\n");
    assert_int_equal(metric(n, M_MEMBERSHIPS), 1);
    assert_int_equal(metric(n, M_ROOMS), 1);
    node_free(n);
    wire_free(w);
}

/* What is accepted after the ack arrives, whoever publishes it. */
static void a_join_ack_means_subscribed(void **state)
{
    struct wire *w = wire_new();
    struct node *a = node_on(w, "a", NULL, NULL), *b = node_on(w, "b", NULL, NULL);
    struct peer *p = sio(a, "/"), *q = sio(b, "/");
    (void)state;
    say(p, "421[\"join\",\"r\"]");
    wire_hold(a, true);
    say(q, "42[\"publish\",\"r\",\"chat\",0]"); /* before: need not arrive */
    settle_all(w);
    heard(p, "");
    wire_hold(a, false);
    settle_all(w);
    assert_true(heard_part(p, "431[{\"ok\":true"));
    forget(p);
    say(q, "42[\"publish\",\"r\",\"chat\",1]");
    settle_all(w);
    heard(p, "42[\"chat\",1]\n");
    heard(q, "");
    node_free(a);
    node_free(b);
    wire_free(w);
}

static void several_join_at_once(void **state)
{
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", NULL, NULL);
    struct peer *p[5];
    (void)state;
    for (unsigned i = 0; i < 5; i++)
        p[i] = sio(n, "/");
    wire_hold(n, true);
    for (unsigned i = 0; i < 5; i++)
        say(p[i], "420[\"join\",\"r\"]");
    say(p[0], "421[\"join\",\"s\"]");
    lose(p[3]); /* one that waits goes away */
    turn(n);
    assert_int_equal(metric(n, M_ROOMS), 1); /* the second join of p[0] waits behind the first one */
    wire_hold(n, false);
    settle_all(w);
    for (unsigned i = 0; i < 5; i++)
        if (i != 3)
            assert_true(heard_part(p[i], "430[{\"ok\":true,\"room\":\"r\"}]\n"));
    assert_true(heard_part(p[0], "431[{\"ok\":true,\"room\":\"s\"}]\n"));
    assert_int_equal(metric(n, M_MEMBERSHIPS), 5);
    assert_int_equal(metric(n, M_ROOMS), 2);
    node_free(n);
    wire_free(w);
}

/* The only one who waited has left: nobody keeps the room. */
static void a_waiter_that_leaves_lets_the_room_go(void **state)
{
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", "room_linger_ms=50", NULL);
    struct peer *p = sio(n, "/");
    (void)state;
    wire_hold(n, true);
    say(p, "420[\"join\",\"r\"]");
    lose(p);
    turn(n);
    assert_int_equal(metric(n, M_ROOMS), 1);
    advance(n, 50);
    assert_int_equal(metric(n, M_ROOMS), 0);
    wire_hold(n, false);
    settle_all(w);
    node_free(n);
    wire_free(w);
}

static void rooms_linger(void **state)
{
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", "room_linger_ms=5000", NULL);
    struct peer *p = sio(n, "/");
    (void)state;
    join(p, "r");
    say(p, "42[\"leave\",\"r\"]");
    advance(n, 4999);
    assert_true(wire_subscribed(n, CHANNEL_R));
    join(p, "r"); /* at once: the room is there */
    advance(n, 6000);
    assert_true(wire_subscribed(n, CHANNEL_R));
    say(p, "42[\"leave\",\"r\"]");
    advance(n, 4999);
    assert_int_equal(metric(n, M_ROOMS), 1);
    advance(n, 1);
    assert_int_equal(metric(n, M_ROOMS), 0);
    assert_false(wire_subscribed(n, CHANNEL_R));
    join(p, "r");
    lose(p); /* also when the last member is lost */
    advance(n, 5000);
    assert_int_equal(metric(n, M_ROOMS), 0);
    node_free(n);
    wire_free(w);
}

static void the_bus_is_down(void **state)
{
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", NULL, NULL);
    struct peer *p = sio(n, "/"), *q = sio(n, "/");
    (void)state;
    join(p, "r");
    wire_hold(n, true);
    say(q, "420[\"join\",\"s\"]");
    say(q, "421[\"x\"]");
    turn(n);
    wire_down(n); /* the one who waits is told, and so is what queued behind it */
    wire_hold(n, false);
    turn(n);
    assert_true(heard_part(q, "430[{\"ok\":false,\"error\":{\"code\":\"unavailable\""));
    assert_true(heard_part(q, "431[{\"ok\":false,\"error\":{\"code\":\"unavailable\""));
    assert_false(broker_ready(n->broker));
    forget(q);
    say(q, "422[\"join\",\"r\"]"); /* also a room that is there: what it would miss is not known */
    turn(n);
    assert_true(heard_part(q, "432[{\"ok\":false,\"error\":{\"code\":\"unavailable\""));
    assert_int_equal(metric(n, M_BUS_UP), 0);
    assert_int_equal(metric(n, M_MEMBERSHIPS), 1);
    forget(q);
    wire_up(n);
    settle_all(w);
    assert_true(broker_ready(n->broker));
    join(q, "r");
    say(q, "42[\"publish\",\"r\",\"chat\"]");
    settle_all(w);
    heard(p, "42[\"chat\"]\n");
    heard(q, "42[\"chat\"]\n");
    node_free(n);
    wire_free(w);
}

static void join_refused(struct peer *p, const char *room, const char *code)
{
    char part[100];
    sayf(p, "427[\"join\",%s]", room);
    settle(p->node);
    snprintf(part, sizeof part, "437[{\"ok\":false,\"error\":{\"code\":\"%s\",", code);
    assert_true(heard_part(p, part));
    forget(p);
}

static void names_and_limits(void **state)
{
    struct node *n = node_new("max_room_name_bytes=8 max_rooms_per_client=3", NULL);
    struct peer *p = sio(n, "/");
    (void)state;
    join_refused(p, "\"123456789\"", "bad_room_name");
    join_refused(p, "\"\\u00e4\\u00e4\\u00e4\\u00e4a\"", "bad_room_name"); /* 9 bytes of UTF-8 */
    join_refused(p, "\"\"", "bad_room_name");
    join_refused(p, "\"~n1~0123456789abcdef\"", "bad_room_name");
    join_refused(p, "\"~\"", "bad_room_name");
    join_refused(p, "\"\\ud800\"", "bad_room_name");
    join_refused(p, "5", "bad_room_name");
    join_refused(p, "{}", "bad_room_name");
    say(p, "42[\"join\"]"); /* none at all */
    settle(n);
    assert_int_equal(refusals(n, ERR_ROOM_NAME), 9);
    join(p, "12345678");
    say(p, "421[\"join\",\"\\u00e4\\u00e4\\u00e4\\u00e4\"]");
    settle(n);
    heard(p, "431[{\"ok\":true,\"room\":\"\\u00e4\\u00e4\\u00e4\\u00e4\"}]\n"); /* the argument as it came */
    say(p, "422[\"join\",\"a\\u0000b\"]");
    settle(n);
    heard(p, "432[{\"ok\":true,\"room\":\"a\\u0000b\"}]\n");
    join_refused(p, "\"4\"", "too_many_rooms");
    join(p, "12345678"); /* is in it already */
    assert_int_equal(metric(n, M_MEMBERSHIPS), 3);
    say(p, "42[\"leave\",\"a\\u0000b\"]");
    settle(n);
    join(p, "4");
    say(p, "423[\"leave\",\"nobody\"]"); /* no error */
    say(p, "424[\"leave\",\"123456789\"]");
    settle(n);
    assert_true(heard_part(p, "433[{\"ok\":true}]\n434[{\"ok\":false,\"error\":{\"code\":\"bad_room_name\""));
    node_free(n);
}

/* Joins that wait count. */
static void limits_hold_for_joins_under_way(void **state)
{
    static const char routes[] = "{\"/\":{\"routes\":{\"$connect\":[{\"join\":\"a\"},{\"join\":\"b\"}],"
                                 "\"*\":[{\"join\":\"$0\"},{\"ack\":[\"ok\"]}]}}}";
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", "max_rooms_per_client=2", routes);
    struct peer *p = sio_open(n);
    (void)state;
    wire_hold(n, true);
    say(p, "40");
    say(p, "421[\"j\",\"c\"]");
    turn(n);
    wire_hold(n, false);
    settle_all(w);
    assert_true(heard_part(p, "431[{\"ok\":false,\"error\":{\"code\":\"too_many_rooms\""));
    assert_int_equal(metric(n, M_MEMBERSHIPS), 2);
    node_free(n);
    wire_free(w);
}

/* A room is one of its namespace. */
static void namespaces_have_their_own_rooms(void **state)
{
    static const char routes[] =
        "{\"/\":{\"routes\":{\"j\":[{\"join\":\"r\"}],\"p\":[{\"emit\":\"e\",\"to\":\"r\"}]}},"
        "\"/b\":{\"routes\":{\"j\":[{\"join\":\"r\"}],\"p\":[{\"emit\":\"e\",\"to\":\"r\"}]}}}";
    struct node *n = node_new(NULL, routes);
    struct peer *p = sio(n, "/"), *q = sio(n, "/b");
    (void)state;
    say(p, "42[\"j\"]");
    say(q, "42/b,[\"j\"]");
    settle(n);
    assert_int_equal(metric(n, M_ROOMS), 2);
    say(q, "42/b,[\"p\"]");
    settle(n);
    heard(p, "");
    heard(q, "42/b,[\"e\"]\n");
    node_free(n);
}

#define MANY 200

/* Members leave in an odd order; each of those who stay hears each publication once. */
static void the_index_of_members_stays_right(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p[MANY];
    bool in[MANY];
    unsigned seed = 1, members = MANY;
    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        p[i] = i % 3 == 0 ? json(n) : sio(n, "/");
        in[i] = true;
        say(p[i], i % 3 == 0 ? "{\"event\":\"join\",\"args\":[\"r\"]}" : "42[\"join\",\"r\"]");
    }
    settle(n);
    for (unsigned round = 0; round < 60; round++) {
        for (unsigned k = 0; k < 7; k++) {
            seed = seed * 1103515245 + 12345;
            unsigned i = seed / 65536 % MANY;
            if (p[i]->conn == NULL)
                continue;
            const char *verb = in[i] ? "leave" : "join";
            if (k == 6) {
                lose(p[i]);
                members -= in[i];
                in[i] = false;
                continue;
            }
            sayf(p[i], i % 3 == 0 ? "{\"event\":\"%s\",\"args\":[\"r\"]}" : "42[\"%s\",\"r\"]", verb);
            members = in[i] ? members - 1 : members + 1;
            in[i] = !in[i];
        }
        settle(n);
        assert_int_equal(metric(n, M_MEMBERSHIPS), members);
        struct event e = {.name = SLICE_LIT("\"t\"")};
        assert_int_equal(broker_publish(n->broker, SLICE_LIT("/"), SLICE_LIT("r"), &e, 0, NULL, NULL), 0);
        settle(n);
        for (unsigned i = 0; i < MANY; i++)
            heard(p[i], !in[i]       ? ""
                        : i % 3 == 0 ? "{\"event\":\"t\",\"args\":[],\"room\":\"r\"}\n"
                                     : "42[\"t\"]\n");
    }
    node_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_join_waits_for_the_subscription),
        cmocka_unit_test(a_join_ack_means_subscribed),
        cmocka_unit_test(several_join_at_once),
        cmocka_unit_test(a_waiter_that_leaves_lets_the_room_go),
        cmocka_unit_test(rooms_linger),
        cmocka_unit_test(the_bus_is_down),
        cmocka_unit_test(names_and_limits),
        cmocka_unit_test(limits_hold_for_joins_under_way),
        cmocka_unit_test(namespaces_have_their_own_rooms),
        cmocka_unit_test(the_index_of_members_stays_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
