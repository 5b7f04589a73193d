/* SPDX-License-Identifier: Apache-2.0 */
/* Files with reports. */
#include "loadtest/report/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "loadtest/report/page.h"
#include "loadtest/report/report.h"
#include "loadtest/scenario/scenario.h"

bool report_write(const char *option, const char *name, struct slice text, int err)
{
    bool to_stdout = strcmp(name, "-") == 0;
    FILE *file = err != 0 ? NULL : to_stdout ? stdout : fopen(name, "we");
    bool written = file && fwrite(text.p, 1, text.n, file) == text.n;
    if (file && (to_stdout ? fflush(file) : fclose(file)) != 0)
        written = false;
    if (!written)
        fprintf(stderr, "roomcast-load: option %s: cannot write \"%s\": %s\n", option, name,
                err != 0 ? err_text(err) : strerror(errno));
    return written;
}

bool report_flush(void)
{
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    if (!written)
        fprintf(stderr, "roomcast-load: cannot write to standard output: %s\n", strerror(errno));
    return written;
}

static bool write_page(const struct result *result, struct slice json, int err)
{
    const char *name = result->options->html_file;
    struct page_run run = {.name = result->options->scenario->name, .json = json};
    struct buf page;
    char *text = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&text, &n);
    buf_init(&page, PAGE_MAX_BYTES);
    if (file) {
        report_print(file, result);
        if (fclose(file) != 0)
            n = 0;
    }
    if (err == 0)
        err = report_page(&page, &run, 1, (struct slice){text, n});
    bool written = report_write("--html", name, buf_slice(&page), err);
    buf_free(&page);
    free(text);
    return written;
}

bool report_write_all(const struct result *result)
{
    const struct options *o = result->options;
    bool written = true;
    struct buf json;
    buf_init(&json, REPORT_MAX_BYTES);
    if (o->json_file || o->html_file) {
        int err = report_json(&json, result);
        if (o->json_file)
            written = report_write("--json", o->json_file, buf_slice(&json), err);
        if (o->html_file && !write_page(result, buf_slice(&json), err))
            written = false;
    }
    buf_free(&json);
    return written;
}

static int read_all(FILE *file, struct buf *text)
{
    char part[65536];
    size_t n;
    while ((n = fread(part, 1, sizeof part, file)) > 0)
        if (buf_add(text, (struct slice){part, n}) != 0)
            return text->err;
    return 0;
}

bool report_read(const char *name, struct buf *text)
{
    FILE *file = fopen(name, "re");
    int err = file ? read_all(file, text) : 0;
    bool fine = file && err == 0 && !ferror(file);
    if (!fine)
        fprintf(stderr, "roomcast-load report: cannot read \"%s\": %s\n", name,
                err != 0 ? err_text(err) : strerror(errno));
    if (file)
        fclose(file);
    return fine;
}
