/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines as they arrive on standard error: text, JSON that always parses, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/log.h"

static int file, saved;
static char text[40000];

/* From here to captured() standard error is a file. */
static void capture(void)
{
    file = memfd_create("log", 0);
    saved = dup(STDERR_FILENO);
    assert_true(file >= 0 && saved >= 0);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
}

static struct slice captured(void)
{
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    close(saved);
    ssize_t n = pread(file, text, sizeof text - 1, 0);
    close(file);
    assert_true(n >= 0);
    text[n] = '\0';
    return (struct slice){text, (size_t)n};
}

#define CAPTURE(...) (capture(), log_write(LOG_ERROR, __VA_ARGS__), captured())

static void text_line(void **state)
{
    (void)state;
    log_setup(LOG_DEBUG, LOG_TEXT);
    capture();
    log_info("listening", "host=%s port=%d", "0.0.0.0", 3000);
    log_debug("no fields", NULL);
    captured();
    assert_true(text[4] == '-' && text[10] == 'T' && text[19] == '.' && text[23] == 'Z');
    char *second = strchr(text, '\n') + 1;
    second[-1] = '\0';
    assert_string_equal(text + 24, " info  listening host=0.0.0.0 port=3000");
    assert_string_equal(second + 24, " debug no fields\n");
}

static void levels(void **state)
{
    (void)state;
    log_setup(LOG_WARN, LOG_TEXT);
    assert_true(log_enabled(LOG_ERROR) && log_enabled(LOG_WARN));
    assert_false(log_enabled(LOG_INFO) || log_enabled(LOG_DEBUG));
    capture();
    log_info("not written", NULL);
    log_debug("not written", "n=%d", 1);
    assert_int_equal(captured().n, 0);
    capture();
    log_warn("written", NULL);
    assert_non_null(strstr(captured().p, " warn  written\n"));
}

static void text_stays_on_its_line(void **state)
{
    (void)state;
    log_setup(LOG_INFO, LOG_TEXT);
    (void)CAPTURE("m", "peer=%s", "a\nb\x1b[0m");
    assert_string_equal(text + 24, " error m peer=a b [0m\n");
}

/* The line's object; the line must be one, with all of it on one line. */
static json_t *parsed(struct slice line)
{
    assert_true(line.n > 0 && line.p[line.n - 1] == '\n');
    assert_ptr_equal(memchr(line.p, '\n', line.n), line.p + line.n - 1);
    json_error_t error;
    json_t *object = json_loadb(line.p, line.n - 1, JSON_ALLOW_NUL, &error);
    if (object == NULL)
        fail_msg("%s: %s", error.text, line.p);
    assert_true(json_is_string(json_object_get(object, "time")));
    assert_string_equal(json_string_value(json_object_get(object, "level")), "error");
    return object;
}

static void json_line(void **state)
{
    (void)state;
    log_setup(LOG_INFO, LOG_JSON);
    struct slice peer = SLICE_LIT("a \"b\" \\ c=d \n\xc3\xa9");
    json_t *o =
        parsed(CAPTURE("bus \"up\"", "host=%s port=%d part=%.1f ok=%s q=%s empty= ver=1.2.3 x lead=007", "h",
                       -3000, 0.5, "true", log_quote(peer)));
    assert_int_equal(json_object_size(o), 12);
    assert_string_equal(json_string_value(json_object_get(o, "message")), "bus \"up\"");
    assert_string_equal(json_string_value(json_object_get(o, "host")), "h");
    assert_int_equal(json_integer_value(json_object_get(o, "port")), -3000);
    assert_true(json_real_value(json_object_get(o, "part")) == 0.5);
    assert_true(json_is_true(json_object_get(o, "ok")));
    assert_string_equal(json_string_value(json_object_get(o, "q")), peer.p);
    assert_string_equal(json_string_value(json_object_get(o, "empty")), "");
    assert_string_equal(json_string_value(json_object_get(o, "ver")), "1.2.3");
    assert_true(json_is_true(json_object_get(o, "x")));
    assert_string_equal(json_string_value(json_object_get(o, "lead")), "007");
    json_decref(o);
}

static void json_of_a_quote_that_goes_on(void **state)
{
    (void)state;
    log_setup(LOG_INFO, LOG_JSON);
    json_t *o = parsed(CAPTURE("m", "a=\"b\"c d=%s", "\"e\""));
    assert_int_equal(json_object_size(o), 5);
    assert_string_equal(json_string_value(json_object_get(o, "a")), "\"b\"c");
    assert_string_equal(json_string_value(json_object_get(o, "d")), "e");
    json_decref(o);
}

/* A field that was not quoted though it should have been may be cut in the wrong places, but the line parses.
 */
static void json_of_careless_fields(void **state)
{
    (void)state;
    static const char *const careless[] = {
        "=",
        "==",
        " ",
        "  a=b  c=d ",
        "a=\"",
        "a=\"b",
        "a=\"b\"c",
        "a=\"\\",
        "a=\"\\\"",
        "a=\"\\u12\"",
        "a=\"\\q\"",
        "a=\"\\u12G4\"",
        "\"=\"",
        "a=1e5",
        "a=-",
        "a=01",
        "a=1.",
        "a=.5",
        "a=\n",
        "\x01 \x02 \x7f",
        "a=\xff\xfe",
        "a=\"\xff\"",
        "a=\"\n\"",
        "a=\"\\ud800\"",
        "a=\"\\u0000\"",
        "a=1234567890123456789012345",
        "a=null",
        "a={\"b\":1}",
    };
    log_setup(LOG_INFO, LOG_JSON);
    for (size_t i = 0; i < sizeof careless / sizeof careless[0]; i++)
        json_decref(parsed(CAPTURE("m", "%s", careless[i])));
}

static void json_of_random_fields(void **state)
{
    (void)state;
    static const char likely[] = "\"\"\\\\  == u0anrt\xc3\xa9\xff\n\x01";
    log_setup(LOG_INFO, LOG_JSON);
    srand(1);
    for (int i = 0; i < 20000; i++) {
        char z[64];
        size_t n = (size_t)rand() % sizeof z;
        for (size_t j = 0; j < n; j++)
            z[j] = likely[(size_t)rand() % (sizeof likely - 1)];
        z[n < sizeof z ? n : sizeof z - 1] = '\0';
        json_decref(parsed(CAPTURE(z, "%s", z)));
    }
}

/* Each of these is the longest line there can be in its way. */
static void bounded(void **state)
{
    (void)state;
    static const char *const worst[] = {"\x01", "\x01 ", "a ", "=", "= ", "\xc3\xa9", "\"", "a=\"b\" "};
    static char z[5000], m[5000];
    memset(m, 1, sizeof m - 1);
    for (size_t i = 0; i < sizeof worst / sizeof worst[0]; i++) {
        size_t n = strlen(worst[i]);
        for (size_t j = 0; j < sizeof z - 1; j++)
            z[j] = worst[i][j % n];
        log_setup(LOG_INFO, LOG_JSON);
        json_decref(parsed(CAPTURE(m, "%s", z)));
        log_setup(LOG_INFO, LOG_TEXT);
        struct slice line = CAPTURE(m, "%s", z);
        assert_in_range(line.n, 2048, 2400);
        assert_memory_equal(line.p + line.n - 4, "...\n", 4);
    }
}

static void quotes(void **state)
{
    (void)state;
    assert_string_equal(log_quote(SLICE_NONE), "\"\"");
    assert_string_equal(log_quote(SLICE_LIT("a b")), "\"a b\"");
    assert_string_equal(log_quote(SLICE_LIT("\"\\\n\r\t")), "\"\\\"\\\\\\n\\r\\t\"");
    assert_string_equal(log_quote((struct slice){"\0\x1f\x7f\xff", 4}), "\"\\u0000\\u001f\\u007f\\u00ff\"");
    assert_string_equal(log_quote(SLICE_LIT("\xc3\xa9 \xf0\x9f\x98\x80 \xe2\x82")),
                        "\"\xc3\xa9 \xf0\x9f\x98\x80 \\u00e2\\u0082\"");
    const char *one = log_quote(SLICE_LIT("1")), *two = log_quote(SLICE_LIT("2"));
    const char *three = log_quote(SLICE_LIT("3")), *four = log_quote(SLICE_LIT("4"));
    assert_true(one[1] == '1' && two[1] == '2' && three[1] == '3' && four[1] == '4');
}

static void quotes_are_shortened(void **state)
{
    (void)state;
    char z[200];
    memset(z, 'a', sizeof z);
    assert_int_equal(strlen(log_quote((struct slice){z, 128})), 130);
    assert_int_equal(strlen(log_quote((struct slice){z, 129})), 133);
    memcpy(z + 126, "\xf0\x9f\x98\x80", 4);
    assert_string_equal(log_quote((struct slice){z, 200}) + 125, "aa...\"");
    memset(z, 1, sizeof z);
    assert_int_equal(strlen(log_quote((struct slice){z, 200})), 128 * 6 + 5);
    memset(z, 0x80, sizeof z);
    assert_int_equal(strlen(log_quote((struct slice){z, 200})), 125 * 6 + 5);
}

static void limits(void **state)
{
    (void)state;
    struct log_limit l = {0};
    uint64_t n = 99;
    assert_true(log_limit(&l, 0, &n));
    assert_int_equal(n, 0);
    assert_false(log_limit(&l, 1, &n));
    assert_false(log_limit(&l, 999, &n));
    assert_true(log_limit(&l, 1000, &n));
    assert_int_equal(n, 2);
    assert_true(log_limit(&l, 5500, &n));
    assert_int_equal(n, 0);
    assert_false(log_limit(&l, 5999, &n));
    assert_true(log_limit(&l, 6000, &n));
    assert_int_equal(n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_line),
        cmocka_unit_test(levels),
        cmocka_unit_test(text_stays_on_its_line),
        cmocka_unit_test(json_line),
        cmocka_unit_test(json_of_a_quote_that_goes_on),
        cmocka_unit_test(json_of_careless_fields),
        cmocka_unit_test(json_of_random_fields),
        cmocka_unit_test(bounded),
        cmocka_unit_test(quotes),
        cmocka_unit_test(quotes_are_shortened),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
