/* SPDX-License-Identifier: Apache-2.0 */
/* The dialects in client role: what is said, and what is understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "loadtest/dialect/dialect.h"
#include "loadtest/setup/options.h"

#define PAYLOAD "{\"p\":3,\"s\":4,\"t\":5,\"x\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}" /* 64 bytes */
#define OTHER   "{\"x\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\", \"p\":3,\"s\":4,\"t\":5}"

#define QUOTED                                                                                               \
    "{\\\"p\\\":3,\\\"s\\\":4,\\\"t\\\":5,\\\"x\\\":\\\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\\\"}"

static struct speech speech;
static struct heard heard;

#define MAX_OPTIONS 12

/* As if these options were given; the last one is NULL. */
static void speak_with(const char *dialect, const char *const options[])
{
    char *argv[MAX_OPTIONS] = {(char *)"roomcast-load", (char *)"--dialect", (char *)(uintptr_t)dialect};
    struct options parsed;
    int argc = 3;
    for (size_t i = 0; options[i]; i++)
        argv[argc++] = (char *)(uintptr_t)options[i];
    assert_int_equal(options_parse(&parsed, argc, argv), OPTIONS_RUN);
    speech_free(&speech);
    assert_int_equal(speech_init(&speech, &parsed), 0);
}

static void speak(const char *dialect, const char *ns)
{
    speak_with(dialect, (const char *const[]){"--namespace", ns, NULL});
}

static enum heard_kind hear(const char *text)
{
    speech.dialect->hear(&speech, SLICE_LIT("room-7"), slice_of(text), &heard);
    return heard.kind;
}

static void assert_slice(struct slice got, const char *expected)
{
    assert_int_equal(got.n, strlen(expected));
    assert_memory_equal(got.p, expected, got.n);
}

static void assert_target(const char *expected)
{
    struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(speech_put_target(&speech, &out, SLICE_LIT("room/7")), 0);
    assert_slice(buf_slice(&out), expected);
    buf_free(&out);
}

static void assert_act(enum act act, uint64_t id, const char *expected)
{
    struct buf out;
    struct template_values values = {SLICE_LIT("room-7"), speech.message_event, SLICE_LIT(PAYLOAD)};
    buf_init(&out, 1000);
    assert_int_equal(speech.dialect->put(&speech, &out, act, &values, speech.publish_acks ? &id : NULL), 0);
    assert_slice(buf_slice(&out), expected);
    buf_free(&out);
}

static void assert_said(const char *target, const char *join, const char *publish)
{
    assert_target(target);
    assert_act(ACT_JOIN, 0, join);
    assert_act(ACT_PUBLISH, 12, publish);
}

static void assert_message(const char *text)
{
    assert_int_equal(hear(text), HEARD_MESSAGE);
    assert_false(heard.bad_payload);
    assert_false(heard.other_room);
    assert_int_equal(heard.payload.publisher, 3);
    assert_int_equal(heard.payload.sequence, 4);
    assert_int_equal(heard.payload.due, 5);
}

static void assert_bad_message(const char *text)
{
    assert_int_equal(hear(text), HEARD_MESSAGE);
    assert_true(heard.bad_payload);
}

static void assert_ack(const char *text, uint64_t id, bool refused)
{
    assert_int_equal(hear(text), HEARD_ACK);
    assert_int_equal(heard.id, id);
    assert_int_equal(heard.refused, refused);
}

static void socketio_says(void **state)
{
    (void)state;
    speak("socketio", "/");
    assert_said("/socket.io/?EIO=4&transport=websocket", "420[\"join\",\"room-7\"]",
                "4212[\"publish\",\"room-7\",\"load\"," PAYLOAD "]");
    speak("socketio", "/admin");
    assert_said("/socket.io/?EIO=4&transport=websocket", "42/admin,0[\"join\",\"room-7\"]",
                "42/admin,12[\"publish\",\"room-7\",\"load\"," PAYLOAD "]");
}

static void socketio_hears_the_connection(void **state)
{
    (void)state;
    speak("socketio", "/");
    assert_int_equal(hear("0{\"sid\":\"a\",\"upgrades\":[],\"pingInterval\":1,\"pingTimeout\":1}"),
                     HEARD_REPLY);
    assert_slice(heard.text, "40");
    assert_int_equal(hear("40{\"sid\":\"b\"}"), HEARD_READY);
    assert_int_equal(hear("2"), HEARD_PING);
    assert_slice(heard.text, "3");
    assert_int_equal(hear("6"), HEARD_NOTHING);
    assert_int_equal(hear("1"), HEARD_END);
    assert_int_equal(hear("41"), HEARD_END);
    assert_int_equal(hear("44{\"message\":\"Invalid namespace\"}"), HEARD_END);
    assert_slice(heard.text, "{\"message\":\"Invalid namespace\"}");
    assert_int_equal(hear(""), HEARD_END);
    assert_int_equal(hear("9"), HEARD_END);
    assert_int_equal(hear("42[\"load\""), HEARD_END);
    assert_int_equal(hear("42[\"user joined\",\"x\"]"), HEARD_NOTHING);
    assert_int_equal(hear("42/admin,[\"load\"," PAYLOAD "]"), HEARD_NOTHING);
    assert_int_equal(hear("41/admin,"), HEARD_NOTHING);
    speak("socketio", "/admin");
    assert_int_equal(hear("0{}"), HEARD_REPLY);
    assert_slice(heard.text, "40/admin,");
    assert_int_equal(hear("40/admin,{\"sid\":\"b\"}"), HEARD_READY);
    assert_int_equal(hear("40{\"sid\":\"b\"}"), HEARD_NOTHING);
}

static void socketio_hears_messages(void **state)
{
    (void)state;
    speak("socketio", "/");
    assert_message("42[\"load\"," PAYLOAD "]");
    assert_message("42[\"load\"," OTHER "]");
    assert_message("42[ \"load\" , " PAYLOAD " ]");
    assert_message("42[\"l\\u006fad\"," PAYLOAD "]");
    assert_message("42[\"load\"," PAYLOAD ",\"an offset\"]");
    assert_message("4217[\"load\"," PAYLOAD "]");
    assert_message("42[\"load\",12," PAYLOAD "]");
    assert_message("42[\"load\",{\"from\":\"a\",\"text\":" OTHER "}]");
    assert_message("42[\"load\",\"a: " QUOTED "\"]");
    assert_message("451-[\"load\",{\"_placeholder\":true,\"num\":0}," PAYLOAD "]");
    assert_bad_message("42[\"load\"]");
    assert_bad_message("42[\"load\",{\"p\":3,\"s\":4,\"t\":5,\"x\":\"xxx\"}]");
    assert_bad_message("42[\"load\",\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]");
    speak("socketio", "/admin");
    assert_message("42/admin,[\"load\"," PAYLOAD "]");
    assert_int_equal(hear("42[\"load\"," PAYLOAD "]"), HEARD_NOTHING);
}

static void socketio_hears_answers(void **state)
{
    (void)state;
    speak("socketio", "/");
    assert_ack("4312[{\"ok\":true}]", 12, false);
    assert_ack("430[]", 0, false);
    assert_ack("431[null]", 1, false);
    assert_ack("431[{\"error\":null}]", 1, false);
    assert_ack("431[{\"ok\":false}]", 1, true);
    assert_ack("431[{\"error\":{\"code\":\"unavailable\"}}]", 1, true);
    assert_slice(heard.text, "{\"error\":{\"code\":\"unavailable\"}}");
    assert_int_equal(hear("43[]"), HEARD_NOTHING);
}

static void json_says(void **state)
{
    (void)state;
    speak("json", "/");
    assert_said("/ws", "{\"event\":\"join\",\"args\":[\"room-7\"],\"ack\":0}",
                "{\"event\":\"publish\",\"args\":[\"room-7\",\"load\"," PAYLOAD "],\"ack\":12}");
    speak("json", "/a b");
    assert_said("/ws?ns=%2Fa%20b", "{\"event\":\"join\",\"args\":[\"room-7\"],\"ack\":0}",
                "{\"event\":\"publish\",\"args\":[\"room-7\",\"load\"," PAYLOAD "],\"ack\":12}");
}

static void json_hears(void **state)
{
    (void)state;
    speak("json", "/");
    assert_int_equal(hear("{\"event\":\"$welcome\",\"args\":[{\"id\":\"a\",\"node\":\"b\"}]}"), HEARD_READY);
    assert_int_equal(hear("{\"event\":\"typing\",\"args\":[],\"room\":\"room-7\"}"), HEARD_NOTHING);
    assert_int_equal(hear("{}"), HEARD_NOTHING);
    assert_int_equal(hear("[]"), HEARD_END);
    assert_int_equal(hear("{\"event\":\"load\"}x"), HEARD_END);
    assert_int_equal(hear("{\"error\":{\"code\":\"parse_error\"}}"), HEARD_END);
    assert_slice(heard.text, "{\"code\":\"parse_error\"}");
    assert_int_equal(hear("{\"event\":\"load\",\"error\":{\"code\":\"rejected\"}}"), HEARD_END);
    assert_ack("{\"ack\":2,\"args\":[{\"ok\":true}]}", 2, false);
    assert_ack("{\"ack\":2}", 2, false);
    assert_ack("{\"ack\":2,\"args\":[{\"ok\":false}]}", 2, true);
    assert_ack("{\"ack\":2,\"error\":{\"code\":\"unavailable\",\"message\":\"...\"}}", 2, true);
    assert_slice(heard.text, "{\"code\":\"unavailable\",\"message\":\"...\"}");
    assert_int_equal(hear("{\"ack\":\"2\"}"), HEARD_NOTHING);
}

static void json_hears_messages(void **state)
{
    (void)state;
    speak("json", "/");
    assert_message("{\"event\":\"load\",\"args\":[" PAYLOAD "],\"room\":\"room-7\"}");
    assert_message("{\"event\":\"load\",\"args\":[" PAYLOAD "]}");
    assert_message("{\"event\":\"load\",\"args\":[" OTHER "],\"room\":\"room-7\"}");
    assert_message("{\"room\":\"room\\u002d7\",\"event\":\"load\",\"args\":[" PAYLOAD ",1]}");
    assert_message("{\"event\":\"load\",\"args\":[1,{\"text\":\"" QUOTED "\"}],\"room\":\"room-7\"}");
    assert_bad_message("{\"event\":\"load\",\"args\":[]}");
    assert_bad_message("{\"event\":\"load\"}");
    assert_bad_message("{\"event\":\"load\",\"args\":[{\"p\":1}],\"room\":\"room-7\"}");
    assert_int_equal(hear("{\"event\":\"load\",\"args\":[" PAYLOAD "],\"room\":\"room-17\"}"), HEARD_MESSAGE);
    assert_true(heard.other_room);
}

static void socketio_with_templates(void **state)
{
    (void)state;
    speak_with("polling",
               (const char *const[]){"--join-event", "enter", "--join-args", "[]", "--publish-args",
                                     "[ {\"to\":\"#{room}\",\"as\":\"{event}\",\"what\":{message}} ]", NULL});
    assert_said("/socket.io/?EIO=4&transport=polling", "420[\"enter\"]",
                "4212[\"publish\",{\"to\":\"#room-7\",\"as\":\"load\",\"what\":" PAYLOAD "} ]");
    assert_act(ACT_LEAVE, 0, "420[\"leave\"]");
    speak_with("socketio", (const char *const[]){"--no-acks", "--path", "/io/?r={room}", NULL});
    assert_said("/io/?r=room%2F7&EIO=4&transport=websocket", "42[\"join\",\"room-7\"]",
                "42[\"publish\",\"room-7\",\"load\"," PAYLOAD "]");
}

static void raw(void **state)
{
    (void)state;
    speak("raw", "/a");
    assert_target("/raw/room%2F7?ns=%2Fa");
    assert_false(speech.publish_acks);
    assert_act(ACT_PUBLISH, 12, PAYLOAD);
    assert_message(PAYLOAD);
    assert_message(OTHER);
    assert_bad_message("hello");
    assert_bad_message("");
}

static void sse_says(void **state)
{
    (void)state;
    speak("sse", "/");
    assert_target("/sse?room=room%2F7");
    assert_act(ACT_PUBLISH, 12, "/rooms/room-7?event=load\n" PAYLOAD);
    speak_with("sse", (const char *const[]){"--path", "/sub/{room}", "--publish-path", "/pub/{room}",
                                            "--namespace", "/a", NULL});
    assert_target("/sub/room%2F7?ns=%2Fa");
    assert_act(ACT_PUBLISH, 12, "/pub/room-7?ns=%2Fa\n" PAYLOAD);
}

static void sse_hears(void **state)
{
    (void)state;
    speak("sse", "/");
    assert_message("event: load\ndata: [" PAYLOAD "]");
    assert_message("event: load\r\ndata: [" PAYLOAD "]");
    assert_message("event:load\nid: 7\ndata:[" OTHER ",1]");
    assert_message("data: [{\"p\":3,\"s\":4,\ndata: \"t\":5,\"x\":"
                   "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}]\nevent: load");
    assert_message("event: load\ndata: " PAYLOAD);
    assert_message("event: load\ndata: {\"text\":" PAYLOAD "}");
    assert_bad_message("event: load\ndata: {\"text\":" PAYLOAD);
    assert_bad_message("event: load\ndata: []");
    assert_bad_message("event: load\ndata: [1]");
    assert_int_equal(hear("event: other\ndata: [" PAYLOAD "]"), HEARD_NOTHING);
    assert_int_equal(hear("data: [" PAYLOAD "]"), HEARD_NOTHING);
    assert_int_equal(hear("retry: 2000"), HEARD_NOTHING);
    assert_int_equal(hear("event: load"), HEARD_NOTHING);
    assert_int_equal(hear(":"), HEARD_PING);
    speak_with("sse", (const char *const[]){"--message-event", "open", NULL});
    assert_message("event: $open\ndata: [" PAYLOAD "]");
    speak_with("sse", (const char *const[]){"--message-event", "message", NULL});
    assert_message("data: " PAYLOAD);
}

static void socketio_with_authentication(void **state)
{
    (void)state;
    speak_with("socketio", (const char *const[]){"--auth", "{\"token\":\"a\"}", NULL});
    assert_int_equal(hear("0{}"), HEARD_REPLY);
    assert_slice(heard.text, "40{\"token\":\"a\"}");
    speak_with("polling", (const char *const[]){"--namespace", "/a", "--auth", "{}", NULL});
    assert_int_equal(hear("0{}"), HEARD_REPLY);
    assert_slice(heard.text, "40/a,{}");
}

static void what_is_answered(void **state)
{
    (void)state;
    speak_with("socketio", (const char *const[]){"--no-join", NULL});
    assert_true(!speech.joins && !speech.join_acks && speech.publish_acks);
    speak_with("socketio", (const char *const[]){"--no-join-acks", NULL});
    assert_true(speech.joins && !speech.join_acks && speech.publish_acks);
    speak_with("socketio", (const char *const[]){"--no-publish-acks", NULL});
    assert_true(speech.joins && speech.join_acks && !speech.publish_acks);
    speak_with("socketio", (const char *const[]){"--no-acks", NULL});
    assert_true(speech.joins && !speech.join_acks && !speech.publish_acks);
    speak_with("sse", (const char *const[]){"--no-publish-acks", NULL});
    assert_true(!speech.joins && !speech.publish_acks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(socketio_says),
                                       cmocka_unit_test(socketio_hears_the_connection),
                                       cmocka_unit_test(socketio_hears_messages),
                                       cmocka_unit_test(socketio_hears_answers),
                                       cmocka_unit_test(socketio_with_templates),
                                       cmocka_unit_test(socketio_with_authentication),
                                       cmocka_unit_test(what_is_answered),
                                       cmocka_unit_test(raw),
                                       cmocka_unit_test(sse_says),
                                       cmocka_unit_test(sse_hears),
                                       cmocka_unit_test(json_says),
                                       cmocka_unit_test(json_hears),
                                       cmocka_unit_test(json_hears_messages)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    speech_free(&speech);
    return failed;
}
