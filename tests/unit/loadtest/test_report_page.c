/* SPDX-License-Identifier: Apache-2.0 */
/* The page: all of it is there, and no text of a run can become HTML or a script. Its looks are tested in a
 * browser. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/codec/json.h"
#include "loadtest/report/page.h"

static struct buf page;

static int setup(void **state)
{
    (void)state;
    buf_init(&page, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_free(&page);
    return 0;
}

static unsigned times(const char *what)
{
    unsigned n = 0;
    for (const char *p = page.p; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

/* What is between the first `open` and the next `close`. */
static struct slice between(const char *open, const char *close)
{
    const char *p = strstr(page.p, open), *end = p ? strstr(p + strlen(open), close) : NULL;
    assert_non_null(end);
    p += strlen(open);
    return (struct slice){p, (size_t)(end - p)};
}

static void make(const char *name, const char *json, const char *text)
{
    struct page_run runs[] = {{name, slice_of(json)}, {"other", slice_of("{}")}};
    assert_int_equal(report_page(&page, runs, 2, slice_of(text)), 0);
    assert_int_equal(buf_addc(&page, '\0'), 0);
}

static void data_is_json(void)
{
    struct slice value, data = between("<script type=\"application/json\" id=\"data\">", "</script>");
    assert_int_equal(json_check(data, 16, &value), 0);
    assert_int_equal(value.n, data.n);
}

static void all_parts_are_there(void **state)
{
    (void)state;
    make("run", "{\"ok\":true}", "the text");
    assert_int_equal(strncmp(page.p, "<!DOCTYPE html>", 15), 0);
    assert_non_null(strstr(page.p, "</html>"));
    assert_non_null(strstr(page.p, "<pre>the text</pre>"));
    assert_non_null(strstr(page.p, "function figure("));
    assert_non_null(strstr(page.p, "prefers-color-scheme: dark"));
    assert_non_null(strstr(page.p, "\"path\":\"latency_us/p99.9\""));
    assert_int_equal(times("{{"), 0);
    data_is_json();
}

static void nothing_is_loaded_from_elsewhere(void **state)
{
    (void)state;
    make("run", "{}", "");
    assert_int_equal(times("src="), 0);
    assert_int_equal(times("@import"), 0);
    assert_int_equal(times("url("), 0);
    assert_int_equal(times("<link"), 1);                       /* the empty icon */
    assert_int_equal(times("http://") + times("https://"), 1); /* SVG's namespace */
}

static void texts_stay_texts(void **state)
{
    (void)state;
    make("</script><b>", "{\"room\":\"</script><script>alert(1)</script><!--\"}",
         "</pre><script>alert(2)</script> & \x01");
    assert_int_equal(times("<script"), 2);
    assert_int_equal(times("</script>"), 2);
    assert_int_equal(times("<!--"), 1); /* the licence line */
    assert_int_equal(times("\x01"), 0);
    assert_non_null(strstr(page.p, "<pre>&lt;/pre&gt;&lt;script&gt;alert(2)&lt;/script&gt; &amp; </pre>"));
    assert_non_null(strstr(page.p, "\\u003c/script>\\u003cscript>alert(1)"));
    data_is_json();
}

static void a_page_that_is_too_large_is_an_error(void **state)
{
    struct page_run run = {"run", slice_of("{}")};
    (void)state;
    buf_free(&page);
    buf_init(&page, 1000);
    assert_int_not_equal(report_page(&page, &run, 1, slice_of("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_parts_are_there, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_loaded_from_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_stay_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_page_that_is_too_large_is_an_error, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
