/* SPDX-License-Identifier: Apache-2.0 */
/* The live progress line. */
#include "loadtest/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define CLEAR "\r\033[K"

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

void progress_show(struct progress *progress, const struct progress_figures *f)
{
    char p99[16];
    if (!progress->shown)
        return;
    fprintf(
        stderr,
        "%s%6.1fs %-10s connected %u/%u  rate %.0f/s  delivered %llu (%.0f/s)  lost %llu  outstanding %llu  "
        "p99 %s%s",
        progress->terminal ? CLEAR : "", f->seconds, f->phase, f->joined, f->connections, f->publish_rate,
        (unsigned long long)f->delivered, f->delivery_rate, (unsigned long long)f->lost,
        (unsigned long long)f->outstanding, format_us(f->p99_us, p99), progress->terminal ? "" : "\n");
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
