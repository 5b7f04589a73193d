/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration: who wins, what is accepted, what is said about the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/err.h"
#include "gateway/config/config.h"

static struct config c;
static char file[] = "/tmp/roomcast-test-XXXXXX";
static char said[2000]; /* all reports, one line each, FILE for the file's name */

static int setup(void **state)
{
    (void)state;
    int fd = mkstemp(file);
    return fd < 0 || close(fd) != 0;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(file);
}

static void report(void *arg, const char *text)
{
    (void)arg;
    size_t n = strlen(said), name = strlen(file);
    if (strncmp(text, file, name) == 0)
        snprintf(said + n, sizeof said - n, "FILE%s\n", text + name);
    else
        snprintf(said + n, sizeof said - n, "%s\n", text);
}

/* content: of the file, or NULL for none; variable, setting: NAME=VALUE, or NULL. */
static int load(const char *content, char *variable, const char *key, const char *value)
{
    char *envp[] = {variable, NULL};
    struct options_setting setting = {"--set", SLICE_NONE, SLICE_NONE};
    struct options o = {.settings = &setting};
    struct config_errors errors = {.report = report};
    if (content) {
        FILE *f = fopen(file, "w");
        assert_non_null(f);
        assert_true(fputs(content, f) >= 0);
        assert_int_equal(fclose(f), 0);
        o.config = file;
    }
    if (key) {
        setting.key = slice_of(key);
        setting.value = slice_of(value);
        o.setting_count = 1;
    }
    said[0] = '\0';
    int err = config_load(&c, &o, envp, &errors);
    assert_int_equal(err, errors.count ? ERR_BAD_REQUEST : 0);
    assert_int_equal(errors.count > 0, said[0] != '\0');
    return err;
}

static void test_order_of_sources(void **state)
{
    (void)state;
    char variable[] = "ROOMCAST_DRAIN_TIMEOUT_MS=3";
    const char *content = "{\"drain_timeout_ms\": 2}";
    assert_int_equal(load(NULL, NULL, NULL, NULL), 0);
    assert_int_equal(c.settings.drain_timeout_ms, 20000);
    config_free(&c);
    assert_int_equal(load(content, NULL, NULL, NULL), 0);
    assert_int_equal(c.settings.drain_timeout_ms, 2);
    config_free(&c);
    assert_int_equal(load(content, variable, NULL, NULL), 0);
    assert_int_equal(c.settings.drain_timeout_ms, 3);
    config_free(&c);
    assert_int_equal(load(content, variable, "drain_timeout_ms", "4"), 0);
    assert_int_equal(c.settings.drain_timeout_ms, 4);
    config_free(&c);
}

static void test_kinds_of_members(void **state)
{
    (void)state;
    assert_int_equal(
        load("{\"listen\": 4000, \"ping_interval_ms\": \"300\", \"http_publish\": false,"
             "\"cors_credentials\": 1, \"trusted_proxies\": [\"10.0.0.0/8\", \"::1\"],"
             "\"allowed_origins\": [], \"max_bus_queue_bytes\": 4294967296,"
             "\"namespaces\": {\"/\": {}, \"/x\": {\"routes\": {\"*\": [{\"reject\": \"no\"}]}}}}",
             NULL, NULL, NULL),
        0);
    assert_string_equal(c.settings.listen, "4000");
    assert_int_equal(c.settings.ping_interval_ms, 300);
    assert_false(c.settings.http_publish);
    assert_true(c.settings.cors_credentials);
    assert_string_equal(c.settings.trusted_proxies, "10.0.0.0/8,::1");
    assert_string_equal(c.settings.allowed_origins, "");
    assert_int_equal(c.settings.max_bus_queue_bytes, UINT64_C(4294967296));
    assert_int_equal(json_object_size(c.namespaces), 2);
    config_free(&c);
}

static void test_wrong_files(void **state)
{
    (void)state;
    static const struct {
        const char *content, *said;
    } wrong[] = {
        {"", "FILE: line 1, column 0: "},
        {"{\"listen\":\n  x}", "FILE: line 2, column 3: "},
        {"{\"listen\":1} x", "FILE: line 1, column 14: "},
        {"{\"listen\":\"1\",\"listen\":\"2\"}", "duplicate object key"},
        {"[]", "FILE: expected an object"},
        {"{\"lisen\":1}", "FILE: unknown key \"lisen\" (did you mean listen?)\n"},
        {"{\"lisen\":[]}", "FILE: unknown key \"lisen\" (did you mean listen?)\n"},
        {"{\"ping_interval_ms\":[]}",
         "FILE: ping_interval_ms: expected a string, a number, true or false, got a list\n"},
        {"{\"trusted_proxies\":{}}",
         "FILE: trusted_proxies: expected a string, a number, true or false, or a list of "
         "strings, got an object\n"},
        {"{\"listen\":null}", ", got null\n"},
        {"{\"trusted_proxies\":[\"::1\",5]}", "FILE: trusted_proxies[1]: expected a string without commas\n"},
        {"{\"trusted_proxies\":[\"::1,::2\"]}",
         "FILE: trusted_proxies[0]: expected a string without commas\n"},
        {"{\"trusted_proxies\":[\"10.0.0.0/99\"]}", "FILE: trusted_proxies: expected "},
        {"{\"ping_interval_ms\":100.5}", "got \"100.5\""},
        {"{\"ping_interval_ms\":-1}", "got \"-1\""},
        {"{\"ping_interval_ms\":true}", "got \"true\""},
        {"{\"listen\":\"a\\u0000b\"}", "FILE: "},
        {"{\"namespaces\":[]}", "FILE: namespaces: expected"},
        {"{\"namespaces\":{\"/\":{\"routes\":{\"a\":[{\"joni\":\"x\"}]}}}}",
         "FILE: namespaces./.routes.a[0].joni: "},
        /* everything that is wrong with settings is said at once */
        {"{\"a\":1,\"log_level\":\"loud\",\"ping_interval_ms\":1}",
         "FILE: unknown key \"a\"\nFILE: log_level: "},
        {"{\"a\":1,\"log_level\":\"loud\",\"ping_interval_ms\":1}", "\nFILE: ping_interval_ms: "},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(load(wrong[i].content, NULL, NULL, NULL), ERR_BAD_REQUEST);
        if (strstr(said, wrong[i].said) == NULL)
            fail_msg("%s: %s", wrong[i].content, said);
        config_free(&c);
    }
}

static void test_unreadable_files(void **state)
{
    (void)state;
    struct config_errors errors = {.report = report};
    char *envp[] = {NULL};
    struct options o = {.config = "/nonexistent/f.json"};
    said[0] = '\0';
    assert_int_equal(config_load(&c, &o, envp, &errors), ERR_BAD_REQUEST);
    assert_string_equal(said, "/nonexistent/f.json: cannot be read: No such file or directory\n");
    config_free(&c);
    o.config = "/tmp";
    said[0] = '\0';
    assert_int_equal(config_load(&c, &o, envp, &errors), ERR_BAD_REQUEST);
    assert_string_equal(said, "/tmp: cannot be read: it is a folder\n");
    config_free(&c);
}

static void test_source_is_named(void **state)
{
    (void)state;
    char level[] = "ROOMCAST_LOG_LEVEL=loud", unknown[] = "ROOMCAST_LOG_LEVLE=info";
    assert_int_equal(load(NULL, level, NULL, NULL), ERR_BAD_REQUEST);
    assert_string_equal(
        said, "environment: ROOMCAST_LOG_LEVEL: log_level: expected error, warn, info or debug, got "
              "\"loud\"\n");
    config_free(&c);
    assert_int_equal(load(NULL, unknown, NULL, NULL), ERR_BAD_REQUEST);
    assert_string_equal(said,
                        "environment: unknown environment variable \"ROOMCAST_LOG_LEVLE\" (did you mean "
                        "ROOMCAST_LOG_LEVEL?)\n");
    config_free(&c);
    assert_int_equal(load(NULL, NULL, "log_level", "loud"), ERR_BAD_REQUEST);
    assert_string_equal(said, "--set: log_level: expected error, warn, info or debug, got \"loud\"\n");
    config_free(&c);
}

static void test_checks(void **state)
{
    (void)state;
    static const struct {
        const char *key, *good[8], *bad[14];
    } rows[] = {
        {"listen",
         {"0", "65535", "127.0.0.1:0", "[::1]:3000", "localhost:80", "my-host.example:8080"},
         {"", "65536", "x", "3000x", ":3000", "127.0.0.1:", "256.1.1.1:1", "1.2.3:4", "::1:3000", "[::1]",
          "[::1:3", "[x]:1", "a b:1", "127.0.0.1:99999"}},
        {"bus",
         {"memory", "redis://h", "redis://u:p@[::1]:1/2"},
         {"", "Memory", "redis", "redis://", "rediss://h", "redis://h:0", "http://h", "kafka://x"}},
        {"bus_prefix", {"roomcast", "a:b", "{x}"}, {"", "a b", "\xc3\xa4", "x*"}},
        {"node_id",
         {"", "a", "A-Z_09", "12345678901234567890123456789012"},
         {"a b", "a.b", "123456789012345678901234567890123", "\xc3\xa4"}},
        {"static_dir", {"", "none", "/tmp"}, {"/nonexistent", "/etc/passwd"}},
        {"allowed_origins",
         {"", "*", "https://a.example", "http://a:1, https://b.example", "null"},
         {"a.example", "https://a.example/", "https://a.example/x", "https://", "://a", "http://a b"}},
        {"trusted_proxies", {"", "127.0.0.1", "10.0.0.0/8,::1"}, {"10.0.0.0/33", "x", "1.2.3"}},
        {"publish_token", {"", "s3cret~"}, {"a b", "\xc3\xa4"}},
        {"log_level", {"error", "warn", "info", "debug"}, {"", "INFO", "trace"}},
        {"log_format", {"text", "json"}, {"", "xml"}},
        {"max_connections", {"anything"}, {NULL}},
    };
    char why[500];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t k = 0; k < 8 && rows[i].good[k]; k++) {
            if (config_check(rows[i].key, rows[i].good[k], why, sizeof why) != 0)
                fail_msg("%s", why);
        }
        for (size_t k = 0; k < 14 && rows[i].bad[k]; k++) {
            if (config_check(rows[i].key, rows[i].bad[k], why, sizeof why) == 0)
                fail_msg("%s=%s is good", rows[i].key, rows[i].bad[k]);
            assert_int_equal(strncmp(why, rows[i].key, strlen(rows[i].key)), 0);
            assert_non_null(strstr(why, ": expected "));
        }
    }
}

static void test_secrets_are_not_shown(void **state)
{
    (void)state;
    static const char *const urls[] = {"redis://u:secret@h:0", "http://u:secret@h", "u:secret@h",
                                       "redis:u:secret@h"};
    char why[500];
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        assert_int_equal(config_check("bus", urls[i], why, sizeof why), ERR_BAD_REQUEST);
        assert_null(strstr(why, "secret"));
    }
    assert_int_equal(config_check("publish_token", "secret token", why, sizeof why), ERR_BAD_REQUEST);
    assert_null(strstr(why, "secret"));
}

static char *print(void)
{
    char *text;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    config_print(&c, f);
    assert_int_equal(fclose(f), 0);
    config_free(&c);
    return text;
}

static void test_print(void **state)
{
    (void)state;
    assert_int_equal(load("{\"ping_interval_ms\":77,\"publish_token\":\"\\\"\\\\\",\"http_publish\":false,"
                          "\"namespaces\":{\"/\\u00e4\":{\"user_from_auth\":\"n\"}}}",
                          NULL, "max_bus_queue_bytes", "4294967296"),
                     0);
    char *first = print();
    assert_non_null(strstr(first, "\"ping_interval_ms\": 77,"));
    assert_non_null(strstr(first, "\"http_publish\": false,"));
    assert_non_null(strstr(first, "\"user_from_auth\": \"n\""));
    assert_int_equal(load(first, NULL, NULL, NULL), 0);
    assert_int_equal(c.settings.max_bus_queue_bytes, UINT64_C(4294967296));
    char *second = print();
    assert_string_equal(first, second);
    free(first);
    free(second);
    assert_int_equal(load(NULL, NULL, NULL, NULL), 0);
    first = print();
    assert_non_null(strstr(first, "\"publish\": ["));
    assert_int_equal(load(first, NULL, NULL, NULL), 0);
    config_free(&c);
    free(first);
}

static void test_node_name(void **state)
{
    (void)state;
    char why[500], pid[20];
    struct settings s;
    settings_init(&s);
    config_name_node(&s);
    snprintf(pid, sizeof pid, "-%ld", (long)getpid());
    assert_int_equal(config_check("node_id", s.node_id, why, sizeof why), 0);
    assert_string_equal(strrchr(s.node_id, '-'), pid);
    assert_true(strlen(s.node_id) > strlen(pid));
    assert_int_equal(settings_set(&s, SLICE_LIT("node_id"), SLICE_LIT("mine"), why, sizeof why), 0);
    config_name_node(&s);
    assert_string_equal(s.node_id, "mine");
    settings_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_sources),
        cmocka_unit_test(test_kinds_of_members),
        cmocka_unit_test(test_wrong_files),
        cmocka_unit_test(test_unreadable_files),
        cmocka_unit_test(test_source_is_named),
        cmocka_unit_test(test_checks),
        cmocka_unit_test(test_secrets_are_not_shown),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_node_name),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
