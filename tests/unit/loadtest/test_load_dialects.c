/* SPDX-License-Identifier: Apache-2.0 */
/* The dialects in client role: what is said, and what is understood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "loadtest/dialect.h"

#define PAYLOAD "{\"p\":3,\"s\":4,\"t\":5,\"x\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}" /* 64 bytes */
#define OTHER   "{\"x\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\", \"p\":3,\"s\":4,\"t\":5}"

static struct speech speech;
static struct heard heard;

static void speak(const struct load_dialect *dialect, const char *ns)
{
    speech_free(&speech);
    speech = (struct speech){.dialect = dialect,
                             .ns = slice_of(ns),
                             .join_event = SLICE_LIT("join"),
                             .publish_event = SLICE_LIT("publish"),
                             .message_event = SLICE_LIT("load"),
                             .payload_size = 64};
    assert_int_equal(speech_init(&speech), 0);
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

static void assert_said(const char *query, const char *join, const char *publish)
{
    struct buf out;
    buf_init(&out, 1000);
    assert_int_equal(speech.dialect->put_query(&speech, &out), 0);
    assert_slice(buf_slice(&out), query);
    buf_clear(&out);
    assert_int_equal(speech.dialect->put_join(&speech, &out, SLICE_LIT("room-7"), 0), 0);
    assert_slice(buf_slice(&out), join);
    buf_clear(&out);
    assert_int_equal(speech.dialect->put_publish(&speech, &out, SLICE_LIT("room-7"), 12, SLICE_LIT(PAYLOAD)),
                     0);
    assert_slice(buf_slice(&out), publish);
    buf_free(&out);
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
    speak(&load_socketio, "/");
    assert_said("?EIO=4&transport=websocket", "420[\"join\",\"room-7\"]",
                "4212[\"publish\",\"room-7\",\"load\"," PAYLOAD "]");
    speak(&load_socketio, "/admin");
    assert_said("?EIO=4&transport=websocket", "42/admin,0[\"join\",\"room-7\"]",
                "42/admin,12[\"publish\",\"room-7\",\"load\"," PAYLOAD "]");
}

static void socketio_hears_the_connection(void **state)
{
    (void)state;
    speak(&load_socketio, "/");
    assert_int_equal(hear("0{\"sid\":\"a\",\"upgrades\":[],\"pingInterval\":1,\"pingTimeout\":1}"),
                     HEARD_REPLY);
    assert_slice(heard.text, "40");
    assert_int_equal(hear("40{\"sid\":\"b\"}"), HEARD_READY);
    assert_int_equal(hear("2"), HEARD_REPLY);
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
    speak(&load_socketio, "/admin");
    assert_int_equal(hear("0{}"), HEARD_REPLY);
    assert_slice(heard.text, "40/admin,");
    assert_int_equal(hear("40/admin,{\"sid\":\"b\"}"), HEARD_READY);
    assert_int_equal(hear("40{\"sid\":\"b\"}"), HEARD_NOTHING);
}

static void socketio_hears_messages(void **state)
{
    (void)state;
    speak(&load_socketio, "/");
    assert_message("42[\"load\"," PAYLOAD "]");
    assert_message("42[\"load\"," OTHER "]");
    assert_message("42[ \"load\" , " PAYLOAD " ]");
    assert_message("42[\"l\\u006fad\"," PAYLOAD "]");
    assert_message("42[\"load\"," PAYLOAD ",\"an offset\"]");
    assert_message("4217[\"load\"," PAYLOAD "]");
    assert_bad_message("42[\"load\"]");
    assert_bad_message("42[\"load\",{\"p\":3,\"s\":4,\"t\":5,\"x\":\"xxx\"}]");
    assert_bad_message("42[\"load\",\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]");
    speak(&load_socketio, "/admin");
    assert_message("42/admin,[\"load\"," PAYLOAD "]");
    assert_int_equal(hear("42[\"load\"," PAYLOAD "]"), HEARD_NOTHING);
}

static void socketio_hears_answers(void **state)
{
    (void)state;
    speak(&load_socketio, "/");
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
    speak(&load_json, "/");
    assert_said("", "{\"event\":\"join\",\"args\":[\"room-7\"],\"ack\":0}",
                "{\"event\":\"publish\",\"args\":[\"room-7\",\"load\"," PAYLOAD "],\"ack\":12}");
    speak(&load_json, "/a b");
    assert_said("?ns=%2Fa%20b", "{\"event\":\"join\",\"args\":[\"room-7\"],\"ack\":0}",
                "{\"event\":\"publish\",\"args\":[\"room-7\",\"load\"," PAYLOAD "],\"ack\":12}");
}

static void json_hears(void **state)
{
    (void)state;
    speak(&load_json, "/");
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
    speak(&load_json, "/");
    assert_message("{\"event\":\"load\",\"args\":[" PAYLOAD "],\"room\":\"room-7\"}");
    assert_message("{\"event\":\"load\",\"args\":[" PAYLOAD "]}");
    assert_message("{\"event\":\"load\",\"args\":[" OTHER "],\"room\":\"room-7\"}");
    assert_message("{\"room\":\"room\\u002d7\",\"event\":\"load\",\"args\":[" PAYLOAD ",1]}");
    assert_bad_message("{\"event\":\"load\",\"args\":[]}");
    assert_bad_message("{\"event\":\"load\"}");
    assert_bad_message("{\"event\":\"load\",\"args\":[{\"p\":1}],\"room\":\"room-7\"}");
    assert_int_equal(hear("{\"event\":\"load\",\"args\":[" PAYLOAD "],\"room\":\"room-17\"}"), HEARD_MESSAGE);
    assert_true(heard.other_room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(socketio_says),
                                       cmocka_unit_test(socketio_hears_the_connection),
                                       cmocka_unit_test(socketio_hears_messages),
                                       cmocka_unit_test(socketio_hears_answers),
                                       cmocka_unit_test(json_says),
                                       cmocka_unit_test(json_hears),
                                       cmocka_unit_test(json_hears_messages)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    speech_free(&speech);
    return failed;
}
