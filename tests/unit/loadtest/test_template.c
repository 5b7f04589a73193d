/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: what is put together, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/base/err.h"
#include "loadtest/dialect/template.h"

static struct template template;
static const struct template_values values = {{"a \"b\"/\xc3\xbc", 8}, {"say", 3}, {"{\"m\":1}", 7}};

static void assert_put(const char *expected)
{
    struct buf out;
    buf_init(&out, 1000);
    buf_adds(&out, ">");
    assert_int_equal(template_put(&template, &out, &values), 0);
    buf_addc(&out, '\0');
    assert_string_equal(out.p + 1, expected);
    buf_free(&out);
}

static void assert_args(const char *text, bool message, const char *expected)
{
    assert_null(template_args(&template, text, message));
    assert_put(expected);
}

static void arguments(void **state)
{
    (void)state;
    assert_args("[\"{room}\"]", false, "\"a \\\"b\\\"/\xc3\xbc\"");
    assert_args("[\"{room}\",\"{event}\",{message}]", true, "\"a \\\"b\\\"/\xc3\xbc\",\"say\",{\"m\":1}");
    assert_args(" [ {\"r\": \"<{room}{event}>\", \"{x}\": [ {message} ]} ] ", true,
                "{\"r\": \"<a \\\"b\\\"/\xc3\xbcsay>\", \"{x}\": [ {\"m\":1} ]} ");
    assert_args("[\"\\\"{event}\",null]", false, "\"\\\"say\",null");
    assert_args("[\"{room}\",\"<{message}>\"]", true, "\"a \\\"b\\\"/\xc3\xbc\",\"<{\\\"m\\\":1}>\"");
    assert_args("[]", false, "");
    assert_args("[ ]", false, "");
    assert_int_equal(template.pieces, 0);
}

static void targets(void **state)
{
    (void)state;
    assert_null(template_target(&template, "/a/{room}?e={event}"));
    assert_put("/a/a%20%22b%22%2F%C3%BC?e=say");
    assert_null(template_target(&template, "/socket.io/"));
    assert_put("/socket.io/");
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
        bool message;
    } bad[] = {{"", "a JSON array", false},
               {"\"{room}\"", "a JSON array", false},
               {"{\"a\":\"{room}\"}", "a JSON array", false},
               {"[\"{room}\"", "a JSON array", false},
               {"[\"{room}\"]]", "a JSON array", false},
               {"[{room}]", "{room} and {event} inside", false},
               {"[\"a\",{event}]", "{room} and {event} inside", false},
               {"[{message}]", "no {message}", false},
               {"[\"{room}\"]", "{message} in it, once", true},
               {"[{message},{message}]", "{message} in it, once", true},
               {"[\"{message}\",{message}]", "{message} in it, once", true},
               {"[\"{message}\"]", "no {message}", false},
               {"[\"{room}{room}{room}{room}{room}{room}{room}{room}{room}{room}{room}{room}{room}{room}{"
                "room}{room}{room}{room}\"]",
                "fewer places", false}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *expected = template_args(&template, bad[i].text, bad[i].message);
        assert_non_null(expected);
        assert_ptr_equal(strstr(expected, bad[i].expected), expected);
    }
    assert_non_null(template_target(&template, "a"));
    assert_non_null(template_target(&template, "/a b"));
    assert_non_null(template_target(&template, "/a#b"));
    assert_non_null(template_target(&template, "/{message}"));
    assert_non_null(template_target(&template, "/{room"));
}

static void too_large(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 5);
    assert_null(template_args(&template, "[\"{room}\"]", false));
    assert_int_equal(template_put(&template, &out, &values), ERR_TOO_LARGE);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(arguments), cmocka_unit_test(targets),
                                       cmocka_unit_test(refused), cmocka_unit_test(too_large)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
