/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units, and lines. */
#include "loadtest/format.h"

#include <stdio.h>

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

/* Three digits and a letter for thousands, millions, ... */
static const char *scaled(double x, const char *unit, char out[static 16])
{
    static const char letters[] = {'k', 'M', 'G', 'T'};
    size_t i = 0;
    x /= 1000;
    for (; x >= 999.5 && i < sizeof letters - 1; i++)
        x /= 1000;
    snprintf(out, 16, "%.*f %c%s", x < 9.995 ? 2 : x < 99.95 ? 1 : 0, x, letters[i], unit);
    return out;
}

const char *format_count(double count, char out[static 16])
{
    if (count >= 9999.5)
        return scaled(count, "", out);
    if (count >= 100)
        snprintf(out, 16, "%.0f", count);
    else
        snprintf(out, 16, "%.3g", count);
    return out;
}

const char *format_bytes(double bytes, char out[static 16])
{
    if (bytes >= 999.5)
        return scaled(bytes, "B", out);
    snprintf(out, 16, "%.0f B", bytes);
    return out;
}

void format_line(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = ' ';
}
