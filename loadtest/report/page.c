/* SPDX-License-Identifier: Apache-2.0 */
/* Reports as a page. */
#include "loadtest/report/page.h"

#include <assert.h>
#include <string.h>

#include "core/codec/json.h"
#include "loadtest/board/stats.h"
#include "loadtest/report/rows.h"

const struct report_row report_rows[REPORT_ROW_COUNT] = {
#define X(label, path, unit) {label, path, unit},
    REPORT_ROWS(X)
#undef X
};

static const char *file(const char *name, size_t n)
{
    for (const struct page_file *f = page_files; f->name; f++)
        if (strlen(f->name) == n && memcmp(f->name, name, n) == 0)
            return f->text;
    return NULL;
}

static void put_escaped(struct buf *out, struct slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '<')
            buf_adds(out, "&lt;");
        else if (c == '>')
            buf_adds(out, "&gt;");
        else if (c == '&')
            buf_adds(out, "&amp;");
        else if ((unsigned char)c >= ' ' || c == '\n')
            buf_addc(out, c);
    }
}

/* JSON inside a script element: "</script>" or "<!--" in a string would end it. */
static void put_json(struct buf *out, struct slice json)
{
    const char *p = json.p, *end = p + json.n, *found;
    while ((found = memchr(p, '<', (size_t)(end - p)))) {
        buf_add(out, (struct slice){p, (size_t)(found - p)});
        buf_adds(out, "\\u003c");
        p = found + 1;
    }
    buf_add(out, (struct slice){p, (size_t)(end - p)});
}

/* What the page says of counters, and its rows: from our own tables. */
static void put_facts(struct buf *out)
{
    static const char *const fault[] = {"never", "always", "unless cut"};
    static const char *const unit[] = {"counts", "us", "bytes", "numbers"};
    buf_adds(out, "{\"counters\":[");
    for (int i = 0; i < STATS; i++)
        buf_addf(out, "%s{\"key\":\"%s\",\"fault\":\"%s\",\"text\":\"%s\"}", i > 0 ? "," : "",
                 stat_info[i].key, fault[stat_info[i].fault], stat_info[i].text);
    buf_adds(out, "],\"rows\":[");
    for (int i = 0; i < REPORT_ROW_COUNT; i++)
        buf_addf(out, "%s{\"label\":\"%s\",\"path\":\"%s\",\"unit\":\"%s\"}", i > 0 ? "," : "",
                 report_rows[i].label, report_rows[i].path, unit[report_rows[i].unit]);
    buf_adds(out, "]}");
}

static void put_runs(struct buf *out, const struct page_run *runs, size_t count)
{
    struct buf name;
    buf_adds(out, "{\"facts\":");
    put_facts(out);
    buf_adds(out, ",\"runs\":[");
    for (size_t i = 0; i < count; i++) {
        buf_init(&name, 1 << 20);
        int err = json_quote(&name, slice_of(runs[i].name));
        buf_adds(out, i > 0 ? ",{\"name\":" : "{\"name\":");
        put_json(out, err == 0 ? buf_slice(&name) : slice_of("\"?\""));
        buf_adds(out, ",\"report\":");
        put_json(out, runs[i].json);
        buf_addc(out, '}');
        buf_free(&name);
    }
    buf_adds(out, "]}");
}

/* page.html with {{FILE}}, {{runs}} and {{text}} filled in. */
int report_page(struct buf *out, const struct page_run *runs, size_t count, struct slice text)
{
    const char *p = file("page.html", strlen("page.html")), *open;
    while ((open = strstr(p, "{{"))) {
        const char *close = strstr(open, "}}");
        assert(close);
        struct slice name = {open + 2, (size_t)(close - open - 2)};
        buf_add(out, (struct slice){p, (size_t)(open - p)});
        if (slice_is(name, "runs"))
            put_runs(out, runs, count);
        else if (slice_is(name, "text"))
            put_escaped(out, text);
        else
            buf_adds(out, file(name.p, name.n));
        p = close + 2;
    }
    buf_adds(out, p);
    return out->err;
}
