/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON dialect: exact bytes of every message out, and what every message in means. */
#include "tests/unit/broker/fixture.h"

static const char routes[] =
    "{\"/\":{\"user_from_auth\":\"name\",\"routes\":{"
    "\"who\":[{\"ack\":[\"$user\",\"$auth\"]}],\"echo\":[{\"ack\":\"$args\"}],"
    "\"join\":[{\"join\":\"$0\"},{\"ack\":[]}],\"to\":[{\"emit\":\"m\",\"to\":\"$0\",\"args\":\"$1..\"}],"
    "\"*\":[{\"emit\":\"$event\",\"to\":\"*\",\"args\":\"$args\"}]}},"
    "\"/b\":{\"user_from_auth\":\"name\",\"routes\":{\"who\":[{\"ack\":[\"$user\"]}],"
    "\"no\":[{\"reject\":\"no\"}],\"*\":[{\"emit\":\"$event\",\"to\":\"*\",\"args\":\"$args\"}]}},\"/c\":{}}";

static struct node *n;
static struct peer *j;

static int setup(void **state)
{
    (void)state;
    n = node_new("max_namespaces_per_connection=2 max_json_depth=8 max_attachments=2", routes);
    j = json(n);
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
    say(j, text);
    settle(n);
}

static void opening(void **state)
{
    (void)state;
    struct peer *p = plain(n, &dialect_json, "/b", "{\"name\":\"bo\"}", NULL);
    settle(n);
    heardf(p, "{\"event\":\"$welcome\",\"args\":[{\"id\":\"%s\",\"node\":\"n1\"}],\"ns\":\"/b\"}\n",
           id_of(p));
    say(p, "{\"event\":\"who\",\"ack\":0}"); /* the namespace it is in needs no name */
    settle(n);
    heard(p, "{\"ack\":0,\"args\":[\"bo\"],\"ns\":\"/b\"}\n");
    assert_null(plain(n, &dialect_json, "/nope", NULL, NULL));
    assert_int_equal(open_error, ERR_NAMESPACE);
    assert_null(plain(n, &dialect_json, "/", "[]", NULL));
    assert_int_equal(open_error, ERR_PARSE);
    assert_null(plain(n, &dialect_json, "/", "{", NULL));
    assert_int_equal(open_error, ERR_PARSE);
    assert_int_equal(metric(n, M_OPENED_JSON), 2);
    assert_int_equal(metric(n, M_CONN_JSON_WEBSOCKET), 2);
}

static void events(void **state)
{
    struct peer *p = sio(n, "/");
    (void)state;
    send("{\"event\":\"chat\",\"args\":[{\"a\": 1.0},\"\\u00e9\"]}");
    heard(j, "{\"event\":\"chat\",\"args\":[{\"a\": 1.0},\"\\u00e9\"]}\n");
    heard(p, "42[\"chat\",{\"a\": 1.0},\"\\u00e9\"]\n");
    send(" {\"args\" : [ 1 , 2 ] , \"event\" : \"x\\n\" } ");
    heard(p, "42[\"x\\n\",1 , 2]\n");
    heard(j, "{\"event\":\"x\\n\",\"args\":[1 , 2]}\n");
    send("{\"event\":\"x\"}");
    send("{\"event\":\"x\",\"args\":[]}");
    send("{\"event\":\"x\",\"args\":[ \t\r\n ]}"); /* white space is no argument */
    heard(p, "42[\"x\"]\n42[\"x\"]\n42[\"x\"]\n");
    heard(j, "{\"event\":\"x\",\"args\":[]}\n{\"event\":\"x\",\"args\":[]}\n{\"event\":\"x\",\"args\":[]}\n");
    send("{\"event\":\"x\",\"unknown\":{\"members\":[\"are ignored\"]}}");
    heard(p, "42[\"x\"]\n");
    forget(j);
    say(p, "42[5,6]"); /* a name that is a number is a string here */
    settle(n);
    heard(j, "{\"event\":\"5\",\"args\":[6]}\n");
}

static void acks_and_errors(void **state)
{
    (void)state;
    send("{\"event\":\"echo\",\"args\":[1,\"x\"],\"ack\":7}");
    heard(j, "{\"ack\":7,\"args\":[1,\"x\"]}\n");
    send("{\"event\":\"echo\",\"ack\":0}");
    heard(j, "{\"ack\":0,\"args\":[]}\n");
    send("{\"event\":\"join\",\"args\":[1],\"ack\":8}");
    heard(j, "{\"ack\":8,\"error\":{\"code\":\"bad_room_name\",\"message\":\"a room name is a string of 1 to "
             "max_room_name_bytes bytes that does not begin with '~'\"}}\n");
    send("{\"event\":\"join\",\"args\":[1]}"); /* without ack: the event says what failed */
    assert_true(heard_part(j, "{\"event\":\"join\",\"error\":{\"code\":\"bad_room_name\",\"message\":\"a"));
    forget(j);
    send("{\"event\":\"join\",\"args\":[\"r\"],\"ack\":999999999999999}");
    heard(j, "{\"ack\":999999999999999,\"args\":[]}\n");
    send("{\"event\":\"to\",\"args\":[\"r\",\"\\\"\"]}");
    heard(j, "{\"event\":\"m\",\"args\":[\"\\\"\"],\"room\":\"r\"}\n");
}

static void bad(const char *text, const char *answer)
{
    send(text);
    heardf(j, "%s\n", answer);
    assert_false(j->closed);
}

static void messages_that_are_none(void **state)
{
    static const char name[] =
        "{\"error\":{\"code\":\"bad_event_name\",\"message\":\"an event name is a string of at most "
        "max_event_name_bytes bytes\"}}";
    static const char request[] = "\"error\":{\"code\":\"bad_request\",\"message\":\"bad request\"}}";
    char text[200];
    (void)state;
    bad("{}", name);
    bad("{\"args\":[1]}", name);
    bad("{\"ack\":7}",
        "{\"ack\":7,\"error\":{\"code\":\"bad_event_name\",\"message\":\"an event name is a string "
        "of at most max_event_name_bytes bytes\"}}");
    bad("{\"event\":5}",
        "{\"event\":5,\"error\":{\"code\":\"bad_event_name\",\"message\":\"an event name is a string "
        "of at most max_event_name_bytes bytes\"}}");
    snprintf(text, sizeof text, "{\"event\":\"x\",%s", request);
    bad("{\"event\":\"x\",\"args\":{}}", text);
    static const char *const acks[] = {"-1", "1.5", "\"7\"", "1e3", "null", "1000000000000000"};
    for (size_t i = 0; i < sizeof acks / sizeof acks[0]; i++) {
        char message[100];
        snprintf(message, sizeof message, "{\"event\":\"echo\",\"ack\":%s}", acks[i]);
        send(message);
        assert_true(heard_part(j, request));
        forget(j);
    }
    bad("{\"event\":\"connect\",\"ack\":1}",
        "{\"ack\":1,\"error\":{\"code\":\"reserved_event\",\"message\":\"this event name is reserved\"}}");
    bad("{\"event\":\"$x\",\"ack\":1}",
        "{\"ack\":1,\"error\":{\"code\":\"reserved_event\",\"message\":\"this event name is reserved\"}}");
    static const char ns[] =
        "{\"event\":\"x\",\"error\":{\"code\":\"invalid_namespace\",\"message\":\"Invalid "
        "namespace\"}}";
    bad("{\"event\":\"x\",\"ns\":5}", ns);
    bad("{\"event\":\"x\",\"ns\":\"\"}", ns);
    bad("{\"event\":\"x\",\"ns\":\"\\ud800\"}", ns);
    bad("{\"event\":\"x\",\"ns\":\"/b\"}",
        "{\"event\":\"x\",\"error\":{\"code\":\"not_connected\",\"message\":\"not "
        "connected to this namespace\"},\"ns\":\"/b\"}");
    char long_ns[400];
    memset(long_ns, 'x', sizeof long_ns);
    memcpy(long_ns, "{\"event\":\"x\",\"ns\":\"", 19);
    strcpy(long_ns + 300, "\"}");
    bad(long_ns, ns);
}

static void what_closes(void **state)
{
    static const char *const texts[] = {
        "", "x", "[]", "{", "{\"event\":\"x\"}}", "\"x\"", "{\"event\":\"\xff\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct peer *p = json(n);
        say(p, texts[i]);
        settle(n);
        heard(p, "{\"error\":{\"code\":\"parse_error\",\"message\":\"malformed packet\"}}\n");
        closed_for(p, CLOSE_PARSE);
    }
    struct peer *p = json(n);
    say(p, "{\"event\":\"x\",\"args\":[[[[[[[[[]]]]]]]]]}");
    settle(n);
    heard(p, "{\"error\":{\"code\":\"too_deep\",\"message\":\"JSON is nested deeper than the limit\"}}\n");
    closed_for(p, CLOSE_PARSE);
    say_binary(j, "{}", 2);
    settle(n);
    heard(j, "{\"error\":{\"code\":\"parse_error\",\"message\":\"expected a text message with one JSON "
             "object\"}}\n");
    closed_for(j, CLOSE_PARSE);
}

static void namespaces(void **state)
{
    (void)state;
    send("{\"event\":\"$connect\",\"ns\":\"/b\",\"args\":[{\"name\":\"ann\"}],\"ack\":1}");
    assert_int_equal(metric(n, M_CLIENTS), 2);
    assert_true(heard_part(j, "{\"event\":\"$welcome\",\"args\":[{\"id\":\"~n1~"));
    assert_true(heard_part(j, "\"node\":\"n1\"}],\"ns\":\"/b\"}\n{\"ack\":1,\"args\":[{\"id\":\"~n1~"));
    forget(j);
    send("{\"event\":\"who\",\"ns\":\"/b\",\"ack\":2}");
    heard(j, "{\"ack\":2,\"args\":[\"ann\"],\"ns\":\"/b\"}\n");
    send("{\"event\":\"no\",\"ns\":\"/b\",\"ack\":2}");
    heard(j, "{\"ack\":2,\"error\":{\"code\":\"rejected\",\"message\":\"no\"},\"ns\":\"/b\"}\n");
    send("{\"event\":\"x\",\"ns\":\"\\/b\"}");
    heard(j, "{\"event\":\"x\",\"args\":[],\"ns\":\"/b\"}\n");
    send("{\"event\":\"$connect\",\"ns\":\"/b\"}");
    assert_true(heard_part(j, "\"code\":\"already_connected\""));
    forget(j);
    send("{\"event\":\"$connect\",\"ns\":\"/c\"}");
    assert_true(heard_part(j, "\"code\":\"too_many_namespaces\""));
    forget(j);
    send("{\"event\":\"$connect\",\"ns\":\"/nope\"}");
    assert_true(heard_part(j, "\"code\":\"invalid_namespace\""));
    forget(j);
    send("{\"event\":\"$connect\",\"args\":[1]}");
    assert_true(heard_part(j, "\"code\":\"bad_request\""));
    forget(j);
    send("{\"event\":\"$disconnect\",\"ns\":\"/b\",\"ack\":3}");
    heard(j, "{\"ack\":3,\"args\":[],\"ns\":\"/b\"}\n");
    send("{\"event\":\"$disconnect\",\"ns\":\"/b\"}");
    assert_true(heard_part(j, "\"code\":\"not_connected\""));
    assert_false(j->closed);
    send("{\"event\":\"$disconnect\"}"); /* the last one */
    closed_for(j, CLOSE_NO_CLIENTS);
}

/* As the first message it sets the auth payload of where the connection is. */
static void auth_as_the_first_message(void **state)
{
    (void)state;
    send("{\"event\":\"\\u0024connect\",\"args\":[{\"name\":\"ann\",\"t\":[ 1]}],\"ack\":1}");
    heardf(j, "{\"ack\":1,\"args\":[{\"id\":\"%s\",\"node\":\"n1\"}]}\n", id_of(j));
    send("{\"event\":\"who\",\"ack\":2}");
    heard(j, "{\"ack\":2,\"args\":[\"ann\",{\"name\":\"ann\",\"t\":[ 1]}]}\n");
    send("{\"event\":\"$connect\",\"args\":[{\"name\":\"bo\"}],\"ack\":3}");
    assert_true(heard_part(j, "\"already_connected\""));
}

static void binary_values(void **state)
{
    struct peer *p = sio(n, "/"), *k = json(n);
    (void)state;
    send("{\"event\":\"b\",\"args\":[{\"$binary\":\"AP8=\"},[{\"x\":{ \"$binary\" : \"\" }}],7]}");
    heard(p, "452-[\"b\",{\"_placeholder\":true,\"num\":0},[{\"x\":{\"_placeholder\":true,\"num\":1}}],7]\n"
             "<00ff>\n<>\n");
    heard(k, "{\"event\":\"b\",\"args\":[{\"$binary\":\"AP8=\"},[{\"x\":{\"$binary\":\"\"}}],7]}\n");
    forget(j);
    say(p, "451-[\"b\",{\"_placeholder\":true,\"num\":0},{\"num\":0,\"_placeholder\":true}]");
    say_binary(p, "\x01\x02\x03", 3);
    settle(n);
    heard(k, "{\"event\":\"b\",\"args\":[{\"$binary\":\"AQID\"},{\"$binary\":\"AQID\"}]}\n");
    forget(j);
    send("{\"event\":\"b\",\"args\":[{\"$binary\":\"AQID\"},{\"$binary\":\"\\u0041Q\\/_\",\"x\":1}]}");
    assert_true(heard_part(
        p, "451-[\"b\",{\"_placeholder\":true,\"num\":0},{\"$binary\":\"\\u0041Q\\/_\",\"x\":1}]"));
    forget(p);
    forget(j);
    forget(k);
    send("{\"event\":\"echo\",\"args\":[{\"$binary\":\"*\"}],\"ack\":1}");
    heard(j, "{\"ack\":1,\"error\":{\"code\":\"parse_error\",\"message\":\"malformed packet\"}}\n");
    send(
        "{\"event\":\"echo\",\"args\":[{\"$binary\":\"\"},{\"$binary\":\"\"},{\"$binary\":\"\"}],\"ack\":1}");
    assert_true(heard_part(j, "\"too_large\""));
    forget(j);
    /* what looks like a placeholder would be taken for one by receivers */
    send("{\"event\":\"echo\",\"args\":[{\"$binary\":\"\"},{\"_placeholder\":true,\"num\":0}],\"ack\":1}");
    assert_true(heard_part(j, "\"bad_request\""));
    forget(j);
    send("{\"event\":\"b\",\"args\":[{\"_placeholder\":true,\"num\":0}]}"); /* alone it is plain data */
    heard(p, "42[\"b\",{\"_placeholder\":true,\"num\":0}]\n");
    heard(k, "{\"event\":\"b\",\"args\":[{\"_placeholder\":true,\"num\":0}]}\n");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(opening),     TEST(events),     TEST(acks_and_errors),           TEST(messages_that_are_none),
        TEST(what_closes), TEST(namespaces), TEST(auth_as_the_first_message), TEST(binary_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
