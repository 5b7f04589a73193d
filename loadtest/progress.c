/* SPDX-License-Identifier: Apache-2.0 */
/* The live progress line. */
#include "loadtest/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define CLEAR     "\r\033[K"
#define LINE_SIZE 300

void progress_init(struct progress *progress, bool shown)
{
    *progress = (struct progress){.shown = shown, .terminal = isatty(STDERR_FILENO) == 1};
}

const char *format_us(uint64_t us, char out[static 16])
{
    if (us < 1000)
        snprintf(out, 16, "%u us", (unsigned)us);
    else if (us < 1000000)
        snprintf(out, 16, us < 10000 ? "%.2f ms" : "%.1f ms", (double)us / 1e3);
    else
        snprintf(out, 16, "%.2f s", (double)us / 1e6);
    return out;
}

/* Columns for the line: past the last one it would wrap, and could not be rewritten. */
static int width(const struct progress *progress)
{
    struct winsize size;
    if (!progress->terminal || ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
        return LINE_SIZE;
    return size.ws_col - 1;
}

void progress_show(struct progress *progress, const struct progress_figures *f)
{
    char line[LINE_SIZE], p99[16];
    if (!progress->shown)
        return;
    snprintf(
        line, sizeof line,
        "%5.1fs %s  connected %u/%u  rate %.0f/s  delivered %.0f/s  lost %llu  p99 %s  outstanding %llu  "
        "total %llu",
        f->seconds, f->phase, f->joined, f->connections, f->publish_rate, f->delivery_rate,
        (unsigned long long)f->lost, format_us(f->p99_us, p99), (unsigned long long)f->outstanding,
        (unsigned long long)f->delivered);
    if (progress->terminal)
        fprintf(stderr, CLEAR "%.*s", width(progress), line);
    else
        fprintf(stderr, "%s\n", line);
    progress->line_open = progress->terminal;
    fflush(stderr);
}

void progress_say(struct progress *progress, const char *format, ...)
{
    va_list ap;
    fputs(progress->line_open ? CLEAR "roomcast-load: " : "roomcast-load: ", stderr);
    progress->line_open = false;
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
}

void progress_end(struct progress *progress)
{
    if (progress->line_open)
        fputc('\n', stderr);
    progress->line_open = false;
}
