/* SPDX-License-Identifier: Apache-2.0 */
/* Runs side by side, as text: a row for each figure, a column for each run, ratios to the first one. */
#include <stdbool.h>
#include <string.h>

#include "loadtest/format.h"
#include "loadtest/report_command.h"
#include "loadtest/report_rows.h"
#include "loadtest/stats.h"

#define LABEL  26
#define COLUMN 18

/* The member of a report that a path with / leads to, or NULL. */
static const json_t *member(const json_t *json, const char *path)
{
    char key[64];
    while (json && *path != '\0') {
        size_t n = strcspn(path, "/");
        snprintf(key, sizeof key, "%.*s", (int)n, path);
        json = json_object_get(json, key);
        path += n + (path[n] == '/');
    }
    return json;
}

static const char *format(double value, enum report_unit unit, char out[static 16])
{
    if (unit == MICROSECONDS)
        return format_us((uint64_t)value, out);
    if (unit == BYTES)
        return format_bytes(value, out);
    if (unit == COUNTS)
        return format_count(value, out);
    snprintf(out, 16, "%.3g", value);
    return out;
}

static void print_label(FILE *out, const char *text)
{
    fprintf(out, "%-*s", LABEL, text);
}

static void print_row(FILE *out, const struct report_row *row, const struct report_run *runs, size_t count)
{
    double value[REPORT_MAX_RUNS];
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        value[i] = json_number_value(member(runs[i].json, row->path));
        any = any || value[i] > 0;
    }
    if (!any)
        return;
    print_label(out, row->label);
    for (size_t i = 0; i < count; i++) {
        char text[16] = "-", ratio[24] = "";
        if (value[i] > 0)
            format(value[i], row->unit, text);
        if (i > 0 && value[0] > 0 && value[i] > 0)
            snprintf(ratio, sizeof ratio, "x%.3g", value[i] / value[0]);
        fprintf(out, "%10s %-*s", text, i + 1 < count ? COLUMN - 11 : 0, ratio);
    }
    fputc('\n', out);
}

/* Of all steps together, as the verdict has it. */
static json_int_t fault_count(const json_t *json, const char *key)
{
    const json_t *steps = json_object_get(json, "steps");
    json_int_t sum = 0;
    for (size_t i = 0; i < json_array_size(steps); i++)
        sum += json_integer_value(json_object_get(json_array_get(steps, i), key));
    return sum;
}

static void print_faults(FILE *out, const struct report_run *runs, size_t count)
{
    bool none = true;
    for (int stat = 0; stat < STATS; stat++) {
        bool any = false;
        for (size_t i = 0; i < count && stat_info[stat].fault != FAULT_NEVER; i++)
            any = any || fault_count(runs[i].json, stat_info[stat].key) > 0;
        if (!any)
            continue;
        none = false;
        print_label(out, stat_info[stat].key);
        for (size_t i = 0; i < count; i++)
            fprintf(out, "%10lld%*s", (long long)fault_count(runs[i].json, stat_info[stat].key),
                    i + 1 < count ? COLUMN - 10 : 0, "");
        fputc('\n', out);
    }
    if (none)
        fprintf(out, "%-*s%10s\n", LABEL, "faults", "none");
}

static void option_text(const json_t *value, char *out, size_t size)
{
    if (json_is_string(value))
        snprintf(out, size, "%s", json_string_value(value));
    else if (json_is_boolean(value))
        snprintf(out, size, "%s", json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value))
        snprintf(out, size, "%s%s", json_array_size(value) > 0 ? json_string_value(json_array_get(value, 0)) : "",
                 json_array_size(value) > 1 ? ", ..." : "");
    else if (json_is_number(value))
        snprintf(out, size, "%.12g", json_number_value(value));
    else
        snprintf(out, size, "-");
}

static void print_option(FILE *out, const char *key, const struct report_run *runs, size_t count)
{
    const json_t *first = json_object_get(json_object_get(runs[0].json, "options"), key);
    bool differs = false;
    char text[200];
    for (size_t i = 1; i < count; i++) {
        const json_t *other = json_object_get(json_object_get(runs[i].json, "options"), key);
        differs = differs || (first ? !other || !json_equal(first, other) : other != NULL);
    }
    if (!differs)
        return;
    fprintf(out, "--%-*s", LABEL - 2, strcmp(key, "urls") == 0 ? "url" : key);
    for (size_t i = 0; i < count; i++) {
        option_text(json_object_get(json_object_get(runs[i].json, "options"), key), text, sizeof text);
        fprintf(out, "%10s %-*s", text, i + 1 < count ? COLUMN - 11 : 0, "");
    }
    fputc('\n', out);
}

/* Those that the first run has, then those that only later ones have. */
static void print_options(FILE *out, const struct report_run *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *key;
        json_t *value;
        json_object_foreach(json_object_get(runs[i].json, "options"), key, value)
        {
            bool printed = false;
            for (size_t k = 0; k < i; k++)
                printed = printed || json_object_get(json_object_get(runs[k].json, "options"), key);
            if (!printed)
                print_option(out, key, runs, count);
        }
    }
}

void report_table(FILE *out, const struct report_run *runs, size_t count)
{
    print_label(out, "");
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%10s%*s", runs[i].name, i + 1 < count ? COLUMN - 10 : 0, "");
    fputc('\n', out);
    print_options(out, runs, count);
    print_label(out, "verdict");
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%10s%*s", json_is_true(json_object_get(runs[i].json, "ok")) ? "ok" : "FAILED",
                i + 1 < count ? COLUMN - 10 : 0, "");
    fputc('\n', out);
    for (size_t i = 0; i < REPORT_ROW_COUNT; i++)
        print_row(out, &report_rows[i], runs, count);
    print_faults(out, runs, count);
}
