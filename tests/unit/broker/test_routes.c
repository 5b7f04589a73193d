/* SPDX-License-Identifier: Apache-2.0 */
/* Routes: every step and value at work, every error of compiling with its place, life-cycle routes,
 * reloading. */
#include "tests/unit/broker/fixture.h"

/* Routes of namespace / without the braces around them. */
static struct node *node_with(const char *routes)
{
    char *text = NULL;
    assert_true(asprintf(&text, "{\"/\":{\"user_from_auth\":\"name\",\"routes\":{%s}}}", routes) > 0);
    struct node *n = node_new(NULL, text);
    free(text);
    return n;
}

/* The ack of `event` is what `args` makes of it. */
static void acks(const char *args, const char *event, const char *expected)
{
    char *routes = NULL;
    assert_true(asprintf(&routes, "\"e\":[{\"ack\":%s}]", args) > 0);
    struct node *n = node_with(routes);
    struct peer *p = sio_open(n);
    say(p, "40{\"name\":\"\\u0041nn\",\"x\":[1, 2]}");
    settle(n);
    forget(p);
    sayf(p, "420%s", event);
    settle(n);
    heardf(p, "430%s\n", expected);
    node_free(n);
    free(routes);
}

static void values(void **state)
{
    (void)state;
    acks("[\"$0\"]", "[\"e\",1.50]", "[1.50]");
    acks("[\"$0\"]", "[\"e\"]", "[null]");
    acks("[\"$1\",\"$0\"]", "[\"e\",{\"a\" : 1},\"b\"]", "[\"b\",{\"a\" : 1}]");
    acks("\"$args\"", "[\"e\", 1 , 2 ]", "[1 , 2]");
    acks("\"$args\"", "[\"e\"]", "[]");
    acks("\"$1..\"", "[\"e\",1,2,3]", "[2,3]");
    acks("\"$2..\"", "[\"e\",1,2]", "[]");
    acks("[\"x\",\"$1..\",\"y\"]", "[\"e\",1,2,3]", "[\"x\",2,3,\"y\"]");
    acks("[\"$5..\",\"y\"]", "[\"e\",1]", "[\"y\"]");
    acks("[\"x\",\"$5..\"]", "[\"e\",1]", "[\"x\"]");
    acks("[\"x\",\"$5..\",\"$args\",\"y\"]", "[\"e\"]", "[\"x\",\"y\"]");
    acks("[\"$event\"]", "[\"e\"]", "[\"e\"]");
    acks("[\"$user\"]", "[\"e\"]", "[\"\\u0041nn\"]");
    acks("[\"$auth\"]", "[\"e\"]", "[{\"name\":\"\\u0041nn\",\"x\":[1, 2]}]");
    acks("[\"$rooms\",\"$room\",\"$reason\"]", "[\"e\"]", "[[],null,null]");
    acks("[1,true,null,\"a\\\"b\",\"$$0\",\"$$\",2.5]", "[\"e\",9]",
         "[1,true,null,\"a\\\"b\",\"$0\",\"$\",2.5]");
    acks("[]", "[\"e\",9]", "[]");
    acks("\"$0\"", "[\"e\",9]", "[9]");
}

static void templates(void **state)
{
    (void)state;
    acks("[{\"ok\":true,\"room\":\"$0\"}]", "[\"e\",\"r\"]", "[{\"ok\":true,\"room\":\"r\"}]");
    acks("[{\"$0\":\"$0\",\"l\":[\"$1\",[\"$user\"],{}],\"m\":[]}]", "[\"e\",1,{\"b\":2}]",
         "[{\"$0\":1,\"l\":[{\"b\":2},[\"\\u0041nn\"],{}],\"m\":[]}]");
    acks("[[\"$args\"],{\"rest\":\"$1..\",\"none\":\"$9..\"}]", "[\"e\",1,2,3]",
         "[[[1,2,3]],{\"rest\":[2,3],\"none\":[]}]");
    acks("[{\"money\":\"$$5\"},[\"$$\"]]", "[\"e\",1]", "[{\"money\":\"$5\"},[\"$\"]]");
    acks("[{\"a\":[1,{\"b\":null}]}]", "[\"e\",1]", "[{\"a\":[1,{\"b\":null}]}]");
}

static void binary_goes_along(void **state)
{
    struct node *n = node_with("\"e\":[{\"ack\":[{\"in\":\"$1\"},\"$0\"]}],\"n\":[{\"ack\":[\"$0\"]}],"
                               "\"a\":[{\"ack\":[\"$auth\",\"$0\"]}]");
    struct peer *p = sio_open(n);
    (void)state;
    say(p, "40{\"x\":{\"_placeholder\":true,\"num\":0}}");
    settle(n);
    forget(p);
    say(p, "452-1[\"e\",{\"_placeholder\":true,\"num\":1},{\"_placeholder\":true,\"num\":0}]");
    say_binary(p, "\x01", 1);
    say_binary(p, "\x02\x03", 2);
    settle(n);
    heard(p, "462-1[{\"in\":{\"_placeholder\":true,\"num\":0}},{\"_placeholder\":true,\"num\":1}]\n"
             "<01>\n<0203>\n");
    say(p, "451-2[\"n\",7,{\"_placeholder\":true,\"num\":0}]"); /* the ack holds none of it */
    say_binary(p, "\x01", 1);
    settle(n);
    heard(p, "432[7]\n");
    say(p, "421[\"a\",7]");
    settle(n);
    heard(p, "431[{\"x\":{\"_placeholder\":true,\"num\":0}},7]\n"); /* plain data without attachments */
    say(p, "451-2[\"a\",{\"_placeholder\":true,\"num\":0}]");
    say_binary(p, "\x01", 1);
    settle(n);
    assert_true(heard_part(p, "432[{\"ok\":false,\"error\":{\"code\":\"bad_request\""));
    node_free(n);
}

static void steps_in_order_until_one_fails(void **state)
{
    struct node *n = node_with(
        "\"e\":[{\"join\":\"a\"},{\"join\":\"b\"},{\"emit\":\"in\",\"to\":\"$rooms\",\"args\":[\"$rooms\"]},"
        "{\"leave\":\"a\"},{\"reject\":\"no \\\"more\\\"\"},{\"join\":\"c\"}],"
        "\"r\":[{\"ack\":[\"$rooms\"]}],\"bad\":[{\"join\":\"$0\"},{\"join\":\"z\"}],"
        "\"two\":[{\"ack\":[1]},{\"ack\":[\"$0\"]}],\"none\":[],\"*\":[{\"reject\":\"unknown event\"}]");
    struct peer *p = sio(n, "/");
    (void)state;
    say(p, "421[\"e\"]");
    settle(n);
    heard(p, "431[{\"ok\":false,\"error\":{\"code\":\"rejected\",\"message\":\"no \\\"more\\\"\"}}]\n"
             "42[\"in\",[\"a\",\"b\"]]\n");
    say(p, "42[\"e\"]"); /* without an ack nobody is told */
    settle(n);
    heard(p, "42[\"in\",[\"b\",\"a\"]]\n");
    say(p, "422[\"bad\"]");
    say(p, "423[\"r\"]");
    say(p, "424[\"what\"]");
    say(p, "425[\"two\",\"x\"]");
    say(p, "426[\"none\"]");
    settle(n);
    heard(p, "432[{\"ok\":false,\"error\":{\"code\":\"bad_room_name\",\"message\":\"a room name is a string "
             "of 1 to "
             "max_room_name_bytes bytes that does not begin with '~'\"}}]\n433[[\"b\"]]\n"
             "434[{\"ok\":false,\"error\":{\"code\":\"rejected\",\"message\":\"unknown event\"}}]\n"
             "435[\"x\"]\n436[]\n");
    node_free(n);
}

static void no_route_at_all(void **state)
{
    struct node *n = node_with("\"e\":[]");
    struct peer *p = sio(n, "/");
    (void)state;
    say(p, "421[\"f\"]");
    settle(n);
    heard(p,
          "431[{\"ok\":false,\"error\":{\"code\":\"rejected\",\"message\":\"no route for this event\"}}]\n");
    assert_int_equal(refusals(n, ERR_REJECTED), 1);
    node_free(n);
}

/* A name spelled with escapes is the same name. */
static void names_are_compared_decoded(void **state)
{
    struct node *n = node_with("\"caf\\u00e9\":[{\"ack\":[\"$event\"]}],\"5\":[{\"ack\":[\"five\"]}]");
    struct peer *p = sio(n, "/");
    (void)state;
    say(p, "421[\"caf\\u00e9\"]");
    say(p, "422[\"c\\u0061f\xc3\xa9\"]");
    say(p, "423[5]");
    settle(n);
    heard(p, "431[\"caf\\u00e9\"]\n432[\"c\\u0061f\xc3\xa9\"]\n433[\"five\"]\n");
    node_free(n);
}

static void lifecycle_routes(void **state)
{
    struct node *n = node_with(
        "\"$connect\":[{\"join\":\"lobby\"},{\"emit\":\"on\",\"to\":\"*\",\"args\":[\"$id\",\"$user\"]}],"
        "\"$disconnect\":[{\"emit\":\"off\",\"to\":\"$rooms\",\"args\":[\"$id\",\"$reason\",\"$rooms\"]}],"
        "\"$join\":[{\"emit\":\"joined\",\"to\":\"$room\",\"args\":[\"$room\",\"$user\"]}],"
        "\"$leave\":[{\"emit\":\"left\",\"to\":\"$room\",\"except\":\"$id\",\"args\":[\"$room\",\"$reason\"]}"
        "],"
        "\"j\":[{\"join\":\"$0\"}],\"l\":[{\"leave\":\"$0\"}]");
    struct peer *p = sio(n, "/"), *q;
    (void)state;
    q = sio_open(n);
    say(q, "40{\"name\":\"bo\"}");
    settle(n);
    (void)id_of(q);
    assert_true(heard_part(q, "40{\"sid\":\""));
    heardf(p, "42[\"joined\",\"lobby\",\"bo\"]\n42[\"on\",\"%s\",\"bo\"]\n", q->id);
    say(p, "42[\"j\",\"r\"]");
    say(q, "42[\"j\",\"r\"]");
    settle(n);
    assert_true(heard_part(p, "42[\"joined\",\"r\",null]\n42[\"joined\",\"r\",\"bo\"]\n"));
    forget(p);
    say(q, "42[\"l\",\"r\"]");
    settle(n);
    heard(p, "42[\"left\",\"r\",\"leave\"]\n");
    say(q, "41");
    settle(n);
    heardf(p,
           "42[\"off\",\"%s\",\"the client left the namespace\",[\"lobby\"]]\n"
           "42[\"left\",\"lobby\",\"the client left the namespace\"]\n",
           q->id);
    node_free(n);
}

/* Raw and SSE connections have nobody to tell that their life-cycle route failed. */
static void a_failing_lifecycle_route(void **state)
{
    struct node *n =
        node_with("\"$connect\":[{\"join\":\"$user\"}],\"$disconnect\":[{\"emit\":\"x\",\"to\":\"$user\"}]");
    (void)state;
    struct peer *r = raw(n, "r"), *s = sse(n, "r"), *p = sio(n, "/");
    struct peer *j = plain(n, &dialect_json, "/", NULL, NULL);
    settle(n);
    assert_int_equal(refusals(n, ERR_ROOM_NAME), 4);
    heard(r, "");
    heard(s, "");
    heard(p, "");
    assert_true(heard_part(j, "{\"error\":{\"code\":\"bad_room_name\""));
    node_free(n);
}

static void reloading_keeps_what_runs(void **state)
{
    struct wire *w = wire_new();
    struct node *n =
        node_on(w, "a", NULL, "{\"/\":{\"routes\":{\"e\":[{\"join\":\"r\"},{\"ack\":[\"old\"]}]}}}");
    struct peer *p = sio(n, "/");
    (void)state;
    wire_hold(n, true);
    say(p, "421[\"e\"]");
    turn(n);
    struct routes *two = compile(&n->settings, "{\"/\":{},\"/b\":{}}");
    struct routes *other = compile(&n->settings, "{\"/x\":{}}");
    assert_int_equal(broker_set_routes(n->broker, two), ERR_BAD_REQUEST);
    assert_int_equal(broker_set_routes(n->broker, other), ERR_BAD_REQUEST);
    routes_free(two);
    routes_free(other);
    struct routes *new = compile(&n->settings, "{\"/\":{\"routes\":{\"e\":[{\"ack\":[\"new\"]}]}}}");
    assert_int_equal(broker_set_routes(n->broker, new), 0);
    routes_free(n->routes);
    n->routes = new;
    wire_hold(n, false);
    settle_all(w);
    heard(p, "431[\"old\"]\n");
    say(p, "422[\"e\"]");
    settle_all(w);
    heard(p, "432[\"new\"]\n");
    node_free(n);
    wire_free(w);
}

/* --- compiling --- */

static void bad(const char *namespaces, const char *why)
{
    struct settings s;
    char got[400] = "";
    json_error_t error;
    json_t *tree = json_loads(namespaces, JSON_DECODE_ANY, &error);
    settings_init(&s);
    if (tree == NULL)
        fail_msg("%s in %s", error.text, namespaces);
    assert_null(routes_compile(tree, &s, got, sizeof got));
    assert_string_equal(got, why);
    json_decref(tree);
    settings_free(&s);
}

/* A step of event e. */
static void bad_step(const char *step, const char *why)
{
    char *text = NULL, *full = NULL;
    assert_true(asprintf(&text, "{\"/\":{\"routes\":{\"e\":[{\"ack\":[]},%s]}}}", step) > 0);
    assert_true(asprintf(&full, "namespaces./.routes.e[1]%s", why) > 0);
    bad(text, full);
    free(text);
    free(full);
}

static void bad_lifecycle(const char *event, const char *step, const char *why)
{
    char *text = NULL, *full = NULL;
    assert_true(asprintf(&text, "{\"/\":{\"routes\":{\"%s\":[%s]}}}", event, step) > 0);
    assert_true(asprintf(&full, "namespaces./.routes.%s[0]%s", event, why) > 0);
    bad(text, full);
    free(text);
    free(full);
}

static void errors_of_namespaces(void **state)
{
    (void)state;
    bad("[]",
        "namespaces: expected an object with at least one namespace, e.g. {\"/\": {\"routes\": {...}}}");
    bad("{}",
        "namespaces: expected an object with at least one namespace, e.g. {\"/\": {\"routes\": {...}}}");
    bad("{\"a\":{}}", "namespaces.a: a namespace begins with / and has no comma");
    bad("{\"/a,b\":{}}", "namespaces./a,b: a namespace begins with / and has no comma");
    bad("{\"/\":[]}", "namespaces./: expected an object with \"routes\"");
    bad("{\"/\":{\"route\":{}}}", "namespaces./.route: unknown key (expected routes, user_from_auth)");
    bad("{\"/\":{\"user_from_auth\":1}}",
        "namespaces./.user_from_auth: expected a string: the member of the auth payload that is $user");
    bad("{\"/\":{\"routes\":[]}}",
        "namespaces./.routes: expected an object of event names and lists of steps");
    bad("{\"/\":{\"routes\":{\"e\":{}}}}", "namespaces./.routes.e: expected a list of steps");
    static const char *const names[] = {"$conect", "", "connect", "disconnecting", "newListener"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char text[100], why[300];
        snprintf(text, sizeof text, "{\"/\":{\"routes\":{\"%s\":[]}}}", names[i]);
        snprintf(
            why, sizeof why,
            "namespaces./.routes.%s: not an event name that a client can send (life-cycle events: $connect, "
            "$disconnect, $join, $leave)",
            names[i]);
        bad(text, why);
    }
}

static void errors_of_steps(void **state)
{
    (void)state;
    bad_step("1", ": expected a step, e.g. {\"join\": \"$0\"}");
    bad_step("{}", ".{}: unknown step (expected join, leave, emit, request, ack or reject)");
    bad_step("{\"joni\":1}", ".joni: unknown step (expected join, leave, emit, request, ack or reject)");
    bad_step("{\"join\":\"$0\",\"to\":\"a\"}", ".join.to: unknown key in this step");
    bad_step("{\"leave\":\"$0\",\"emit\":\"a\"}", ".leave.emit: unknown key in this step");
    bad_step("{\"ack\":[],\"to\":1}", ".ack.to: unknown key in this step");
    bad_step("{\"reject\":\"\",\"to\":1}", ".reject.to: unknown key in this step");
    bad_step("{\"emit\":\"e\",\"to\":\"*\",\"volatil\":true}", ".emit.volatil: unknown key in this step");
    bad_step("{\"request\":\"e\",\"to\":\"$0\",\"except\":1}", ".request.except: unknown key in this step");
    bad_step("{\"reject\":1}", ".reject: expected the text of the error");
    bad_step("{\"emit\":\"e\"}",
             ".emit: \"to\" is missing (expected \"*\", a room, a client id, $rooms, $id, $0 or a "
             "list of these)");
    bad_step("{\"emit\":\"e\",\"to\":\"*\",\"volatile\":1}", ".emit: volatile: expected true or false");
    bad_step("{\"request\":\"e\"}", ".request: \"to\": expected one client id, e.g. $0");
    bad_step("{\"request\":\"e\",\"to\":[\"$0\"]}", ".request: \"to\": expected one client id, e.g. $0");
    bad_step("{\"request\":\"e\",\"to\":\"$rooms\"}", ".request: \"to\": expected one client id, e.g. $0");
    bad_step("{\"ack\":1}", ".ack.args: expected a list of values, or one of $args, $0.., $0");
    bad_step("{\"emit\":\"e\",\"to\":\"*\",\"args\":\"text\"}",
             ".emit.args: expected a list of values, or one of $args, $0.., $0");
}

static void errors_of_values(void **state)
{
    (void)state;
    static const char unknown[] =
        "unknown value (expected $0, $1.., $args, $event, $id, $user, $rooms, $room, $auth, "
        "$reason; write $$ for a literal $)";
    static const char *const values[] = {"$", "$x", "$0.", "$0...", "$1001", "$-1", "$0x", "$Args"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[100], why[300];
        snprintf(text, sizeof text, "{\"ack\":[1,\"%s\"]}", values[i]);
        snprintf(why, sizeof why, ".ack.args[1]: %s", unknown);
        bad_step(text, why);
    }
    char why[300];
    snprintf(why, sizeof why, ".ack.args[0].a[1].b: %s", unknown);
    bad_step("{\"ack\":[{\"a\":[1,{\"b\":\"$x\"}]}]}", why);
    bad_step("{\"ack\":[[{\"_placeholder\":true,\"num\":0}]]}",
             ".ack.args[0][0]._placeholder: a literal must not contain \"_placeholder\"");
    static const char name[] =
        "this value cannot name a room or a client (expected a string, $0, $id, $room, $user "
        "or $rooms)";
    static const char room[] = "expected a room name: a string of 1 to max_room_name_bytes bytes";
    snprintf(why, sizeof why, ".join: %s", name);
    bad_step("{\"join\":\"$rooms\"}", why);
    bad_step("{\"join\":\"$args\"}", why);
    bad_step("{\"join\":[\"$0\"]}", why);
    snprintf(why, sizeof why, ".emit.to: %s", name);
    bad_step("{\"emit\":\"e\",\"to\":[\"a\",\"$auth\"]}",
             ".emit.to[1]: this value cannot name a room or a client "
             "(expected a string, $0, $id, $room, $user or $rooms)");
    snprintf(why, sizeof why, ".join: %s", room);
    bad_step("{\"join\":\"\"}", why);
    bad_step("{\"join\":7}", why);
    bad_step("{\"join\":[]}", why);
    bad_step("{\"emit\":\"e\",\"to\":\"*\",\"except\":[\"a\",7]}",
             ".emit.except[1]: expected a room name: a string of 1 to max_room_name_bytes bytes");
    bad_step("{\"join\":\"~a\"}", ".join: room names that begin with ~ are client ids");
    bad_step("{\"emit\":7,\"to\":\"*\"}", ".emit: expected an event name: a string, $event or $0, $1, ...");
    bad_step("{\"emit\":\"$user\",\"to\":\"*\"}",
             ".emit: expected an event name: a string, $event or $0, $1, ...");
    bad_step("{\"emit\":\"connect\",\"to\":\"*\"}", ".emit: this event name is reserved");
    bad_step("{\"emit\":\"$$x\",\"to\":\"*\"}", ".emit: this event name is reserved");
}

static void errors_of_lengths(void **state)
{
    char text[700], name[300];
    (void)state;
    memset(name, 'n', sizeof name);
    name[257] = '\0';
    snprintf(text, sizeof text, "{\"join\":\"%s\"}", name);
    bad_step(text, ".join: expected a room name: a string of 1 to max_room_name_bytes bytes");
    snprintf(text, sizeof text, "{\"emit\":\"%s\",\"to\":\"*\"}", name);
    bad_step(text, ".emit: longer than max_event_name_bytes");
    snprintf(text, sizeof text, "{\"/\":{\"routes\":{\"%s\":[]}}}", name);
    char why[400];
    snprintf(why, sizeof why, "namespaces./.routes.%s: longer than max_event_name_bytes", name);
    bad(text, why);
}

static void errors_of_lifecycle_routes(void **state)
{
    (void)state;
    bad_lifecycle("$disconnect", "{\"join\":\"a\"}",
                  ".join: no join or leave in $disconnect, $join and $leave");
    bad_lifecycle("$join", "{\"join\":\"a\"}", ".join: no join or leave in $disconnect, $join and $leave");
    bad_lifecycle("$leave", "{\"leave\":\"a\"}", ".leave: no join or leave in $disconnect, $join and $leave");
    bad_lifecycle("$connect", "{\"ack\":[]}", ".ack: nothing to ack in a life-cycle route");
    bad_lifecycle("$connect", "{\"reject\":\"\"}", ".reject: nothing to reject in a life-cycle route");
    bad_lifecycle("$join", "{\"request\":\"e\",\"to\":\"$id\"}",
                  ".request: no request in a life-cycle route: there is nothing to ack");
    static const char *const values[] = {"$args", "$event", "$0", "$1.."};
    for (size_t i = 0; i < 4; i++) {
        char step[100];
        snprintf(step, sizeof step, "{\"emit\":\"e\",\"to\":\"*\",\"args\":[\"%s\"]}", values[i]);
        bad_lifecycle("$join", step,
                      ".emit.args[0]: a life-cycle route has no event: no $event, $args, $0...");
    }
}

/* Names that would print as paths of any length. */
static void a_long_path_is_cut(void **state)
{
    struct settings s;
    char why[40];
    (void)state;
    settings_init(&s);
    json_t *tree =
        json_loads("{\"/\":{\"routes\":{\"a rather long name of an event\":[{\"join\":1}]}}}", 0, NULL);
    assert_null(routes_compile(tree, &s, why, sizeof why));
    assert_int_equal(strlen(why), sizeof why - 1);
    json_decref(tree);
    settings_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(templates),
        cmocka_unit_test(binary_goes_along),
        cmocka_unit_test(steps_in_order_until_one_fails),
        cmocka_unit_test(no_route_at_all),
        cmocka_unit_test(names_are_compared_decoded),
        cmocka_unit_test(lifecycle_routes),
        cmocka_unit_test(a_failing_lifecycle_route),
        cmocka_unit_test(reloading_keeps_what_runs),
        cmocka_unit_test(errors_of_namespaces),
        cmocka_unit_test(errors_of_steps),
        cmocka_unit_test(errors_of_values),
        cmocka_unit_test(errors_of_lengths),
        cmocka_unit_test(errors_of_lifecycle_routes),
        cmocka_unit_test(a_long_path_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
