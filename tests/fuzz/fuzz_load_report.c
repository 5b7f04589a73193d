/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the comparison of runs: whatever reports are, there is a table, and a page whose data are the same
 * reports. A zero byte separates reports. */
#include <assert.h>
#include <stdlib.h>

#include "loadtest/report/command.h"
#include "loadtest/report/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct runs {
    struct report_run run[REPORT_MAX_RUNS];
    struct page_run page[REPORT_MAX_RUNS];
    size_t count;
};

static void take_runs(struct runs *runs, struct slice input)
{
    while (input.n > 0 && runs->count < REPORT_MAX_RUNS) {
        const char *end = memchr(input.p, '\0', input.n);
        struct slice text = {input.p, end != NULL ? (size_t)(end - input.p) : input.n};
        json_t *json = json_loadb(text.p, text.n, 0, NULL);
        if (json != NULL && report_missing(json) == NULL) {
            struct report_run *run = &runs->run[runs->count];
            run->json = json;
            snprintf(run->name, sizeof run->name, "<run> %zu", text.n);
            runs->page[runs->count++] = (struct page_run){run->name, text};
        } else {
            json_decref(json);
        }
        input = slice_from(input, text.n + (end != NULL));
    }
}

/* Lines, and no text in them that is missing in the reports. */
static struct slice table(const struct runs *runs, struct slice input)
{
    static const char missing[] = "(null)";
    char *text = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&text, &n);
    assert(file != NULL);
    report_table(file, runs->run, runs->count);
    int err = fclose(file);
    assert(err == 0 && n > 0 && text[n - 1] == '\n');
    assert(strstr(text, missing) == NULL || memmem(input.p, input.n, missing, strlen(missing)) != NULL);
    return (struct slice){text, n};
}

/* The script element with the data, and nothing that ends it before its end. */
static struct slice data_of(struct slice page)
{
    static const char open[] = "<script type=\"application/json\" id=\"data\">", close[] = "</script>";
    const char *p = memmem(page.p, page.n, open, strlen(open));
    assert(p != NULL);
    struct slice rest = slice_from(page, (size_t)(p - page.p) + strlen(open));
    const char *end = memmem(rest.p, rest.n, close, strlen(close));
    assert(end != NULL);
    return (struct slice){rest.p, (size_t)(end - rest.p)};
}

static void look_at_page(const struct runs *runs, struct slice text)
{
    struct buf page;
    json_error_t error;
    buf_init(&page, SIZE_MAX);
    int err = report_page(&page, runs->page, runs->count, text);
    assert(err == 0);
    struct slice data = data_of(buf_slice(&page));
    json_t *tree = json_loadb(data.p, data.n, 0, &error);
    assert(tree != NULL || json_error_code(&error) == json_error_stack_overflow);
    for (size_t i = 0; tree != NULL && i < runs->count; i++) {
        const json_t *run = json_array_get(json_object_get(tree, "runs"), i);
        assert(json_equal(json_object_get(run, "report"), runs->run[i].json));
        assert(strcmp(json_string_value(json_object_get(run, "name")), runs->run[i].name) == 0);
    }
    json_decref(tree);
    buf_free(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct runs runs;
    struct slice input = {(const char *)data, size};
    memset(&runs, 0, sizeof runs);
    take_runs(&runs, input);
    if (runs.count > 0) {
        struct slice text = table(&runs, input);
        look_at_page(&runs, text);
        free((char *)(uintptr_t)text.p);
    }
    for (size_t i = 0; i < runs.count; i++)
        json_decref(runs.run[i].json);
    return 0;
}
