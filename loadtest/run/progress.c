/* SPDX-License-Identifier: Apache-2.0 */
/* The live progress line. */
#include "loadtest/run/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CLEAR     "\r\033[K"
#define LINE_SIZE 300
#define SAY_SIZE  2000

void progress_init(struct progress *progress, bool shown)
{
    *progress = (struct progress){.shown = shown, .terminal = isatty(STDERR_FILENO) == 1};
}

/* Columns for the line: past the last one it would wrap, and could not be rewritten. */
static int width(const struct progress *progress)
{
    struct winsize size;
    if (!progress->terminal || ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
        return LINE_SIZE;
    return size.ws_col - 1;
}

/* On a narrow terminal what matters most has to be within its columns. */
static void write_line(char *line, size_t size, const struct progress_figures *f, bool narrow)
{
    char p99[16] = "-", rate[16], delivered[16], total[16];
    if (f->p99_us > 0)
        format_us(f->p99_us, p99);
    format_count(f->publish_rate, rate);
    format_count(f->delivery_rate, delivered);
    format_count((double)f->delivered, total);
    if (narrow)
        snprintf(line, size, "%.0fs %s %u/%u  pub %s/s  del %s/s  lost %llu  p99 %s  due %llu", f->seconds,
                 f->phase, f->joined, f->connections, rate, delivered, (unsigned long long)f->lost, p99,
                 (unsigned long long)f->outstanding);
    else
        snprintf(
            line, size,
            "%5.1fs %s  connected %u/%u  rate %s/s  delivered %s/s  lost %llu  p99 %s  outstanding %llu  "
            "total %s",
            f->seconds, f->phase, f->joined, f->connections, rate, delivered, (unsigned long long)f->lost,
            p99, (unsigned long long)f->outstanding, total);
}

void progress_show(struct progress *progress, const struct progress_figures *f)
{
    char line[LINE_SIZE];
    int columns = width(progress);
    if (!progress->shown)
        return;
    write_line(line, sizeof line, f, columns < 119);
    if (progress->terminal)
        fprintf(stderr, CLEAR "%.*s", columns, line);
    else
        fprintf(stderr, "%s\n", line);
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
