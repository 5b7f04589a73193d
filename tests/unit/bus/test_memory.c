/* SPDX-License-Identifier: Apache-2.0 */
/* The memory bus: order, what a subscription receives, and callbacks that change things. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/bus/bus.h"

/* What happened, in words: "up sub:a acc:1 got:a:hello ". `on` may react to each. */
static struct buf story;
static struct bus *bus;
static struct bus_channel a, b;
static void (*on)(const char *what);

static void tell(const char *what)
{
    assert_int_equal(buf_addf(&story, "%s ", what), 0);
    if (on)
        on(what);
}

static void told_deliver(void *arg, struct bus_channel *channel, struct slice bytes)
{
    assert_ptr_equal(arg, &story);
    assert_int_equal(channel->state, BUS_SUBSCRIBED);
    char z[200];
    snprintf(z, sizeof z, "got:%.*s:%.*s", SLICE_FMT(channel->name), SLICE_FMT(bytes));
    tell(z);
}

static void told_subscribed(void *arg, struct bus_channel *channel, int err)
{
    assert_ptr_equal(arg, &story);
    char z[200];
    snprintf(z, sizeof z, "sub:%.*s%s", SLICE_FMT(channel->name), err ? ":error" : "");
    tell(z);
}

static void told_state(void *arg, bool up)
{
    assert_ptr_equal(arg, &story);
    tell(up ? "up" : "down");
}

static void accepted(void *arg, int err)
{
    char z[200];
    snprintf(z, sizeof z, "acc:%s%s", (const char *)arg, err ? err_name(err) : "");
    tell(z);
}

static void expect(const char *what)
{
    assert_int_equal(buf_addc(&story, '\0'), 0);
    assert_string_equal(story.p, what);
    buf_clear(&story);
}

static void turn(const char *what)
{
    bus_turn(bus);
    expect(what);
}

static void publish(const char *channel, const char *bytes)
{
    assert_int_equal(bus_publish(bus, slice_of(channel), slice_of(bytes), accepted, (void *)(intptr_t) ""),
                     0);
}

static void publish_quietly(const char *channel, const char *bytes)
{
    assert_int_equal(bus_publish(bus, slice_of(channel), slice_of(bytes), NULL, NULL), 0);
}

static int setup(void **state)
{
    (void)state;
    const struct bus_handler handler = {&story, told_deliver, told_subscribed, told_state};
    on = NULL;
    buf_init(&story, 100000);
    bus = memory_bus_new(&handler, 10000);
    a = (struct bus_channel){.name = SLICE_LIT("a")};
    b = (struct bus_channel){.name = SLICE_LIT("b")};
    assert_true(bus->up);
    assert_true(bus_pending(bus));
    turn("up ");
    assert_false(bus_pending(bus));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (bus)
        bus_destroy(bus);
    buf_free(&story);
    return 0;
}

static void nothing_calls_back_inside_a_call(void **state)
{
    (void)state;
    bus_subscribe(bus, &a);
    assert_int_equal(a.state, BUS_SUBSCRIBING);
    publish("a", "x");
    assert_true(bus_pending(bus));
    expect("");
    turn("sub:a acc: got:a:x ");
    assert_int_equal(a.state, BUS_SUBSCRIBED);
    assert_false(bus_pending(bus));
    assert_int_equal(bus->queued_bytes, 0);
    bus_unsubscribe(bus, &a);
    assert_int_equal(a.state, BUS_IDLE);
    turn("");
}

static void one_order(void **state)
{
    (void)state;
    publish_quietly("a", "before");
    bus_subscribe(bus, &a);
    publish_quietly("a", "1");
    publish_quietly("b", "nobody");
    bus_subscribe(bus, &b);
    publish("b", "2");
    publish_quietly("a", "3");
    publish_quietly("b", "");
    turn("sub:a got:a:1 sub:b acc: got:b:2 got:a:3 got:b: ");
}

static void unsubscribed_before_delivery(void **state)
{
    (void)state;
    bus_subscribe(bus, &a);
    turn("sub:a ");
    publish("a", "x");
    bus_unsubscribe(bus, &a);
    turn("acc: ");
    assert_null(bus_find(bus, SLICE_LIT("a")));
}

/* What was published before the second subscription is not for it, though there was one then. */
static void subscribed_again(void **state)
{
    (void)state;
    bus_subscribe(bus, &a);
    turn("sub:a ");
    publish_quietly("a", "1");
    bus_unsubscribe(bus, &a);
    publish_quietly("a", "2");
    bus_subscribe(bus, &a);
    publish_quietly("a", "3");
    bus_unsubscribe(bus, &a);
    bus_subscribe(bus, &a);
    publish_quietly("a", "4");
    turn("sub:a got:a:4 ");
}

/* A channel that is gone must not be touched by its old request: the sanitizer watches. */
static void a_request_dies_with_its_channel(void **state)
{
    (void)state;
    struct bus_channel *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->name = SLICE_LIT("c");
    bus_subscribe(bus, c);
    assert_ptr_equal(bus_find(bus, SLICE_LIT("c")), c);
    publish_quietly("c", "x");
    bus_unsubscribe(bus, c);
    free(c);
    turn("");
}

static void publish_in_answer(const char *what)
{
    if (!strcmp(what, "got:a:ping"))
        publish("a", "pong");
    if (!strcmp(what, "got:a:ping") && b.state == BUS_IDLE)
        bus_subscribe(bus, &b);
}

static void work_of_callbacks_waits_for_the_next_turn(void **state)
{
    (void)state;
    bus_subscribe(bus, &a);
    turn("sub:a ");
    on = publish_in_answer;
    publish_quietly("a", "ping");
    publish_quietly("a", "last");
    turn("got:a:ping got:a:last ");
    assert_true(bus_pending(bus));
    turn("acc: got:a:pong sub:b ");
    assert_false(bus_pending(bus));
}

static void drop_b_when_a_is_heard(const char *what)
{
    if (!strcmp(what, "got:a:x"))
        bus_unsubscribe(bus, &b);
}

static void a_callback_unsubscribes_another_channel(void **state)
{
    (void)state;
    bus_subscribe(bus, &a);
    bus_subscribe(bus, &b);
    turn("sub:a sub:b ");
    on = drop_b_when_a_is_heard;
    publish_quietly("a", "x");
    publish_quietly("b", "x");
    turn("got:a:x ");
    assert_int_equal(b.state, BUS_IDLE);
}

/* b's confirmation is due in the same turn when a's callback takes the wish back. */
static void a_callback_takes_a_request_back(void **state)
{
    (void)state;
    bus_subscribe(bus, &a);
    turn("sub:a ");
    on = drop_b_when_a_is_heard;
    publish_quietly("a", "x");
    bus_subscribe(bus, &b);
    publish_quietly("b", "y");
    turn("got:a:x ");
    assert_false(bus_pending(bus));
}

static struct bus_channel *mortal;

static void free_it_when_accepted(const char *what)
{
    if (!strcmp(what, "acc:")) {
        bus_unsubscribe(bus, mortal);
        free(mortal);
    }
}

static void the_answer_comes_before_the_delivery(void **state)
{
    (void)state;
    mortal = calloc(1, sizeof *mortal);
    assert_non_null(mortal);
    mortal->name = SLICE_LIT("c");
    bus_subscribe(bus, mortal);
    turn("sub:c ");
    on = free_it_when_accepted;
    publish("c", "x");
    turn("acc: ");
}

static void drop_a_when_subscribed(const char *what)
{
    if (!strcmp(what, "sub:a"))
        bus_unsubscribe(bus, &a);
}

static void a_confirmation_is_answered_by_unsubscribing(void **state)
{
    (void)state;
    on = drop_a_when_subscribed;
    bus_subscribe(bus, &a);
    publish_quietly("a", "x");
    turn("sub:a ");
    assert_int_equal(a.state, BUS_IDLE);
}

static void publications_are_copied(void **state)
{
    (void)state;
    char name[] = "a", bytes[] = "bytes";
    bus_subscribe(bus, &a);
    publish_quietly(name, bytes);
    name[0] = 'z';
    memset(bytes, 'z', sizeof bytes);
    turn("sub:a got:a:bytes ");
}

static void the_queue_is_bounded(void **state)
{
    (void)state;
    static char large[10001];
    struct slice bytes = {large, 4000};
    assert_int_equal(bus_publish(bus, SLICE_LIT("a"), bytes, NULL, NULL), 0);
    assert_int_equal(bus_publish(bus, SLICE_LIT("a"), bytes, NULL, NULL), 0);
    bus_turn(bus);
    buf_clear(&story);
    size_t n = 0;
    while (bus_publish(bus, SLICE_LIT("a"), SLICE_LIT("x"), NULL, NULL) == 0)
        n++;
    assert_in_range(n, 50, 1000); /* small ones count with what they take */
    assert_true(bus->queued_bytes <= 10000);
    assert_int_equal(bus_publish(bus, SLICE_LIT("a"), SLICE_LIT("x"), accepted, (void *)(intptr_t) ""),
                     ERR_OVERLOADED);
    turn("");
    assert_int_equal(bus->queued_bytes, 0);
    bytes.n = 10001;
    assert_int_equal(bus_publish(bus, SLICE_LIT("a"), bytes, NULL, NULL), ERR_OVERLOADED);
    bytes.n = SIZE_MAX - 200;
    assert_int_equal(bus_publish(bus, SLICE_LIT("a"), bytes, NULL, NULL), ERR_OVERLOADED);
    publish("a", "x");
    turn("acc: ");
}

static void publish_on_the_grave(const char *what)
{
    (void)what;
    assert_int_equal(bus_publish(bus, SLICE_LIT("a"), SLICE_LIT("x"), accepted, NULL), ERR_UNAVAILABLE);
}

static void destroyed_with_work_left(void **state)
{
    (void)state;
    bus_subscribe(bus, &a);
    turn("sub:a ");
    bus_subscribe(bus, &b);
    publish("a", "1");
    publish_quietly("a", "2");
    publish("b", "3");
    on = publish_on_the_grave;
    bus_destroy(bus);
    bus = NULL;
    expect("acc:unavailable acc:unavailable ");
    assert_int_equal(a.state, BUS_IDLE);
    assert_int_equal(b.state, BUS_IDLE);
}

static void many_channels(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    static struct bus_channel channels[MANY];
    static char names[MANY][8];
    for (int i = 0; i < MANY; i++) {
        int n = snprintf(names[i], sizeof names[i], "r%d", i);
        channels[i] = (struct bus_channel){.name = {names[i], (size_t)n}};
        bus_subscribe(bus, &channels[i]);
    }
    for (int i = 0; i < MANY; i += 2)
        bus_unsubscribe(bus, &channels[i]);
    bus_turn(bus);
    buf_clear(&story);
    publish_quietly("r1000", "x");
    publish_quietly("r1001", "x");
    turn("got:r1001:x ");
    for (int i = 1; i < MANY; i += 2)
        assert_int_equal(channels[i].state, BUS_SUBSCRIBED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_calls_back_inside_a_call),
        TEST(one_order),
        TEST(unsubscribed_before_delivery),
        TEST(subscribed_again),
        TEST(a_request_dies_with_its_channel),
        TEST(work_of_callbacks_waits_for_the_next_turn),
        TEST(a_callback_unsubscribes_another_channel),
        TEST(a_callback_takes_a_request_back),
        TEST(the_answer_comes_before_the_delivery),
        TEST(a_confirmation_is_answered_by_unsubscribing),
        TEST(publications_are_copied),
        TEST(the_queue_is_bounded),
        TEST(destroyed_with_work_left),
        TEST(many_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
