/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/base/err.h"
#include "core/base/settings.h"
#include "gateway/config/options.h"

static struct options o;
static char why[300];

/* Up to four words. */
static int parse(const char *a, const char *b, const char *c, const char *d)
{
    static char words[5][60];
    static char *argv[6];
    const char *in[] = {"roomcast-gateway", a, b, c, d};
    size_t n = 0;
    options_free(&o);
    why[0] = '\0';
    for (; n < 5 && in[n]; n++) {
        snprintf(words[n], sizeof words[n], "%s", in[n]);
        argv[n] = words[n];
    }
    argv[n] = NULL;
    return options_parse(&o, argv, why, sizeof why);
}

static void assert_setting(size_t i, const char *flag, const char *key, const char *value)
{
    assert_true(i < o.setting_count);
    assert_string_equal(o.settings[i].flag, flag);
    assert_true(slice_is(o.settings[i].key, key));
    assert_true(slice_is(o.settings[i].value, value));
}

static void test_nothing(void **state)
{
    (void)state;
    assert_int_equal(parse(NULL, NULL, NULL, NULL), 0);
    assert_int_equal(o.action, OPTIONS_RUN);
    assert_null(o.config);
    assert_int_equal(o.setting_count, 0);
}

static void test_values(void **state)
{
    (void)state;
    assert_int_equal(parse("--listen", "127.0.0.1:0", "--bus=redis://h?a=b", "--node-id=--x"), 0);
    assert_int_equal(o.setting_count, 3);
    assert_setting(0, "--listen", "listen", "127.0.0.1:0");
    assert_setting(1, "--bus", "bus", "redis://h?a=b");
    assert_setting(2, "--node-id", "node_id", "--x");
    assert_int_equal(parse("--set", "a=b=c", "--set=d=", "--config=f"), 0);
    assert_setting(0, "--set", "a", "b=c");
    assert_setting(1, "--set", "d", "");
    assert_string_equal(o.config, "f");
}

static void test_actions(void **state)
{
    (void)state;
    static const struct {
        const char *flag;
        enum options_action action;
    } actions[] = {{"--check-config", OPTIONS_CHECK_CONFIG},
                   {"--print-config", OPTIONS_PRINT_CONFIG},
                   {"--print-config-table", OPTIONS_PRINT_CONFIG_TABLE},
                   {"--version", OPTIONS_VERSION},
                   {"--help", OPTIONS_HELP},
                   {"-h", OPTIONS_HELP}};
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        assert_int_equal(parse("--set", "a=b", actions[i].flag, NULL), 0);
        assert_int_equal(o.action, actions[i].action);
        assert_int_equal(o.setting_count, 1);
    }
}

static void test_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *words[2], *why;
    } wrong[] = {
        {{"--lisen", "3"}, "unknown option --lisen (did you mean --listen?)"},
        {{"--frobnicate=1"}, "unknown option --frobnicate"},
        {{"-x"}, "unknown option -x"},
        {{"3000"}, "unexpected argument \"3000\""},
        {{"-"}, "unexpected argument \"-\""},
        {{""}, "unexpected argument \"\""},
        {{"--config"}, "--config: FILE is missing after it"},
        {{"--config="}, "--config: expected a FILE"},
        {{"--config=a", "--config=b"}, "--config was given twice"},
        {{"--set"}, "--set: KEY=VALUE is missing after it"},
        {{"--set", "ping"}, "--set: expected KEY=VALUE, got \"ping\""},
        {{"--set", "=1"}, "--set: expected KEY=VALUE, got \"=1\""},
        {{"--help=me"}, "--help takes no value"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(parse(wrong[i].words[0], wrong[i].words[1], NULL, NULL), ERR_BAD_REQUEST);
        assert_string_equal(why, wrong[i].why);
    }
    options_free(&o);
}

static void test_help_names_every_key(void **state)
{
    (void)state;
    char *text, line[100];
    size_t n;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    options_help(f);
    assert_int_equal(fclose(f), 0);
    for (size_t i = 0; i < settings_row_count; i++) {
        snprintf(line, sizeof line, "\n  %s = %s", settings_rows[i].key, settings_rows[i].def);
        assert_non_null(strstr(text, line));
        assert_non_null(strstr(text, settings_rows[i].help));
    }
    assert_non_null(strstr(text, "SIGHUP"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_help_names_every_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
