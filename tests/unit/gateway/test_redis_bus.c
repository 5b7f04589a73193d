/* SPDX-License-Identifier: Apache-2.0 */
/* The bus over a real Redis that stays up: confirmation, order, bounds, names, passwords. */
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bus_fixture.h"

#define LOCAL "redis://127.0.0.1:PORT"

static struct redis_server server;

static int setup(void **state)
{
    (void)state;
    redis_init(&server, "");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    redis_remove(&server);
    return 0;
}

static void test_order_over_channels(void **state)
{
    (void)state;
    enum { ROOMS = 10, COUNT = 20000 };
    struct node n;
    struct room rooms[ROOMS];
    node_start(&n, LOCAL, server.port);
    for (unsigned i = 0; i < ROOMS; i++) {
        char name[20];
        snprintf(name, sizeof name, "room%u", i);
        room_init(&rooms[i], &n, name);
        bus_subscribe(n.bus, &rooms[i].channel);
        assert_int_equal(rooms[i].confirmed, 0);
    }
    node_until(&n, n.bus->up, 2000);
    for (unsigned i = 0; i < ROOMS; i++)
        assert_int_equal(rooms[i].confirmed, 1);
    for (uint64_t i = 1; i <= COUNT; i++) {
        assert_int_equal(node_publish_number(&n, rooms[i % ROOMS].name, i), 0);
        if (i % 1000 == 0)
            node_turn(&n);
    }
    assert_true(n.bus->queued_bytes > 0);
    node_until(&n, n.answered == COUNT && n.delivered == COUNT, 5000);
    assert_int_equal(n.accepted, COUNT);
    assert_false(n.disordered);
    assert_int_equal(n.bus->queued_bytes, 0);
    assert_int_equal(n.metrics.bus_latency.count, COUNT);
    assert_true(n.metrics.bus_latency.max > 0);
    assert_int_equal(n.bus->up, 1);
    assert_int_equal(HASH_COUNT(n.bus->channels), ROOMS);
    assert_int_equal(n.ups, 1);
    assert_int_equal(n.downs, 0);
    node_stop(&n);
}

/* Two nodes publish to one room at once: both see one order. */
static void test_one_order_for_all(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    struct node a, b;
    struct room ra, rb;
    node_start(&a, LOCAL, server.port);
    node_start(&b, LOCAL, server.port);
    room_init(&ra, &a, "shared");
    room_init(&rb, &b, "shared");
    bus_subscribe(a.bus, &ra.channel);
    bus_subscribe(b.bus, &rb.channel);
    node_until(&a, a.bus->up, 2000);
    node_until(&b, b.bus->up, 2000);
    for (uint64_t i = 0; i < COUNT; i++) {
        assert_int_equal(node_publish_number(&a, "shared", 2 * i), 0);
        assert_int_equal(node_publish_number(&b, "shared", 2 * i + 1), 0);
        if (i % 7 == 0)
            node_turn(&a);
        if (i % 5 == 0)
            node_turn(&b);
    }
    node_until(&a, ra.delivered == 2 * COUNT || (node_turn(&b), false), 5000);
    node_until(&b, rb.delivered == 2 * COUNT && b.answered == COUNT, 5000);
    node_until(&a, a.answered == COUNT, 5000);
    assert_int_equal(ra.digest, rb.digest);
    node_stop(&a);
    node_stop(&b);
}

static void test_payloads(void **state)
{
    (void)state;
    struct node n;
    struct room r;
    node_start(&n, LOCAL, server.port);
    room_init(&r, &n, "with blanks \r\n and bytes \xff");
    bus_subscribe(n.bus, &r.channel);
    node_until(&n, n.bus->up, 2000);
    size_t sizes[] = {0, 1, 3, 1000, 16383, 16384, 70000, 5000000};
    char *bytes = malloc(5000000);
    assert_non_null(bytes);
    for (size_t i = 0; i < 5000000; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        r.digest = 0;
        assert_int_equal(node_publish(&n, r.name, (struct slice){bytes, sizes[i]}), 0);
        node_until(&n, r.delivered == i + 1, 5000);
        assert_int_equal(r.digest, hash_bytes(bytes, sizes[i]));
    }
    node_until(&n, n.answered == n.published, 1000);
    free(bytes);
    node_stop(&n);
}

/* Unsubscribing ends deliveries at once; nothing that was under way reaches the channel or a new one early.
 */
static void test_unsubscribe(void **state)
{
    (void)state;
    struct node n;
    struct room r;
    node_start(&n, LOCAL, server.port);
    room_init(&r, &n, "r");
    node_until(&n, n.bus->up, 2000);
    bus_subscribe(n.bus, &r.channel);
    bus_unsubscribe(n.bus, &r.channel);
    node_for(&n, 20);
    assert_int_equal(r.confirmed + r.refused, 0);
    bus_subscribe(n.bus, &r.channel);
    node_until(&n, r.confirmed == 1, 1000);
    assert_int_equal(node_publish_number(&n, "r", 1), 0);
    bus_unsubscribe(n.bus, &r.channel);
    assert_int_equal(r.channel.state, BUS_IDLE);
    memset(r.name, 'x', 1); /* the name is ours again at once */
    node_until(&n, n.answered == 1, 1000);
    node_for(&n, 20);
    assert_int_equal(r.delivered, 0);
    assert_int_equal(redis_admin(&server, "PUBSUB CHANNELS"), 0);
    node_stop(&n);
}

/* A request that is already on its way is taken back, and made again. */
static void test_subscription_taken_back(void **state)
{
    (void)state;
    struct node n;
    struct room r;
    node_start(&n, LOCAL, server.port);
    room_init(&r, &n, "r");
    node_until(&n, n.bus->up, 2000);
    bus_subscribe(n.bus, &r.channel);
    bus_turn(n.bus);
    bus_unsubscribe(n.bus, &r.channel);
    node_for(&n, 50);
    assert_int_equal(r.confirmed, 0);
    assert_int_equal(redis_admin(&server, "PUBSUB CHANNELS"), 0);
    for (unsigned i = 0; i < 2; i++) {
        bus_subscribe(n.bus, &r.channel);
        bus_turn(n.bus);
        if (i == 0)
            bus_unsubscribe(n.bus, &r.channel);
    }
    node_for(&n, 50);
    assert_int_equal(r.confirmed, 1);
    assert_int_equal(redis_admin(&server, "PUBLISH r x"), 1);
    node_until(&n, r.delivered == 1, 1000);
    /* What was said to the old subscription is none of the new one's business. */
    assert_int_equal(redis_admin(&server, "PUBLISH r x"), 1);
    bus_unsubscribe(n.bus, &r.channel);
    bus_subscribe(n.bus, &r.channel);
    node_until(&n, r.confirmed == 2, 1000);
    assert_int_equal(r.delivered, 1);
    node_stop(&n);
}

struct racer {
    struct room room;
    unsigned seen; /* confirmations that were followed by a publication */
    uint64_t owed; /* the number that must arrive before the room is left */
};

/* Channels are left and joined again while the answers to earlier steps are under way. Whatever a
 * confirmation says is put to the test: what is published after it must arrive. */
static void test_races(void **state)
{
    (void)state;
    enum { RACERS = 6, ROUNDS = 20000 };
    struct node n;
    struct racer racers[RACERS] = {0};
    unsigned proofs = 0, random = 1;
    uint64_t number = 0;
    node_start(&n, LOCAL, server.port);
    node_until(&n, n.bus->up, 2000);
    for (unsigned i = 0; i < RACERS; i++) {
        char name[20];
        snprintf(name, sizeof name, "race%u", i);
        room_init(&racers[i].room, &n, name);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        random = random * 1103515245 + 12345;
        struct racer *it = &racers[(random >> 16) % RACERS];
        struct room *r = &it->room;
        if (r->channel.state == BUS_IDLE) {
            it->seen = r->confirmed;
            it->owed = 0;
            bus_subscribe(n.bus, &r->channel);
        } else if (r->channel.state == BUS_SUBSCRIBING) {
            bus_unsubscribe(n.bus, &r->channel);
        } else if (it->owed == 0) {
            assert_int_equal(r->confirmed, it->seen + 1);
            it->owed = ++number;
            assert_int_equal(node_publish_number(&n, r->name, it->owed), 0);
        } else if (r->last_number == it->owed) {
            proofs++;
            bus_unsubscribe(n.bus, &r->channel);
        }
        if ((random >> 20) % 3 == 0)
            node_turn(&n);
    }
    node_for(&n, 100);
    assert_true(proofs > ROUNDS / 100);
    for (unsigned i = 0; i < RACERS; i++) {
        struct racer *it = &racers[i];
        bool wanted = it->room.channel.state != BUS_IDLE;
        assert_int_not_equal(it->room.channel.state, BUS_SUBSCRIBING);
        if (wanted && it->owed)
            assert_int_equal(it->room.last_number, it->owed);
        assert_int_equal(redis_admin(&server, "PUBLISH %s x", it->room.name), wanted);
    }
    assert_int_equal(n.downs, 0);
    node_stop(&n);
}

static void test_overload(void **state)
{
    (void)state;
    struct node n;
    char bytes[1000] = "";
    int err;
    node_init(&n);
    node_set(&n, "max_bus_queue_bytes", "65536");
    node_open(&n, LOCAL, server.port);
    node_until(&n, n.bus->up, 2000);
    while ((err = node_publish(&n, "c", (struct slice){bytes, sizeof bytes})) == 0)
        assert_true(n.bus->queued_bytes <= 65536);
    assert_int_equal(err, ERR_OVERLOADED);
    assert_in_range(n.published, 50, 65);
    bus_turn(n.bus); /* sending them does not make room, only Redis' answers do */
    assert_int_equal(node_publish(&n, "c", (struct slice){bytes, sizeof bytes}), ERR_OVERLOADED);
    node_until(&n, n.answered == n.published, 1000);
    assert_int_equal(n.failed, 0);
    assert_int_equal(node_publish(&n, "c", (struct slice){bytes, sizeof bytes}), 0);
    node_until(&n, n.answered == n.published, 1000);
    node_stop(&n);
}

/* A user who may not publish: the publication fails, the connection stays. */
static void test_refused_publication(void **state)
{
    (void)state;
    struct node n;
    assert_int_equal(redis_admin(&server, "ACL SETUSER bob on >p%%@: ~* &ok* +@all -flushall"), 0);
    node_start(&n, "redis://bob:p%25%40%3a@127.0.0.1:PORT/3", server.port);
    node_until(&n, n.bus->up, 2000);
    assert_int_equal(node_publish(&n, "secret", SLICE_LIT("x")), 0);
    assert_int_equal(node_publish(&n, "ok1", SLICE_LIT("x")), 0);
    node_until(&n, n.answered == 2, 1000);
    assert_int_equal(n.failed, 1);
    assert_int_equal(n.accepted, 1);
    assert_true(n.bus->up);
    node_stop(&n);
}

/* A user who may not subscribe: Redis' error belongs to the SUBSCRIBE, not to the publications around it. */
static void test_refused_subscription(void **state)
{
    (void)state;
    struct node n;
    struct room r;
    assert_int_equal(redis_admin(&server, "ACL SETUSER bob on >p ~* &ok* +@all"), 0);
    node_start(&n, "redis://bob:p@127.0.0.1:PORT", server.port);
    node_until(&n, n.bus->up, 2000);
    assert_int_equal(node_publish(&n, "ok1", SLICE_LIT("x")), 0);
    room_init(&r, &n, "secret");
    bus_subscribe(n.bus, &r.channel);
    bus_turn(n.bus);
    assert_int_equal(node_publish(&n, "ok1", SLICE_LIT("y")), 0);
    node_until(&n, r.refused == 1 && n.answered == 2, 1000);
    assert_int_equal(n.accepted, 1);
    assert_int_equal(n.failed, 1);
    assert_int_equal(n.downs, 1);
    node_stop(&n);
}

static void test_password(void **state)
{
    (void)state;
    static const char *const wrong[] = {"redis://127.0.0.1:PORT", "redis://:nope@127.0.0.1:PORT",
                                        "redis://eve:s3%2Fcret@127.0.0.1:PORT",
                                        "redis://:s3%2Fcret@127.0.0.1:PORT/99"};
    struct node n;
    struct room r;
    redis_admin(&server, "CONFIG SET requirepass %s", "s3/cret");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        node_start(&n, wrong[i], server.port);
        room_init(&r, &n, "r");
        bus_subscribe(n.bus, &r.channel);
        node_until(&n, r.refused == 1, 1000);
        node_for(&n, 50);
        assert_false(n.bus->up);
        assert_int_equal(node_publish(&n, "r", SLICE_LIT("x")), ERR_UNAVAILABLE);
        node_stop(&n);
    }
    node_start(&n, "redis://:s3%2Fcret@127.0.0.1:PORT/2", server.port);
    node_until(&n, n.bus->up, 1000);
    node_stop(&n);
}

static bool resolves(const char *host)
{
    struct addrinfo *list;
    if (getaddrinfo(host, NULL, NULL, &list) != 0)
        return false;
    freeaddrinfo(list);
    return true;
}

static void test_host_name(void **state)
{
    (void)state;
    struct node n;
    if (!resolves("localhost")) {
        print_message("\"localhost\" has no address on this system: is there no /etc/hosts?\n");
        skip();
    }
    node_start(&n, "redis://localhost:PORT", server.port);
    node_until(&n, n.bus->up, 2000);
    node_stop(&n);
}

static void test_unknown_host_name(void **state)
{
    (void)state;
    struct node n;
    struct room r;
    node_start(&n, "redis://no-such-host.invalid", 0);
    room_init(&r, &n, "r");
    bus_subscribe(n.bus, &r.channel);
    node_until(&n, r.refused == 1, 6000);
    node_stop(&n);
    node_start(&n, "redis://no-such-host.invalid", 0); /* given up while the name is being resolved */
    node_turn(&n);
    node_turn(&n);
    node_stop(&n);
}

static void test_connection_has_a_name(void **state)
{
    (void)state;
    struct node n;
    node_start(&n, LOCAL, server.port);
    node_until(&n, n.bus->up, 2000);
    node_for(&n, 20);
    redisReply *r = redisCommand(server.admin, "CLIENT LIST");
    assert_non_null(r);
    assert_non_null(strstr(r->str, "name=roomcast-n1 "));
    freeReplyObject(r);
    node_stop(&n);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_order_over_channels),
        T(test_one_order_for_all),
        T(test_payloads),
        T(test_unsubscribe),
        T(test_subscription_taken_back),
        T(test_races),
        T(test_overload),
        T(test_refused_publication),
        T(test_refused_subscription),
        T(test_password),
        T(test_host_name),
        T(test_unknown_host_name),
        T(test_connection_has_a_name),
    };
    if (!redis_installed()) {
        puts("skipped: redis-server is not installed");
        return 0;
    }
    log_setup(LOG_ERROR, LOG_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
