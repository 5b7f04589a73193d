/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP wires split and join: polling payloads, the open packet, and event streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/err.h"
#include "loadtest/wire/event_stream.h"
#include "loadtest/wire/polling.h"

static void assert_slice(struct slice got, const char *expected)
{
    assert_int_equal(got.n, strlen(expected));
    assert_memory_equal(got.p, expected, got.n);
}

static void packets(void **state)
{
    (void)state;
    struct slice rest = SLICE_LIT("4hello\x1e"
                                  "2\x1e"
                                  "bAQID\x1e"
                                  "\x1e"
                                  "6"),
                 packet;
    static const char *const expected[] = {"4hello", "2", "bAQID", "", "6"};
    for (size_t i = 0; i < 5; i++) {
        assert_true(polling_next(&rest, &packet));
        assert_slice(packet, expected[i]);
    }
    assert_false(polling_next(&rest, &packet));
}

static void fitting(void **state)
{
    (void)state;
    struct slice joined = SLICE_LIT("4aaa\x1e"
                                    "4bbb\x1e"
                                    "4ccc");
    assert_int_equal(polling_fits(joined, 100), 14);
    assert_int_equal(polling_fits(joined, 14), 14);
    assert_int_equal(polling_fits(joined, 13), 9);
    assert_int_equal(polling_fits(joined, 9), 9);
    assert_int_equal(polling_fits(joined, 8), 4);
    assert_int_equal(polling_fits(joined, 4), 4);
    assert_int_equal(polling_fits(joined, 1), 4); /* one at least */
    assert_int_equal(polling_fits(SLICE_LIT("4aaa"), 2), 4);
}

static void open_packets(void **state)
{
    (void)state;
    struct slice sid;
    size_t max;
    assert_int_equal(
        polling_read_open(SLICE_LIT("0{\"sid\":\"a-b\",\"upgrades\":[\"websocket\"],\"maxPayload\":77}"),
                          &sid, &max),
        0);
    assert_slice(sid, "\"a-b\"");
    assert_int_equal(max, 77);
    assert_int_equal(polling_read_open(SLICE_LIT("0{\"sid\":\"a\"}"), &sid, &max), 0);
    assert_int_equal(max, 1000000);
    static const char *const bad[] = {"",
                                      "0",
                                      "4{\"sid\":\"a\"}",
                                      "0{}",
                                      "0{\"sid\":\"\"}",
                                      "0{\"sid\":7}",
                                      "0{\"sid\":\"a\"",
                                      "0{\"sid\":\"a\"}x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(polling_read_open(slice_of(bad[i]), &sid, &max), ERR_PARSE);
}

static void events(void **state)
{
    (void)state;
    struct slice rest = SLICE_LIT("\n\r\nretry: 2000\n\nevent: a\ndata: 1\r\n\r\ndata: x\n\r\n:\n\ndata"),
                 event;
    static const char *const expected[] = {"retry: 2000", "event: a\ndata: 1", "data: x", ":"};
    for (size_t i = 0; i < 4; i++) {
        assert_true(event_stream_next(&rest, &event));
        assert_slice(event, expected[i]);
    }
    assert_false(event_stream_next(&rest, &event));
    assert_slice(rest, "data");
}

/* A stream that is cut anywhere gives the same events. */
static void events_one_byte_at_a_time(void **state)
{
    (void)state;
    static const char text[] = "event: a\r\ndata: 1\r\n\r\nevent: b\ndata: 2\n\n";
    struct slice rest = {text, 0}, event;
    static const char *const expected[] = {"event: a\r\ndata: 1", "event: b\ndata: 2"};
    size_t found = 0;
    while (rest.p + rest.n < text + sizeof text - 1) {
        rest.n++;
        if (event_stream_next(&rest, &event))
            assert_slice(event, expected[found++]);
    }
    assert_int_equal(found, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(packets), cmocka_unit_test(fitting),
                                       cmocka_unit_test(open_packets), cmocka_unit_test(events),
                                       cmocka_unit_test(events_one_byte_at_a_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
