/* SPDX-License-Identifier: Apache-2.0 */
/* Engine.IO packets, alone and in polling payloads. */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "core/base/err.h"
#include "core/codec/engineio.h"
#include "tests/unit/codec/exact.h"

#define RS          "\x1e"
#define MAX_PACKETS 4

struct want {
    int rc; /* of eio_decode; 1 or an error of eio_payload_next; 0 ends a list */
    enum eio_type type;
    bool binary;
    const char *data;
};

static void assert_packet(const struct want *want, const struct eio_packet *packet)
{
    assert_int_equal(packet->type, want->type);
    assert_int_equal(packet->binary, want->binary);
    assert_int_equal(packet->base64, want->binary);
    assert_true(slice_is(packet->data, want->data));
}

static void test_packets(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        struct want want;
    } rows[] = {
        {"0{\"sid\":\"x\"}", {0, EIO_OPEN, false, "{\"sid\":\"x\"}"}},
        {"1", {0, EIO_CLOSE, false, ""}},
        {"2", {0, EIO_PING, false, ""}},
        {"2probe", {0, EIO_PING, false, "probe"}},
        {"3", {0, EIO_PONG, false, ""}},
        {"3probe", {0, EIO_PONG, false, "probe"}},
        {"4", {0, EIO_MESSAGE, false, ""}},
        {"42[\"a\"]", {0, EIO_MESSAGE, false, "2[\"a\"]"}},
        {"4b", {0, EIO_MESSAGE, false, "b"}},
        {"5", {0, EIO_UPGRADE, false, ""}},
        {"6", {0, EIO_NOOP, false, ""}},
        {"b", {0, EIO_MESSAGE, true, ""}},
        {"bAQIDBA==", {0, EIO_MESSAGE, true, "AQIDBA=="}},
        {"", {ERR_PARSE, 0, 0, NULL}},
        {"7", {ERR_PARSE, 0, 0, NULL}},
        {"9", {ERR_PARSE, 0, 0, NULL}},
        {"/", {ERR_PARSE, 0, 0, NULL}},
        {"a", {ERR_PARSE, 0, 0, NULL}},
        {"c", {ERR_PARSE, 0, 0, NULL}},
        {"B", {ERR_PARSE, 0, 0, NULL}},
        {" 4", {ERR_PARSE, 0, 0, NULL}},
        {"-1", {ERR_PARSE, 0, 0, NULL}},
        {"\xff", {ERR_PARSE, 0, 0, NULL}},
        {"\xb4", {ERR_PARSE, 0, 0, NULL}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice text = slice_of(rows[i].text);
        char *copy = exact_copy(text);
        struct eio_packet packet;
        int rc = eio_decode((struct slice){copy, text.n}, &packet);
        assert_int_equal(rc, rows[i].want.rc);
        if (rc == 0)
            assert_packet(&rows[i].want, &packet);
        free(copy);
    }
}

static const struct payload {
    const char *text;
    struct want want[MAX_PACKETS + 1];
} PAYLOADS[] = {
    {"", {{ERR_PARSE, 0, 0, NULL}}},
    {"2", {{1, EIO_PING, false, ""}, {0}}},
    {"4hello", {{1, EIO_MESSAGE, false, "hello"}, {0}}},
    {"4hello" RS "2" RS "4world",
     {{1, EIO_MESSAGE, false, "hello"}, {1, EIO_PING, false, ""}, {1, EIO_MESSAGE, false, "world"}, {0}}},
    {"4hello" RS "bAQIDBA==", {{1, EIO_MESSAGE, false, "hello"}, {1, EIO_MESSAGE, true, "AQIDBA=="}, {0}}},
    {"b" RS "4", {{1, EIO_MESSAGE, true, ""}, {1, EIO_MESSAGE, false, ""}, {0}}},
    {"6" RS "1", {{1, EIO_NOOP, false, ""}, {1, EIO_CLOSE, false, ""}, {0}}},
    {RS, {{ERR_PARSE, 0, 0, NULL}}},
    {RS "4a", {{ERR_PARSE, 0, 0, NULL}}},
    {"4a" RS, {{1, EIO_MESSAGE, false, "a"}, {ERR_PARSE, 0, 0, NULL}}},
    {"4a" RS RS "4b", {{1, EIO_MESSAGE, false, "a"}, {ERR_PARSE, 0, 0, NULL}}},
    {"4a" RS "x", {{1, EIO_MESSAGE, false, "a"}, {ERR_PARSE, 0, 0, NULL}}},
    {"abc", {{ERR_PARSE, 0, 0, NULL}}},
};

static void test_payloads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof PAYLOADS / sizeof PAYLOADS[0]; i++) {
        struct slice text = slice_of(PAYLOADS[i].text);
        char *copy = exact_copy(text);
        struct slice rest = {copy, text.n};
        bool first = true;
        for (const struct want *want = PAYLOADS[i].want;; want++) {
            struct eio_packet packet;
            int rc = eio_payload_next(&rest, &first, &packet);
            assert_int_equal(rc, want->rc);
            if (rc != 1)
                break;
            assert_packet(want, &packet);
        }
        free(copy);
    }
}

/* Cut anywhere, a payload gives the packets before the cut, a shorter one at it, or an error. */
static void test_truncated_payloads(void **state)
{
    (void)state;
    static const char whole[] = "4hello" RS "2" RS "bAQID" RS "4" RS "3probe";
    for (size_t n = 0; n < sizeof whole; n++) {
        char *copy = exact_copy((struct slice){whole, n});
        struct slice rest = {copy, n};
        struct eio_packet packet;
        bool first = true;
        int rc, count = 0, separators = 0;
        for (size_t i = 0; i < n; i++)
            separators += whole[i] == EIO_SEPARATOR;
        while ((rc = eio_payload_next(&rest, &first, &packet)) == 1)
            count++;
        bool empty_end = n == 0 || whole[n - 1] == EIO_SEPARATOR;
        assert_int_equal(rc, empty_end ? ERR_PARSE : 0);
        assert_int_equal(count, separators + !empty_end);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packets),
        cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_truncated_payloads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
