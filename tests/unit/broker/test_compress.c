/* SPDX-License-Identifier: Apache-2.0 */
/* Compression: once per publication, shared by all who agreed on it, and the queue counts what is sent. */
// clang-format off
#include "tests/unit/broker/fixture.h"

#include <dlfcn.h>
#include <zlib.h>
// clang-format on

static bool no_memory; /* zlib's deflater cannot be made */

int deflateInit2_(z_streamp z, int level, int method, int bits, int memory, int strategy, const char *version,
                  int size)
{
    int (*real)(z_streamp, int, int, int, int, int, const char *, int);
    *(void **)&real = dlsym(RTLD_NEXT, "deflateInit2_");
    return no_memory ? Z_MEM_ERROR : real(z, level, method, bits, memory, strategy, version, size);
}

static void publish_to(struct node *n, const char *room, const char *args, unsigned flags)
{
    struct event e = {.name = SLICE_LIT("\"m\""), .args = slice_of(args)};
    assert_int_equal(broker_publish(n->broker, SLICE_LIT("/"), slice_of(room), &e, flags, NULL, NULL), 0);
}

/* A JSON string of n characters that compresses, but not to nothing. */
static const char *text(char *out, size_t n, unsigned seed)
{
    out[0] = '"';
    for (size_t i = 1; i <= n; i++, seed = seed * 1103515245 + 12345)
        out[i] = (char)('a' + (seed >> 16) % 6);
    out[n + 1] = '"';
    out[n + 2] = '\0';
    return out;
}

static struct peer *compressed(struct node *n, const char *room)
{
    struct peer *p = sio(n, "/");
    join(p, room);
    conn_compress(p->conn);
    p->compressed = 0;
    return p;
}

/* Promise 7, for compression: however many receive it. */
static void once_for_all(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p[100], *q = sio(n, "/");
    char args[2000];
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        p[i] = compressed(n, "x");
    join(q, "x");
    assert_int_equal(metric(n, M_CONN_COMPRESSED), 100);
    p[0]->take = p[99]->take = q->take = 0;
    publish_to(n, "x", text(args, 1500, 1), 0);
    turn(n);
    struct frame *twin = outq_at(&p[0]->conn->out, 0), *plain = outq_at(&q->conn->out, 0);
    assert_ptr_equal(outq_at(&p[99]->conn->out, 0), twin);
    assert_int_equal(twin->refs, 2);
    assert_int_equal(plain->refs, 1);
    assert_true(twin->n < plain->n / 2);
    assert_int_equal(metric(n, M_DEFLATED), 1);
    assert_int_equal(metric(n, M_DEFLATED_PLAIN), 1500 + 2 + 8); /* 42["m","..."] */
    assert_int_equal(metric(n, M_DEFLATED_COMPRESSED), twin->n - 4);
    assert_int_equal(metric(n, M_DELIVERIES), 101);
    assert_int_equal(metric(n, M_QUEUE_BYTES), 2 * twin->n + plain->n);
    for (unsigned i = 1; i < 99; i++) {
        assert_int_equal(p[i]->compressed, 1);
        heardf(p[i], "42[\"m\",%s]\n", args);
    }
    lose(q);
    p[0]->take = p[99]->take = SIZE_MAX;
    conn_touch(p[0]->conn);
    conn_touch(p[99]->conn);
    turn(n);
    heardf(p[0], "42[\"m\",%s]\n", args);
    heardf(p[99], "42[\"m\",%s]\n", args);
    node_free(n);
}

/* Messages of one turn are one frame: each of them is compressed, or not, on its own, in their order. */
static void each_message_of_a_pack(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p = compressed(n, "x"), *q = sio(n, "/");
    char large[2][1000];
    (void)state;
    join(q, "x");
    text(large[0], 800, 1);
    text(large[1], 900, 2);
    publish_to(n, "x", "1", 0);
    publish_to(n, "x", large[0], 0);
    publish_to(n, "x", "2", 0);
    publish_to(n, "x", "3", 0);
    publish_to(n, "x", large[1], 0);
    turn(n);
    assert_int_equal(p->entries, 1);
    assert_int_equal(p->compressed, 2);
    assert_int_equal(q->compressed, 0);
    assert_int_equal(metric(n, M_DEFLATED), 2);
    assert_int_equal(metric(n, M_DELIVERIES), 10);
    for (unsigned i = 0; i < 2; i++)
        heardf(i == 0 ? p : q, "42[\"m\",1]\n42[\"m\",%s]\n42[\"m\",2]\n42[\"m\",3]\n42[\"m\",%s]\n",
               large[0], large[1]);
    node_free(n);
}

/* The threshold is of the message's bytes; what is below it, heartbeats, and what would not become smaller
 * stay as they are. */
static void what_stays_as_it_is(void **state)
{
    struct node *n = node_new("compression_min_bytes=107 ping_interval_ms=300", NULL);
    struct peer *p = compressed(n, "x");
    struct peer *r = raw(n, "x");
    char args[200];
    (void)state;
    conn_compress(r->conn);
    publish_to(n, "x", text(args, 96, 1), 0); /* 106 bytes */
    turn(n);
    assert_int_equal(p->compressed, 0);
    publish_to(n, "x", text(args, 97, 1), 0);
    turn(n);
    assert_int_equal(p->compressed, 1);
    assert_int_equal(r->compressed, 0); /* 97 bytes: the string alone */
    assert_int_equal(metric(n, M_DEFLATED), 1);
    n->settings.compression_min_bytes = 0;
    publish_to(n, "x", "12345", 0); /* too small to become smaller */
    turn(n);
    assert_int_equal(p->compressed, 1);
    forget(p);
    forget(r);
    advance(n, 300);
    heard(p, "2\n");
    heard(r, "(ping)\n");
    assert_int_equal(p->compressed + r->compressed, 1);
    node_free(n);
}

/* Attachments are messages of their own. */
static void binary_too(void **state)
{
    struct node *n = node_new("compression_min_bytes=100", NULL);
    struct peer *p = compressed(n, "x"), *q = sio(n, "/");
    char bytes[300];
    (void)state;
    join(q, "x");
    memset(bytes, 7, sizeof bytes);
    say(q, "451-[\"publish\",\"x\",\"m\",{\"_placeholder\":true,\"num\":0}]");
    say_binary(q, bytes, sizeof bytes);
    settle(n);
    assert_int_equal(p->compressed, 1);
    assert_int_equal(q->compressed, 0);
    assert_true(slice_eq(buf_slice(&p->text), buf_slice(&q->text)));
    assert_true(heard_part(p, "<0707"));
    node_free(n);
}

/* The queue's bounds are of compressed bytes, and volatile events are weighed as they would be sent. */
static void bounds_count_what_is_sent(void **state)
{
    struct node *n = node_new("max_queue_bytes=4000", NULL);
    struct peer *p = compressed(n, "x"), *q = sio(n, "/");
    char args[2000];
    (void)state;
    join(q, "x");
    p->take = q->take = 0;
    for (unsigned i = 0; i < 4; i++) {
        publish_to(n, "x", text(args, 1500, i), 0);
        turn(n);
    }
    settle(n);
    assert_true(q->closed);
    closed_for(q, CLOSE_SLOW);
    assert_false(p->closed);
    assert_int_equal(p->conn->out.count, 4);
    assert_int_equal(metric(n, M_QUEUE_BYTES), p->conn->out.bytes);
    assert_true(p->conn->out.bytes < 4000);
    uint64_t before = metric(n, M_DEFLATED);
    publish_to(n, "x", text(args, 1500, 9), PUB_VOLATILE);
    turn(n);
    assert_int_equal(metric(n, M_DROP_VOLATILE), 1);
    assert_int_equal(metric(n, M_DEFLATED), before); /* it is behind: not even compressed */
    p->conn->behind = false;
    publish_to(n, "x", text(args, 1500, 10), PUB_VOLATILE);
    turn(n);
    assert_int_equal(p->conn->out.count, 5);
    for (size_t step = 1; p->conn->out.count > 0; step = step % 13 + 1) { /* partial writes */
        p->take = step;
        conn_touch(p->conn);
        turn(n);
    }
    assert_int_equal(p->compressed, 5);
    node_free(n);
}

/* Without memory everything goes out plain, and the next frame is compressed again. */
static void without_memory(void **state)
{
    struct node *n = node_new(NULL, NULL);
    struct peer *p = compressed(n, "x");
    char args[2000];
    (void)state;
    no_memory = true;
    publish_to(n, "x", text(args, 1500, 1), 0);
    turn(n);
    no_memory = false;
    heardf(p, "42[\"m\",%s]\n", args);
    assert_int_equal(p->compressed, 0);
    publish_to(n, "x", args, 0);
    turn(n);
    heardf(p, "42[\"m\",%s]\n", args);
    assert_int_equal(p->compressed, 1);
    node_free(n);
}

/* To several rooms, with exceptions, to one client, and answers: each of these ways is compressed. */
static void every_way_to_a_client(void **state)
{
    struct node *n = node_new(
        NULL, "{\"/\":{\"routes\":{\"join\":[{\"join\":\"$0\"},{\"ack\":[{\"ok\":true,\"room\":\"$0\"}]}],"
              "\"echo\":[{\"ack\":\"$args\"}],"
              "\"both\":[{\"emit\":\"m\",\"to\":[\"x\",\"y\"],\"except\":\"$id\",\"args\":\"$args\"}]}}}");
    struct peer *p = compressed(n, "x"), *q = compressed(n, "y"), *s = sse(n, "y");
    char args[2000];
    (void)state;
    sayf(p, "421[\"echo\",%s]", text(args, 1500, 1));
    settle(n);
    heardf(p, "431[%s]\n", args);
    assert_int_equal(p->compressed, 1);
    sayf(p, "42[\"both\",%s]", args);
    settle(n);
    heard(p, "");
    heardf(q, "42[\"m\",%s]\n", args);
    heardf(s, "event: m\ndata: [%s]\n\n", args);
    publish_to(n, id_of(q), args, 0);
    settle(n);
    heardf(q, "42[\"m\",%s]\n", args);
    assert_int_equal(q->compressed, 2);
    node_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(once_for_all),          cmocka_unit_test(each_message_of_a_pack),
        cmocka_unit_test(what_stays_as_it_is),   cmocka_unit_test(binary_too),
        cmocka_unit_test(without_memory),        cmocka_unit_test(bounds_count_what_is_sent),
        cmocka_unit_test(every_way_to_a_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
