/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a client for an ack, on this node and on another: answers, their absence, and everybody who may
 * leave meanwhile. */
#include "tests/unit/broker/fixture.h"

static const char routes[] =
    "{\"/\":{\"routes\":{"
    "\"ask\":[{\"request\":\"$1\",\"to\":\"$0\",\"args\":\"$2..\"}],"
    "\"all\":[{\"emit\":\"m\",\"to\":\"*\",\"args\":\"$args\"}],"
    "\"ask and tell\":[{\"request\":\"q\",\"to\":\"$0\"},{\"ack\":[\"before the answer\"]}]}},\"/b\":{}}";

static struct wire *w;
static struct node *a, *b;
static struct peer *p, *q, *r; /* p and q at a, r at b */

static int setup(void **state)
{
    (void)state;
    w = wire_new();
    a = node_on(w, "a", "request_timeout_ms=1000 ping_interval_ms=100000", routes);
    b = node_on(w, "b", "max_pending_events=3 ping_interval_ms=100000", routes);
    p = sio(a, "/");
    q = sio(a, "/");
    r = sio(b, "/");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    node_free(a);
    node_free(b);
    wire_free(w);
    return 0;
}

static void ask(const char *ack, const char *id)
{
    sayf(p, "42%s[\"ask\",\"%s\",\"q\",1]", ack, id);
    settle_all(w);
}

static void answered_here_and_there(void **state)
{
    (void)state;
    ask("1", id_of(q));
    heard(q, "420[\"q\",1]\n");
    heard(p, "");
    say(q, "430[ \"yes\", 2 ]");
    settle_all(w);
    heard(p, "431[\"yes\", 2]\n");
    ask("2", id_of(r));
    ask("3", id_of(r));
    heard(r, "420[\"q\",1]\n421[\"q\",1]\n");
    say(r, "431[]");
    say(r, "430[0]");
    say(r, "430[\"again\"]"); /* only the first answer counts */
    say(r, "439[\"unknown\"]");
    say(r, "43[\"no id\"]");
    settle_all(w);
    heard(p, "433[]\n432[0]\n");
    assert_int_equal(metric(b, M_ACKS_RECEIVED), 2);
    assert_int_equal(metric(a, M_ACKS_SENT), 3);
}

/* A question does not overtake what its sender has published before. */
static void a_question_keeps_its_place(void **state)
{
    (void)state;
    say(p, "42[\"all\",1]");
    sayf(p, "421[\"ask\",\"%s\",\"q\",2]", id_of(q));
    say(p, "42[\"all\",3]");
    settle_all(w);
    heard(q, "42[\"m\",1]\n420[\"q\",2]\n42[\"m\",3]\n");
}

static void with_binary(void **state)
{
    (void)state;
    sayf(p, "451-1[\"ask\",\"%s\",\"q\",{\"_placeholder\":true,\"num\":0}]", id_of(r));
    say_binary(p, "\x07", 1);
    settle_all(w);
    heard(r, "451-0[\"q\",{\"_placeholder\":true,\"num\":0}]\n<07>\n");
    say(r, "461-0[{\"_placeholder\":true,\"num\":0}]");
    say_binary(r, "\x08\x09", 2);
    settle_all(w);
    heard(p, "461-1[{\"_placeholder\":true,\"num\":0}]\n<0809>\n");
}

static void json_clients_answer_too(void **state)
{
    struct peer *j = json(b);
    (void)state;
    ask("1", id_of(j));
    heard(j, "{\"event\":\"q\",\"args\":[1],\"ack\":0}\n");
    say(j, "{\"ack\":0,\"args\":[{\"$binary\":\"AQI=\"},3]}");
    settle_all(w);
    heard(p, "461-1[{\"_placeholder\":true,\"num\":0},3]\n<0102>\n");
    sayf(j, "{\"event\":\"ask\",\"args\":[\"%s\",\"q\"],\"ack\":5}", id_of(p));
    settle_all(w);
    heard(p, "420[\"q\"]\n");
    say(p, "461-0[{\"_placeholder\":true,\"num\":0}]");
    say_binary(p, "\x01\x02\x03", 3);
    settle_all(w);
    heard(j, "{\"ack\":5,\"args\":[{\"$binary\":\"AQID\"}]}\n");
}

static void told_gone(const char *ack)
{
    char text[200];
    snprintf(text, sizeof text,
             "43%s[{\"ok\":false,\"error\":{\"code\":\"gone\",\"message\":\"no such client is "
             "connected\"}}]\n",
             ack);
    heard(p, text);
}

static void gone(void **state)
{
    struct peer *x = raw(b, "room"), *z = sio(b, "/b");
    (void)state;
    ask("1", "~b~0123456789abcdef");
    told_gone("1");
    ask("2", "not an id");
    told_gone("2");
    ask("3", id_of(x)); /* raw clients cannot be asked */
    told_gone("3");
    ask("4", id_of(z)); /* is in another namespace */
    told_gone("4");
    ask("5", id_of(r));
    heard(r, "420[\"q\",1]\n");
    lose(r); /* while it is asked */
    settle_all(w);
    told_gone("5");
    ask("6", id_of(q));
    say(q, "41");
    settle_all(w);
    told_gone("6");
}

static void one_that_never_answers(void **state)
{
    (void)state;
    ask("1", id_of(r));
    advance(a, 999);
    heard(p, "");
    advance(a, 21);
    heard(p, "431[{\"ok\":false,\"error\":{\"code\":\"timeout\",\"message\":\"no answer in time\"}}]\n");
    say(r, "430[\"too late\"]");
    settle_all(w);
    heard(p, "");
    /* what is remembered of its questions has a bound: the oldest is given up */
    for (unsigned i = 0; i < 3; i++)
        ask("2", id_of(r));
    heard(p, "");
    ask("3", id_of(r));
    told_gone("2");
    forget(r);
    say(r, "434[\"last\"]");
    settle_all(w);
    heard(p, "433[\"last\"]\n");
}

/* A node that does not exist: nobody says that the client is gone. */
static void an_unknown_node_times_out(void **state)
{
    (void)state;
    ask("1", "~elsewhere~0123456789abcdef");
    heard(p, "");
    advance(a, 1020);
    assert_true(heard_part(p, "\"timeout\""));
}

/* Without an ack a JSON client is told that something failed; the event is long gone. */
static void failing_later_without_an_ack(void **state)
{
    struct peer *j = json(a);
    (void)state;
    say(j, "{\"event\":\"ask\",\"args\":[\"~b~0123456789abcdef\",\"q\"]}");
    settle_all(w);
    heard(j, "{\"error\":{\"code\":\"gone\",\"message\":\"no such client is connected\"}}\n");
}

/* A node that starts again begins with other numbers: a late answer is not taken for another's. */
static void an_answer_to_the_process_before(void **state)
{
    (void)state;
    ask("1", id_of(r));
    node_free(a);
    a = node_on(w, "a", NULL, routes);
    p = sio(a, "/");
    ask("1", id_of(r));
    say(r, "430[\"late\"]");
    settle_all(w);
    heard(p, "");
    say(r, "431[\"yes\"]");
    settle_all(w);
    heard(p, "431[\"yes\"]\n");
}

static void the_answer_is_the_ack(void **state)
{
    (void)state;
    sayf(p, "421[\"ask and tell\",\"%s\"]", id_of(r));
    settle_all(w);
    heard(p, "");
    say(r, "430[\"the answer\"]");
    settle_all(w);
    heard(p, "431[\"the answer\"]\n");
}

static void the_asker_leaves(void **state)
{
    (void)state;
    ask("1", id_of(r));
    lose(p);
    settle_all(w);
    say(r, "430[1]");
    settle_all(w);
    p = sio(a, "/"); /* its numbers begin again: nothing old may reach it */
    ask("1", id_of(r));
    settle_all(w);
    heard(p, "");
}

static void the_bus_goes_down(void **state)
{
    (void)state;
    wire_hold(a, true);
    ask("1", id_of(r));
    turn(a);
    wire_down(a);
    turn(a);
    heard(r, "");
    assert_true(heard_part(p, "431[{\"ok\":false,\"error\":{\"code\":\"unavailable\""));
    forget(p);
    wire_hold(a, false);
    ask("2", id_of(r));
    assert_true(heard_part(p, "432[{\"ok\":false,\"error\":{\"code\":\"unavailable\""));
}

/* The one who is asked cannot say so, when its node has lost the bus. */
static void the_answer_cannot_be_sent(void **state)
{
    (void)state;
    ask("1", id_of(r));
    wire_down(b);
    say(r, "430[1]");
    turn(b);
    assert_int_equal(refusals(b, ERR_UNAVAILABLE), 1);
    advance(a, 1020);
    assert_true(heard_part(p, "\"timeout\""));
}

/* Whatever waits is freed with the broker (the sanitizer looks). */
static void ends_while_asking(void **state)
{
    (void)state;
    ask("1", id_of(r));
    ask("2", id_of(q));
    wire_hold(a, true);
    ask("3", id_of(r));
}

struct result {
    unsigned calls;
    int err;
    char args[100];
};

static void result(void *arg, int err, const struct event *answer)
{
    struct result *res = arg;
    res->calls++;
    res->err = err;
    if (answer != NULL)
        snprintf(res->args, sizeof res->args, "%.*s", SLICE_FMT(answer->args));
}

static int request(const char *ns, const char *id, const char *name, uint64_t ms, struct result *res)
{
    struct event e = {.name = slice_of(name)};
    return broker_request(a->broker, slice_of(ns), slice_of(id), &e, ms, result, res);
}

static void from_outside(void **state)
{
    struct result res = {0, 1, ""};
    (void)state;
    assert_int_equal(request("/", id_of(r), "\"q\"", 0, &res), 0);
    settle_all(w);
    say(r, "430[7]");
    settle_all(w);
    assert_int_equal(res.calls, 1);
    assert_int_equal(res.err, 0);
    assert_string_equal(res.args, "7");
    assert_int_equal(request("/", "x", "\"q\"", 0, &res), ERR_GONE);
    assert_int_equal(request("/x", id_of(r), "\"q\"", 0, &res), ERR_NAMESPACE);
    assert_int_equal(request("/", id_of(r), "\"connect\"", 0, &res), ERR_RESERVED_EVENT);
    assert_int_equal(request("/", id_of(r), "\"q\"", 50, &res), 0);
    settle_all(w);
    advance(a, 70);
    assert_int_equal(res.calls, 2);
    assert_int_equal(res.err, ERR_TIMEOUT);
    assert_int_equal(request("/", id_of(r), "\"q\"", 0, &res), 0);
    broker_forget(a->broker, &res);
    settle_all(w);
    advance(a, 1100);
    assert_int_equal(res.calls, 2);
    assert_int_equal(request("/", id_of(r), "\"q\"", 5000, &res), 0);
    node_free(a); /* done comes, at the latest now */
    assert_int_equal(res.calls, 3);
    assert_int_equal(res.err, ERR_UNAVAILABLE);
    a = node_on(w, "a", NULL, routes);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answered_here_and_there),
        TEST(a_question_keeps_its_place),
        TEST(with_binary),
        TEST(json_clients_answer_too),
        TEST(gone),
        TEST(one_that_never_answers),
        TEST(an_unknown_node_times_out),
        TEST(the_answer_is_the_ack),
        TEST(the_asker_leaves),
        TEST(the_bus_goes_down),
        TEST(the_answer_cannot_be_sent),
        TEST(ends_while_asking),
        TEST(from_outside),
        TEST(failing_later_without_an_ack),
        TEST(an_answer_to_the_process_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
