/* SPDX-License-Identifier: Apache-2.0 */
/* The bus when Redis, or a connection to it, goes away, hangs, comes back, or was never Redis. */
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

/* What is published reaches the room: it is subscribed, and the bus is up. */
static void assert_works(struct room *r)
{
    struct node *n = r->node;
    uint64_t before = r->delivered, failed = n->failed;
    assert_int_equal(node_publish(n, r->name, SLICE_LIT("does it work?")), 0);
    node_until(n, r->delivered == before + 1 && n->answered == n->published, 2000);
    assert_int_equal(n->failed, failed);
}

static void test_restart(void **state)
{
    (void)state;
    struct node n;
    struct room r, later, never;
    node_start(&n, LOCAL, server.port);
    room_init(&r, &n, "r");
    room_init(&later, &n, "later");
    room_init(&never, &n, "never");
    bus_subscribe(n.bus, &r.channel);
    node_until(&n, n.bus->up, 2000);
    assert_works(&r);
    redis_kill(&server);
    assert_int_equal(node_publish(&n, "r", SLICE_LIT("lost")), 0);
    bus_subscribe(n.bus, &never.channel);
    node_until(&n, n.downs == 1 && n.answered == n.published, 1000);
    assert_int_equal(n.failed, 1);
    assert_int_equal(never.refused, 1);
    bus_unsubscribe(n.bus, &never.channel);
    assert_int_equal(r.channel.state, BUS_SUBSCRIBING);
    assert_int_equal(r.refused, 0);
    assert_int_equal(node_publish(&n, "r", SLICE_LIT("refused")), ERR_UNAVAILABLE);
    bus_subscribe(n.bus, &later.channel);
    node_until(&n, later.refused == 1, 1000);
    assert_int_equal(n.bus->up, 0);
    node_for(&n, 300);
    redis_start(&server);
    node_until(&n, n.ups == 2, 3000);
    assert_int_equal(r.confirmed, 2);
    assert_int_equal(later.confirmed, 1);
    assert_int_equal(later.refused, 1);
    assert_works(&r);
    assert_works(&later);
    assert_int_equal(redis_admin(&server, "PUBSUB CHANNELS"), 2);
    assert_int_equal(n.metrics.v[M_BUS_DOWNS], 1);
    assert_int_equal(n.metrics.v[M_BUS_RECONNECTS], 1);
    assert_int_equal(n.downs, 1);
    node_stop(&n);
}

/* Redis comes after the gateway. */
static void test_late_redis(void **state)
{
    (void)state;
    struct node n;
    struct room r;
    redis_kill(&server);
    node_start(&n, LOCAL, server.port);
    room_init(&r, &n, "r");
    bus_subscribe(n.bus, &r.channel);
    node_until(&n, r.refused == 1, 1000);
    assert_int_equal(n.downs, 0);
    redis_start(&server);
    node_until(&n, n.bus->up, 3000);
    assert_works(&r);
    node_stop(&n);
}

static void kill_client(const char *name)
{
    long long id = -1;
    redisReply *r = redisCommand(server.admin, "CLIENT LIST");
    assert_non_null(r);
    char *save = NULL;
    for (char *line = strtok_r(r->str, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (strstr(line, name))
            assert_int_equal(sscanf(line, "id=%lld", &id), 1);
    }
    freeReplyObject(r);
    assert_int_equal(redis_admin(&server, "CLIENT KILL ID %lld", id), 1);
}

/* The connection alone is replaced. Publications under way get their answers all the same. */
static void test_connection_is_killed(void **state)
{
    (void)state;
    struct node n;
    struct room r;
    node_start(&n, LOCAL, server.port);
    room_init(&r, &n, "r");
    bus_subscribe(n.bus, &r.channel);
    node_until(&n, n.bus->up, 2000);
    node_for(&n, 20);
    kill_client("name=roomcast-n1 ");
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(node_publish(&n, "r", SLICE_LIT("x")), 0);
    node_until(&n, n.downs == 1 && n.answered == n.published, 1000);
    assert_int_equal(n.failed, 100);
    assert_int_equal(r.channel.state, BUS_SUBSCRIBING);
    node_until(&n, n.ups == 2, 3000);
    assert_int_equal(r.confirmed, 2);
    assert_works(&r);
    node_stop(&n);
}

/* Redis is stopped, not dead: its kernel still accepts bytes. */
static void test_hanging_redis(void **state)
{
    (void)state;
    struct node n;
    struct room r;
    node_init(&n);
    node_set(&n, "bus_timeout_ms", "200");
    node_open(&n, LOCAL, server.port);
    room_init(&r, &n, "r");
    bus_subscribe(n.bus, &r.channel);
    node_until(&n, n.bus->up, 2000);
    node_for(&n, 1000); /* idle connections are probed, and stay */
    assert_int_equal(n.downs, 0);
    kill(server.pid, SIGSTOP);
    node_until(&n, n.downs == 1, 2 * 200 + 100);
    node_for(&n, 500); /* attempts that are not answered */
    assert_int_equal(n.ups, 1);
    kill(server.pid, SIGCONT);
    node_until(&n, n.ups == 2, 3000);
    assert_works(&r);
    node_for(&n, 100);
    kill(server.pid, SIGSTOP);
    assert_int_equal(node_publish(&n, "r", SLICE_LIT("unanswered")), 0);
    node_until(&n, n.downs == 2 && n.answered == n.published, 200 + 100);
    assert_int_equal(n.failed, 1);
    kill(server.pid, SIGCONT);
    node_until(&n, n.ups == 3, 5000);
    assert_works(&r);
    node_stop(&n);
}

/* It was this process that slept: Redis' answers lie in the socket. */
static void test_hanging_node(void **state)
{
    (void)state;
    struct node n;
    struct room r;
    node_init(&n);
    node_set(&n, "bus_timeout_ms", "100");
    node_open(&n, LOCAL, server.port);
    room_init(&r, &n, "r");
    bus_subscribe(n.bus, &r.channel);
    node_until(&n, n.bus->up, 2000);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(node_publish(&n, "r", SLICE_LIT("x")), 0);
        bus_turn(n.bus);
        usleep(300000);
        node_turn(&n);
    }
    node_until(&n, n.answered == n.published, 1000);
    assert_int_equal(n.downs, 0);
    node_stop(&n);
}

static void test_many_channels(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    struct node n;
    struct room *rooms = calloc(COUNT, sizeof *rooms);
    unsigned confirmed = 0;
    assert_non_null(rooms);
    node_start(&n, LOCAL, server.port);
    for (unsigned i = 0; i < COUNT; i++) {
        char name[40];
        snprintf(name, sizeof name, "roomcast:some:namespace:%u", i);
        room_init(&rooms[i], &n, name);
        bus_subscribe(n.bus, &rooms[i].channel);
    }
    node_until(&n, n.bus->up, 10000);
    assert_int_equal(redis_admin(&server, "PUBSUB CHANNELS"), COUNT);
    redis_kill(&server);
    node_until(&n, n.downs == 1, 1000);
    redis_start(&server);
    node_until(&n, n.ups == 2, 10000);
    assert_int_equal(redis_admin(&server, "PUBSUB CHANNELS"), COUNT);
    for (unsigned i = 0; i < COUNT; i++)
        confirmed += rooms[i].confirmed;
    assert_int_equal(confirmed, 2 * COUNT);
    assert_int_equal(HASH_COUNT(n.bus->channels), COUNT);
    for (unsigned i = 0; i < COUNT; i++)
        bus_unsubscribe(n.bus, &rooms[i].channel);
    node_until(&n, redis_admin(&server, "PUBSUB CHANNELS") == 0, 5000);
    bus_subscribe(n.bus, &rooms[0].channel);
    node_until(&n, rooms[0].confirmed == 3, 1000);
    assert_works(&rooms[0]);
    node_stop(&n);
    free(rooms);
}

/* The connection is lost while channels are left, joined, confirmed, and told so. */
static void test_restarts_during_races(void **state)
{
    (void)state;
    enum { ROOMS = 50 };
    struct node n;
    struct room rooms[ROOMS];
    unsigned random = 7;
    node_start(&n, LOCAL, server.port);
    for (unsigned i = 0; i < ROOMS; i++) {
        char name[20];
        snprintf(name, sizeof name, "r%u", i);
        room_init(&rooms[i], &n, name);
    }
    for (unsigned outage = 0; outage < 4; outage++) {
        for (unsigned i = 0; i < 2000; i++) {
            random = random * 1103515245 + 12345;
            struct room *r = &rooms[(random >> 16) % ROOMS];
            if (r->channel.state == BUS_IDLE)
                bus_subscribe(n.bus, &r->channel);
            else
                bus_unsubscribe(n.bus, &r->channel);
            if ((random >> 8) % 50 == 0)
                node_turn(&n);
            if (n.bus->up && node_publish(&n, r->name, SLICE_LIT("x")) != 0)
                fail_msg("publish");
            if (i == 1000 && outage % 2 == 0)
                redis_kill(&server);
            else if (i == 1000)
                redis_admin(&server, "CLIENT KILL TYPE pubsub");
        }
        if (server.pid == 0)
            redis_start(&server);
        node_until(&n, n.bus->up && n.answered == n.published, 10000);
    }
    node_for(&n, 100);
    for (unsigned i = 0; i < ROOMS; i++) {
        assert_int_not_equal(rooms[i].channel.state, BUS_SUBSCRIBING);
        assert_int_equal(redis_admin(&server, "PUBLISH %s x", rooms[i].name),
                         rooms[i].channel.state == BUS_SUBSCRIBED);
    }
    node_stop(&n);
}

static void test_destroyed_with_work(void **state)
{
    (void)state;
    struct node n;
    struct room r;
    node_start(&n, LOCAL, server.port);
    node_until(&n, n.bus->up, 2000);
    room_init(&r, &n, "r");
    bus_subscribe(n.bus, &r.channel);
    assert_int_equal(node_publish(&n, "r", SLICE_LIT("x")), 0);
    bus_turn(n.bus);
    bus_unsubscribe(n.bus, &r.channel);
    bus_subscribe(n.bus, &r.channel);
    assert_int_equal(node_publish(&n, "r", SLICE_LIT("x")), 0);
    node_stop(&n);
    assert_int_equal(n.failed, 2);
    assert_int_equal(r.channel.state, BUS_IDLE);
    assert_int_equal(r.refused, 0);
}

/* A peer that accepts, and then says `answer` to whatever it is told. */
static void impostor(const char *answer)
{
    struct node n;
    struct room r;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 10), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    node_init(&n);
    node_set(&n, "bus_timeout_ms", "100");
    node_open(&n, LOCAL, ntohs(a.sin_port));
    room_init(&r, &n, "r");
    bus_subscribe(n.bus, &r.channel);
    uint64_t end = redis_clock_us() + 400000;
    unsigned met = 0;
    while (redis_clock_us() < end) {
        int peer = accept(fd, NULL, NULL);
        if (peer >= 0) {
            met++;
            assert_int_equal(send(peer, answer, strlen(answer), MSG_NOSIGNAL), strlen(answer));
            node_for(&n, 20);
            if (*answer)
                close(peer);
        }
        node_turn(&n);
    }
    assert_true(met >= 2); /* more than one attempt */
    assert_int_equal(r.refused, 1);
    assert_int_equal(n.ups, 0);
    node_stop(&n);
    close(fd);
}

static void test_impostors(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "$-5\r\n",
        "*1000000000\r\n",
        ":1\r\n",
        "+OK\r\n+OK\r\n+OK\r\n+OK\r\n",
        "+PONG\r\n+OK\r\n*3\r\n$11\r\nunsubscribe\r\n$8\r\nroomcast\r\n:0\r\n",
        "-DENIED Redis is running in protected mode\r\n",
        ">3\r\n$7\r\nmessage\r\n$1\r\nr\r\n$1\r\nx\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        "\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        impostor(answers[i]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_restart),
        T(test_late_redis),
        T(test_connection_is_killed),
        T(test_hanging_redis),
        T(test_hanging_node),
        T(test_many_channels),
        T(test_restarts_during_races),
        T(test_destroyed_with_work),
        T(test_impostors),
    };
    if (!redis_installed()) {
        puts("skipped: redis-server is not installed");
        return 0;
    }
    log_setup(LOG_ERROR, LOG_TEXT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
