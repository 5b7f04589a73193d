/* SPDX-License-Identifier: Apache-2.0 */
/* Settings: every key by name, every wrong value refused with a text that helps, environment, reload. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/base/err.h"
#include "core/base/settings.h"

static char why[300];

static int set(struct settings *s, const char *key, const char *value)
{
    why[0] = '\0';
    return settings_set(s, slice_of(key), slice_of(value), why, sizeof why);
}

static int setup(void **state)
{
    struct settings *s = malloc(sizeof *s);
    assert_non_null(s);
    settings_init(s);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    settings_free(*state);
    free(*state);
    return 0;
}

static const struct settings_row *row_named(const char *key)
{
    for (size_t i = 0; i < settings_row_count; i++) {
        if (strcmp(settings_rows[i].key, key) == 0)
            return &settings_rows[i];
    }
    fail_msg("no key %s", key);
    return NULL;
}

static void test_defaults(void **state)
{
    struct settings *s = *state;
    char text[200];
    assert_int_equal(s->ping_interval_ms, 25000);
    assert_string_equal(s->listen, "3000");
    assert_true(s->http_publish);
    for (size_t i = 0; i < settings_row_count; i++) {
        settings_get(s, &settings_rows[i], text, sizeof text);
        assert_string_equal(text, settings_rows[i].def);
    }
}

/* What settings_get() says can be set again, for every key. */
static void test_every_key_takes_its_own_text(void **state)
{
    struct settings *s = *state;
    char text[200];
    for (size_t i = 0; i < settings_row_count; i++) {
        settings_get(s, &settings_rows[i], text, sizeof text);
        assert_int_equal(set(s, settings_rows[i].key, text), 0);
    }
}

static void test_values_are_taken(void **state)
{
    struct settings *s = *state;
    assert_int_equal(set(s, "ping_interval_ms", "300"), 0);
    assert_int_equal(s->ping_interval_ms, 300);
    assert_int_equal(set(s, "max_bus_queue_bytes", "4294967296"), 0);
    assert_int_equal(s->max_bus_queue_bytes, UINT64_C(4294967296));
    assert_int_equal(set(s, "cors_credentials", "on"), 0);
    assert_true(s->cors_credentials);
    assert_int_equal(set(s, "cors_credentials", "0"), 0);
    assert_false(s->cors_credentials);
    assert_int_equal(set(s, "bus", "redis://h"), 0);
    assert_int_equal(set(s, "bus", "redis://other"), 0);
    assert_string_equal(s->bus, "redis://other");
    assert_int_equal(set(s, "bus", ""), 0);
    assert_string_equal(s->bus, "");
}

static void test_bounds(void **state)
{
    struct settings *s = *state;
    char text[40];
    for (size_t i = 0; i < settings_row_count; i++) {
        const struct settings_row *row = &settings_rows[i];
        if (row->kind != SETTINGS_UINT)
            continue;
        snprintf(text, sizeof text, "%llu", (unsigned long long)row->max);
        assert_int_equal(set(s, row->key, text), 0);
        snprintf(text, sizeof text, "%llu", (unsigned long long)row->max + 1);
        assert_int_equal(set(s, row->key, text), ERR_BAD_REQUEST);
        snprintf(text, sizeof text, "%llu", (unsigned long long)row->min);
        assert_int_equal(set(s, row->key, text), 0);
        if (row->min > 0) {
            snprintf(text, sizeof text, "%llu", (unsigned long long)row->min - 1);
            assert_int_equal(set(s, row->key, text), ERR_BAD_REQUEST);
        }
    }
}

static void test_wrong_numbers(void **state)
{
    static const char *const wrong[] = {"",
                                        "soon",
                                        "-1",
                                        "+1",
                                        " 1000",
                                        "1e3",
                                        "0x10",
                                        "10s",
                                        "18446744073709551616",
                                        "100000000000000000000000000"};
    struct settings *s = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(set(s, "ping_interval_ms", wrong[i]), ERR_BAD_REQUEST);
    assert_int_equal(s->ping_interval_ms, 25000);
    assert_int_equal(set(s, "ping_interval_ms", "soon"), ERR_BAD_REQUEST);
    assert_string_equal(why,
                        "ping_interval_ms: expected a whole number of ms from 50 to 3600000, got \"soon\"");
    assert_int_equal(set(s, "http_publish", "maybe"), ERR_BAD_REQUEST);
    assert_string_equal(why, "http_publish: expected true or false, got \"maybe\"");
}

static void test_wrong_text(void **state)
{
    struct settings *s = *state;
    assert_int_equal(set(s, "static_dir", "/a\n"), ERR_BAD_REQUEST);
    assert_int_equal(set(s, "static_dir", "/\xff"), ERR_BAD_REQUEST);
    assert_string_equal(why, "static_dir: expected UTF-8 text without control characters");
    struct slice nul = {"/a\0b", 4};
    assert_int_equal(settings_set(s, SLICE_LIT("static_dir"), nul, why, sizeof why), ERR_BAD_REQUEST);
    assert_string_equal(s->static_dir, "");
}

static void test_unknown_key(void **state)
{
    struct settings *s = *state;
    assert_int_equal(set(s, "pingInterval", "1"), ERR_BAD_REQUEST);
    assert_string_equal(why, "unknown key \"pingInterval\" (did you mean ping_interval_ms?)");
    assert_int_equal(set(s, "lisen", "1"), ERR_BAD_REQUEST);
    assert_string_equal(why, "unknown key \"lisen\" (did you mean listen?)");
    assert_int_equal(set(s, "colour", "1"), ERR_BAD_REQUEST);
    assert_string_equal(why, "unknown key \"colour\"");
    assert_int_equal(set(s, "", "1"), ERR_BAD_REQUEST);
    assert_string_equal(why, "unknown key \"\"");
    char longest[1000];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(set(s, longest, "1"), ERR_BAD_REQUEST);
    assert_non_null(strstr(why, "aaa...\""));
}

/* The text is cut, never written past its end. */
static void test_short_why(void **state)
{
    struct settings *s = *state;
    char small[8] = "1234567";
    assert_int_equal(settings_set(s, SLICE_LIT("pingInterval"), SLICE_LIT("1"), small, 5), ERR_BAD_REQUEST);
    assert_string_equal(small, "unkn");
    assert_string_equal(small + 5, "67");
}

static int from_env(struct settings *s, const char *a, const char *b)
{
    char path[] = "PATH=/bin", first[100], second[100];
    char *envp[] = {path, first, b ? second : NULL, NULL};
    snprintf(first, sizeof first, "%s", a);
    snprintf(second, sizeof second, "%s", b ? b : "");
    why[0] = '\0';
    return settings_from_environment(s, envp, why, sizeof why);
}

static void test_environment(void **state)
{
    struct settings *s = *state;
    assert_int_equal(from_env(s, "ROOMCAST_PING_INTERVAL_MS=400", "ROOMCAST_BUS=redis://a=b"), 0);
    assert_int_equal(s->ping_interval_ms, 400);
    assert_string_equal(s->bus, "redis://a=b");
    assert_int_equal(from_env(s, "ROOMCASTLE=1", "ROOMCAST"), 0);
    assert_int_equal(from_env(s, "ROOMCAST_PING_INTERVAL_MS=x", NULL), ERR_BAD_REQUEST);
    assert_string_equal(
        why, "ROOMCAST_PING_INTERVAL_MS: expected a whole number of ms from 50 to 3600000, got \"x\"");
    assert_int_equal(from_env(s, "ROOMCAST_PING_INTERVAL=400", NULL), ERR_BAD_REQUEST);
    assert_string_equal(why, "unknown environment variable \"ROOMCAST_PING_INTERVAL\" (did you mean "
                             "ROOMCAST_PING_INTERVAL_MS?)");
    assert_int_equal(from_env(s, "ROOMCAST_bus=x", NULL), ERR_BAD_REQUEST);
}

static void test_kubernetes_service_links(void **state)
{
    struct settings *s = *state;
    assert_int_equal(from_env(s, "ROOMCAST_SERVICE_HOST=10.0.0.1", "ROOMCAST_PORT=tcp://10.0.0.1:3000"), 0);
    assert_int_equal(from_env(s, "ROOMCAST_PORT_3000_TCP_ADDR=10.0.0.1", "ROOMCAST_SERVICE_PORT_HTTP=1"), 0);
    assert_int_equal(from_env(s, "ROOMCAST_PORT=4000", NULL), ERR_BAD_REQUEST);
}

static void test_reload(void **state)
{
    struct settings *s = *state, other;
    char restart[200];
    settings_init(&other);
    assert_int_equal(settings_reload(s, &other, restart, sizeof restart), 0);
    assert_string_equal(restart, "");
    assert_int_equal(set(&other, "drain_timeout_ms", "7"), 0);
    assert_int_equal(set(&other, "allowed_origins", "*"), 0);
    assert_int_equal(set(&other, "http_publish", "false"), 0);
    assert_int_equal(set(&other, "listen", "4000"), 0);
    assert_int_equal(set(&other, "ping_timeout_ms", "100"), 0);
    assert_int_equal(settings_reload(s, &other, restart, sizeof restart), 3);
    assert_string_equal(restart, "listen,ping_timeout_ms");
    assert_int_equal(s->drain_timeout_ms, 7);
    assert_string_equal(s->allowed_origins, "*");
    assert_false(s->http_publish);
    assert_string_equal(s->listen, "3000");
    assert_int_equal(s->ping_timeout_ms, 20000);
    assert_int_equal(settings_reload(s, &other, restart, 4), 0);
    assert_string_equal(restart, "lis");
    settings_free(&other);
}

static void test_markdown(void **state)
{
    (void)state;
    char *text;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    settings_print_markdown(f);
    assert_int_equal(fclose(f), 0);
    size_t lines = 0;
    for (size_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    assert_int_equal(lines, settings_row_count + 2);
    assert_non_null(strstr(text, "\n| `drain_timeout_ms` | `20000` | 0 to 3600000 ms | yes | SIGTERM: "));
    assert_non_null(strstr(text, "\n| `static_dir` |  | text |  | "));
    assert_string_equal(row_named("max_rooms_per_client")->unit, "");
    free(text);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_defaults),         T(test_every_key_takes_its_own_text),
        T(test_values_are_taken), T(test_bounds),
        T(test_wrong_numbers),    T(test_wrong_text),
        T(test_unknown_key),      T(test_short_why),
        T(test_environment),      T(test_kubernetes_service_links),
        T(test_reload),           T(test_markdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
