/* SPDX-License-Identifier: Apache-2.0 */
/* The live progress line. */
#include "loadtest/run/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CLEAR    "\r\033[K"
#define WIDE     119 /* columns */
#define SAY_SIZE 2000

void progress_init(struct progress *progress, bool shown)
{
    *progress = (struct progress){.shown = shown, .terminal = isatty(STDERR_FILENO) == 1};
}

/* Columns for the line: past the last one it would wrap, and could not be rewritten. */
static int width(const struct progress *progress)
{
    struct winsize size;
    if (!progress->terminal || ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
        return PROGRESS_LINE;
    return size.ws_col - 1;
}

/* Appends a part if all of it is within the columns; else the line is full, since half a number would
 * mislead. */
static void add(char *line, int columns, bool *full, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void add(char *line, int columns, bool *full, const char *format, ...)
{
    char part[80];
    size_t used = strlen(line);
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(part, sizeof part, format, ap);
    va_end(ap);
    *full = *full || n < 0 || (size_t)n >= sizeof part || (int)used + n > columns;
    if (!*full)
        memcpy(line + used, part, (size_t)n + 1);
}

/* What matters most comes first. */
static void write_narrow(char *line, int columns, const struct progress_figures *f, const char *p99)
{
    char rate[16], delivered[16];
    bool full = false;
    format_count(f->publish_rate, rate);
    format_count(f->delivery_rate, delivered);
    add(line, columns, &full, "%.1fs %s %u", f->seconds, f->phase, f->joined);
    if (f->joined != f->connections)
        add(line, columns, &full, "/%u", f->connections);
    add(line, columns, &full, "  lost %llu", (unsigned long long)f->lost);
    add(line, columns, &full, "  p99 %s", p99);
    add(line, columns, &full, "  del %s/s", delivered);
    add(line, columns, &full, "  pub %s/s", rate);
    add(line, columns, &full, "  due %llu", (unsigned long long)f->outstanding);
}

static void write_wide(char *line, int columns, const struct progress_figures *f, const char *p99)
{
    char rate[16], delivered[16], total[16];
    bool full = false;
    format_count(f->publish_rate, rate);
    format_count(f->delivery_rate, delivered);
    format_count((double)f->delivered, total);
    add(line, columns, &full, "%5.1fs %s  connected %u/%u", f->seconds, f->phase, f->joined, f->connections);
    add(line, columns, &full, "  rate %s/s", rate);
    add(line, columns, &full, "  delivered %s/s", delivered);
    add(line, columns, &full, "  lost %llu", (unsigned long long)f->lost);
    add(line, columns, &full, "  p99 %s", p99);
    add(line, columns, &full, "  outstanding %llu", (unsigned long long)f->outstanding);
    add(line, columns, &full, "  total %s", total);
}

void progress_line(char line[static PROGRESS_LINE], int columns, const struct progress_figures *f)
{
    char p99[16] = "-";
    if (f->p99_us > 0)
        format_us(f->p99_us, p99);
    if (columns >= PROGRESS_LINE)
        columns = PROGRESS_LINE - 1;
    line[0] = '\0';
    if (columns < WIDE)
        write_narrow(line, columns, f, p99);
    else
        write_wide(line, columns, f, p99);
}

void progress_show(struct progress *progress, const struct progress_figures *f)
{
    char line[PROGRESS_LINE];
    if (!progress->shown)
        return;
    progress_line(line, width(progress), f);
    fprintf(stderr, progress->terminal ? CLEAR "%s" : "%s\n", line);
    progress->line_open = progress->terminal;
    fflush(stderr);
}

void progress_say(struct progress *progress, const char *format, ...)
{
    char text[SAY_SIZE];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    fprintf(stderr, "%sroomcast-load: %s\n", progress->line_open ? CLEAR : "", text);
    progress->line_open = false;
}

void progress_end(struct progress *progress)
{
    if (progress->line_open)
        fputc('\n', stderr);
    progress->line_open = false;
}
