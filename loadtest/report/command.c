/* SPDX-License-Identifier: Apache-2.0 */
/* roomcast-load report. */
#include "loadtest/report/command.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "loadtest/report/file.h"
#include "loadtest/report/page.h"

enum { EXIT_FINE, EXIT_USAGE = 2 };

static const char help[] =
    "usage: roomcast-load report [--html FILE] REPORT.json...\n\n"
    "Shows up to 16 runs side by side, from the reports that roomcast-load --json wrote: what differs in "
    "their\n"
    "options, their rates, latencies and faults, what the servers used, and how each compares with the "
    "first.\n\n"
    "  --html FILE   write it as a page with plots, too; of one report the page that the run itself writes\n"
    "  --help, -h    print this text\n\n"
    "Exit status: 0; 2 for bad usage, and for files that cannot be read or are no such reports.\n";

struct command {
    const char *html, *file[REPORT_MAX_RUNS];
    size_t files;
    struct report_run run[REPORT_MAX_RUNS];
    struct buf text[REPORT_MAX_RUNS];
};

static bool complain(const char *what, const char *name)
{
    fprintf(stderr, "roomcast-load report: %s \"%s\", see roomcast-load report --help\n", what, name);
    return false;
}

static bool parse(struct command *c, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--html=", 7) == 0)
            c->html = argv[i] + 7;
        else if (strcmp(argv[i], "--html") == 0 && i + 1 < argc)
            c->html = argv[++i];
        else if (strcmp(argv[i], "--html") == 0)
            return complain("a file name is needed after", argv[i]);
        else if (argv[i][0] == '-')
            return complain("unknown option", argv[i]);
        else if (c->files == REPORT_MAX_RUNS)
            return complain("more than 16 reports: too many with", argv[i]);
        else
            c->file[c->files++] = argv[i];
    }
    if (c->html && c->html[0] == '\0')
        return complain("expected a file name, got", "--html=");
    if (c->files == 0)
        fputs("roomcast-load report: expected the names of reports, got none, see roomcast-load report "
              "--help\n",
              stderr);
    return c->files > 0;
}

const char *report_missing(const json_t *json)
{
    const json_t *options = json_object_get(json, "options");
    if (!json_is_string(json_object_get(json, "version")))
        return "the text \"version\"";
    if (!json_is_boolean(json_object_get(json, "ok")))
        return "\"ok\" true or false";
    if (!json_is_number(json_object_get(json, "seconds")))
        return "the number \"seconds\"";
    if (!json_is_array(json_object_get(json, "timeline")))
        return "the list \"timeline\"";
    if (!json_is_string(json_object_get(options, "scenario")) ||
        !json_is_string(json_object_get(options, "dialect")) ||
        !json_is_number(json_object_get(options, "connections")) ||
        !json_is_array(json_object_get(options, "urls")))
        return "\"options\" with scenario, dialect, connections and urls";
    return NULL;
}

static const char *base_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    return slash ? slash + 1 : file;
}

static void name_runs(struct command *c)
{
    for (size_t i = 0; i < c->files; i++) {
        const char *name = base_of(c->file[i]);
        for (size_t k = 0; k < c->files; k++)
            if (k != i && strcmp(base_of(c->file[k]), base_of(c->file[i])) == 0)
                name = c->file[i];
        size_t n = strlen(name), most = sizeof c->run[i].name - 1;
        if (n > 5 && strcmp(name + n - 5, ".json") == 0)
            n -= 5;
        snprintf(c->run[i].name, most + 1, "%.*s", (int)(n < most ? n : most), name);
    }
}

static bool load(struct report_run *run, struct buf *text, const char *name)
{
    json_error_t error;
    if (!report_read(name, text))
        return false;
    run->json = json_loadb(text->p ? text->p : "", text->n, 0, &error);
    if (!run->json) {
        fprintf(stderr, "roomcast-load report: \"%s\" is not JSON: line %d: %s\n", name, error.line,
                error.text);
        return false;
    }
    const char *what = report_missing(run->json);
    if (what)
        fprintf(stderr, "roomcast-load report: \"%s\" is not a report of roomcast-load --json: expected %s\n",
                name, what);
    return !what;
}

static bool write_page(const struct command *c)
{
    struct page_run runs[REPORT_MAX_RUNS];
    struct buf page;
    char *text = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&text, &n);
    if (file) {
        report_table(file, c->run, c->files);
        if (fclose(file) != 0)
            n = 0;
    }
    for (size_t i = 0; i < c->files; i++)
        runs[i] = (struct page_run){.name = c->run[i].name, .json = buf_slice(&c->text[i])};
    buf_init(&page, PAGE_MAX_BYTES);
    int err = report_page(&page, runs, c->files, (struct slice){text, n});
    bool written = report_write("--html", c->html, buf_slice(&page), err);
    buf_free(&page);
    free(text);
    return written;
}

int report_command(int argc, char **argv)
{
    struct command c = {0};
    bool fine = true;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return fputs(help, stdout) >= 0 && report_flush() ? EXIT_FINE : EXIT_USAGE;
    if (!parse(&c, argc, argv))
        return EXIT_USAGE;
    name_runs(&c);
    for (size_t i = 0; i < c.files; i++) {
        buf_init(&c.text[i], REPORT_MAX_BYTES);
        fine = load(&c.run[i], &c.text[i], c.file[i]) && fine;
    }
    if (fine) {
        bool page_only = c.html && strcmp(c.html, "-") == 0;
        report_table(page_only ? stderr : stdout, c.run, c.files);
        fine = report_flush() && (!c.html || write_page(&c));
    }
    for (size_t i = 0; i < c.files; i++) {
        json_decref(c.run[i].json);
        buf_free(&c.text[i]);
    }
    return fine ? EXIT_FINE : EXIT_USAGE;
}
