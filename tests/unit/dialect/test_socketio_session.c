/* SPDX-License-Identifier: Apache-2.0 */
/* Socket.IO over WebSocket: every packet type in and out, namespaces, attachments, and what closes the
 * session. */
#include "tests/unit/broker/fixture.h"

static const char routes[] =
    "{\"/"
    "\":{\"routes\":{\"echo\":[{\"emit\":\"echo-back\",\"to\":\"$id\",\"args\":\"$args\"},{\"ack\":\"$args\"}"
    "],"
    "\"*\":[{\"emit\":\"$event\",\"to\":\"*\",\"args\":\"$args\"}]}},"
    "\"/admin\":{\"user_from_auth\":\"name\",\"routes\":{\"who\":[{\"ack\":[\"$user\",\"$auth\"]}],"
    "\"*\":[{\"emit\":\"$event\",\"to\":\"*\",\"args\":\"$args\"}]}},\"/c\":{}}";

static struct node *n;
static struct peer *p;

static int setup(void **state)
{
    (void)state;
    n = node_new("max_namespaces_per_connection=2 max_json_depth=8", routes);
    p = sio(n, "/");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    node_free(n);
    return 0;
}

static void send(const char *text)
{
    say(p, text);
    settle(n);
}

static void connecting(void **state)
{
    struct peer *q = sio_open(n);
    (void)state;
    heardf(q,
           "0{\"sid\":\"%.*s\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":"
           "1000000}\n",
           session_of_peer(q)->sid_size, session_of_peer(q)->sid);
    say(q, "40{\"token\":\"x\"}");
    settle(n);
    heardf(q, "40{\"sid\":\"%s\"}\n", id_of(q));
    assert_memory_equal(q->id, "~n1~", 4);
    assert_int_equal(strlen(q->id), 4 + 16);
    assert_int_not_equal(strcmp(q->id, id_of(p)), 0);
}

static void namespaces(void **state)
{
    (void)state;
    send("40/admin,{\"name\":\"ann\"}");
    assert_true(heard_part(p, "40/admin,{\"sid\":\"~n1~"));
    forget(p);
    send("42/admin,7[\"who\"]");
    heard(p, "43/admin,7[\"ann\",{\"name\":\"ann\"}]\n");
    send("42/admin,[\"x\",1]");
    heard(p, "42/admin,[\"x\",1]\n");
    send("40/nope,");
    heard(p, "44/nope,{\"message\":\"Invalid namespace\"}\n");
    send("40/nope?x=1");
    heard(p, "44/nope?x=1,{\"message\":\"Invalid namespace\"}\n");
    send("40/c");
    heard(p, "44/c,{\"message\":\"max_namespaces_per_connection reached\"}\n");
    send("41"); /* leaves /; no answer */
    heard(p, "");
    assert_int_equal(metric(n, M_CLIENTS), 1);
    send("40/c");
    assert_true(heard_part(p, "40/c,{\"sid\""));
    forget(p);
    send("41/c,");
    send("41/admin,");
    heard(p, "");
    assert_int_equal(metric(n, M_CLIENTS), 0);
    assert_false(p->closed); /* the client closes the transport itself */
    send("40");
    assert_true(heard_part(p, "40{\"sid\""));
}

static void events_and_acks(void **state)
{
    (void)state;
    send("42[\"hey\",\"Jude\"]");
    heard(p, "42[\"hey\",\"Jude\"]\n");
    send("42007[\"echo\",{\"a\":1}]");
    heard(p, "437[{\"a\":1}]\n42[\"echo-back\",{\"a\":1}]\n");
    send("420[\"echo\"]");
    heard(p, "430[]\n42[\"echo-back\"]\n");
    send("429007199254740992[\"echo\"]");
    heard(p, "439007199254740992[]\n42[\"echo-back\"]\n");
    send("42[1,2]");
    heard(p, "42[1,2]\n");
    send("42[\"\",2]");
    heard(p, "42[\"\",2]\n");
    send("42"); /* allowed, and means nothing */
    send("420");
    send("43[]");
    send("435[1]");
    heard(p, "");
    send("42[\"x\",{\"_placeholder\":true,\"num\":0}]"); /* plain data */
    heard(p, "42[\"x\",{\"_placeholder\":true,\"num\":0}]\n");
    assert_false(p->closed);
}

static void attachments(void **state)
{
    (void)state;
    send("452-[\"b\",{\"x\":{\"_placeholder\":true,\"num\":1}},{\"_placeholder\":true,\"num\":0}]");
    send("3"); /* heartbeats may come between */
    say_binary(p, "\x00\xff", 2);
    settle(n);
    heard(p, "");
    say_binary(p, "", 0);
    settle(n);
    heard(p, "452-[\"b\",{\"x\":{\"_placeholder\":true,\"num\":1}},{\"_placeholder\":true,\"num\":0}]\n<00ff>"
             "\n<>\n");
    send("451-5[\"echo\",{\"_placeholder\":true,\"num\":0}]");
    send("bAQID"); /* text base64 is a binary message on WebSocket, too */
    heard(p, "461-5[{\"_placeholder\":true,\"num\":0}]\n<010203>\n"
             "451-[\"echo-back\",{\"_placeholder\":true,\"num\":0}]\n<010203>\n");
    send("451-[\"b\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":0}]"); /* twice the same
                                                                                              */
    say_binary(p, "\x01", 1);
    settle(n);
    heard(p, "451-[\"b\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":0}]\n<01>\n");
    send("451-[\"b\"]"); /* none refers to it: it goes no further */
    say_binary(p, "\x01", 1);
    settle(n);
    heard(p, "42[\"b\"]\n");
}

static void the_session_goes_while_attachments_come(void **state)
{
    (void)state;
    send("453-[\"b\"]");
    say_binary(p, "\x01", 1);
    say_binary(p, "\x02", 1);
    lose(p);
    settle(n);
}

/* One attachment in very many places would be written out as often for other dialects. */
static void an_attachment_that_stands_everywhere(void **state)
{
    struct buf text;
    (void)state;
    buf_init(&text, 10000);
    assert_int_equal(buf_adds(&text, "451-[\"b\""), 0);
    for (unsigned i = 0; i < 11; i++)
        assert_int_equal(buf_adds(&text, ",{\"_placeholder\":true,\"num\":0}"), 0);
    assert_int_equal(buf_adds(&text, "]"), 0);
    assert_int_equal(buf_addc(&text, '\0'), 0);
    send(text.p);
    closed_for(p, CLOSE_PARSE);
    buf_free(&text);
}

static void closes_session(const char *text, enum close_reason why)
{
    struct peer *q = sio(n, "/");
    say(q, text);
    settle(n);
    if (!q->closed)
        fail_msg("%s was accepted", text);
    closed_for(q, why);
    heard(q, "");
}

static void what_closes_the_session(void **state)
{
    (void)state;
    static const char *const parse[] = {"4",
                                        "47",
                                        "4x",
                                        "40[]",
                                        "40null",
                                        "40\"x\"",
                                        "40{",

                                        "41{}",
                                        "42[]",
                                        "42{}",
                                        "42\"a\"",
                                        "42[null]",
                                        "42[{}]",
                                        "42[true]",
                                        "42[\"a\"",
                                        "42[\"a\"]x",
                                        "42-1[\"a\"]",
                                        "42abc[\"a\"]",
                                        "42[\"connect\"]",
                                        "42[\"disconnecting\"]",
                                        "42[\"\\u0063onnect\"]",
                                        "45[\"a\"]",
                                        "450-[\"a\"]",
                                        "4511-[\"a\"]",
                                        "451[\"a\"]",
                                        "451-[{\"_placeholder\":true,\"num\":0}]",
                                        "451-[\"a\",{\"_placeholder\":true,\"num\":1}]",
                                        "451-[\"a\",{\"_placeholder\":true}]",
                                        "451-[\"a\",{\"_placeholder\":true,\"num\":\"0\"}]",
                                        "42[\"a\",[[[[[[[[1]]]]]]]]]",
                                        "",
                                        "9",
                                        "bA===",
                                        "b\xff"};
    for (size_t i = 0; i < sizeof parse / sizeof parse[0]; i++)
        closes_session(parse[i], CLOSE_PARSE);
    static const char *const protocol[] = {"40",   "42/admin,[\"a\"]",        "41/admin,", "43/admin,1[]",
                                           "44{}", "44/x,{\"message\":\"\"}", "2",         "42/nope,[\"a\"]"};
    for (size_t i = 0; i < sizeof protocol / sizeof protocol[0]; i++)
        closes_session(protocol[i], CLOSE_PROTOCOL);
    closes_session("1", CLOSE_PEER);
    static const char *const ignored[] = {"0", "5", "6", "3", "3probe"};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        send(ignored[i]);
    assert_false(p->closed);
    heard(p, "");
}

static void attachments_out_of_turn(void **state)
{
    struct peer *q = sio(n, "/");
    (void)state;
    say_binary(q, "\x01", 1);
    settle(n);
    closed_for(q, CLOSE_PARSE);
    send("452-[\"a\"]");
    say_binary(p, "\x01", 1);
    send("42[\"b\"]");
    closed_for(p, CLOSE_PARSE);
}

/* Before the CONNECT nothing else is allowed, and not for ever. */
static void connecting_late(void **state)
{
    struct peer *q = sio_open(n), *r = sio_open(n), *s = sio_open(n);
    (void)state;
    say(q, "42[\"a\"]");
    settle(n);
    closed_for(q, CLOSE_PROTOCOL);
    say(r, "40/nope");
    forget(r);
    for (unsigned ms = 0; ms < 44999; ms += 20000) { /* pings are answered meanwhile */
        advance(n, ms + 20000 < 44999 ? 20000 : 4999);
        say(r, "3");
        say(s, "3");
        say(p, "3");
    }
    assert_false(r->closed);
    say(s, "40");
    settle(n);
    advance(n, 1);
    closed_for(r, CLOSE_CONNECT_TIMEOUT);
    assert_false(s->closed);
    say(s, "41"); /* the timer does not begin again */
    settle(n);
    for (unsigned i = 0; i < 5; i++) {
        say(s, "3");
        advance(n, 20000);
    }
    assert_false(s->closed);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(connecting),
        TEST(namespaces),
        TEST(events_and_acks),
        TEST(attachments),
        TEST(the_session_goes_while_attachments_come),
        TEST(an_attachment_that_stands_everywhere),
        TEST(what_closes_the_session),
        TEST(attachments_out_of_turn),
        TEST(connecting_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
