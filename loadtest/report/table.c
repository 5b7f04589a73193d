/* SPDX-License-Identifier: Apache-2.0 */
/* Runs side by side, as text: a row for each figure, a column for each run, ratios to the first one. */
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "loadtest/board/stats.h"
#include "loadtest/format.h"
#include "loadtest/report/command.h"
#include "loadtest/report/rows.h"

#define LABEL  26
#define COLUMN 18
#define VALUE  10 /* of a column; the rest is for the ratio */
#define RATIO  24
#define MAX_US 1000000000000000 /* for a file that says more than 30 years */

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
        return format_us(value < MAX_US ? (uint64_t)value : MAX_US, out);
    if (unit == BYTES)
        return format_bytes(value, out);
    if (unit == COUNTS)
        return format_count(value, out);
    snprintf(out, 16, "%.3g", value);
    return out;
}

/* Small ones as divisions: neither needs an exponent. */
static void format_ratio(double ratio, char out[static RATIO])
{
    char text[16];
    snprintf(out, RATIO, "%c%s", ratio < 0.1 ? '/' : 'x',
             format_count(ratio < 0.1 ? 1 / ratio : ratio, text));
}

static void print_label(FILE *out, const char *text)
{
    fprintf(out, "%-*s", LABEL, text);
}

/* A value, right-aligned with those above where it is short, and what belongs to it. */
static void print_cell(FILE *out, const char *text, const char *more, bool last)
{
    int n = (int)strlen(text), used = n > VALUE ? n : VALUE;
    fprintf(out, "%*s", VALUE, text);
    if (*more != '\0')
        used += fprintf(out, " %s", more);
    if (last)
        fputc('\n', out);
    else
        fprintf(out, "%*s", used < COLUMN ? COLUMN - used : 1, "");
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
        char text[16] = "-", ratio[RATIO] = "";
        if (value[i] > 0)
            format(value[i], row->unit, text);
        if (i > 0 && value[0] > 0 && value[i] > 0)
            format_ratio(value[i] / value[0], ratio);
        print_cell(out, text, ratio, i + 1 == count);
    }
}

/* Whether it came to the end of a step: else it has counted nothing. */
static bool has_counted(const json_t *json)
{
    const json_t *steps = json_object_get(json, "steps");
    for (size_t i = 0; i < json_array_size(steps); i++)
        if (json_number_value(member(json_array_get(steps, i), "from/over")) > 0)
            return true;
    return false;
}

/* Of all steps together, as the verdict has it; not more than the type can hold. */
static json_int_t fault_count(const json_t *json, const char *key)
{
    const json_t *steps = json_object_get(json, "steps");
    json_int_t sum = 0;
    for (size_t i = 0; i < json_array_size(steps); i++) {
        json_int_t more = json_integer_value(json_object_get(json_array_get(steps, i), key));
        if (more > 0)
            sum = more < LLONG_MAX - sum ? sum + more : LLONG_MAX;
    }
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
        for (size_t i = 0; i < count; i++) {
            char text[24] = "-";
            if (has_counted(runs[i].json))
                snprintf(text, sizeof text, "%lld",
                         (long long)fault_count(runs[i].json, stat_info[stat].key));
            print_cell(out, text, "", i + 1 == count);
        }
    }
    if (!none)
        return;
    print_label(out, "faults");
    for (size_t i = 0; i < count; i++)
        print_cell(out, has_counted(runs[i].json) ? "none" : "-", "", i + 1 == count);
}

static const json_t *option(const struct report_run *run, const char *key)
{
    return json_object_get(json_object_get(run->json, "options"), key);
}

static void option_text(const json_t *value, char *out, size_t size)
{
    const char *first = json_string_value(json_array_get(value, 0));
    if (json_is_string(value))
        snprintf(out, size, "%s", json_string_value(value));
    else if (json_is_boolean(value))
        snprintf(out, size, "%s", json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value))
        snprintf(out, size, "%s%s", first ? first : "-", json_array_size(value) > 1 ? ", ..." : "");
    else if (json_is_number(value))
        snprintf(out, size, "%.12g", json_number_value(value));
    else
        snprintf(out, size, "-");
}

/* As it is written on the command line. */
static void option_name(const char *key, char out[static LABEL])
{
    snprintf(out, LABEL, "--%s", strcmp(key, "urls") == 0 ? "url" : key);
    for (char *p = out; *p != '\0'; p++)
        if (*p == '_')
            *p = '-';
}

static bool option_differs(const char *key, const struct report_run *runs, size_t count)
{
    const json_t *first = option(&runs[0], key);
    for (size_t i = 1; i < count; i++) {
        const json_t *other = option(&runs[i], key);
        if (first ? !other || !json_equal(first, other) : other != NULL)
            return true;
    }
    return false;
}

/* In columns; where values are too long for these, each on a line. */
static void print_option(FILE *out, const char *key, const struct report_run *runs, size_t count)
{
    char text[REPORT_MAX_RUNS][200], name[LABEL];
    bool fits = true;
    option_name(key, name);
    for (size_t i = 0; i < count; i++) {
        option_text(option(&runs[i], key), text[i], sizeof text[i]);
        fits = fits && strlen(text[i]) < COLUMN;
    }
    if (fits)
        print_label(out, name);
    else
        fprintf(out, "%s\n", name);
    for (size_t i = 0; i < count; i++)
        if (fits)
            print_cell(out, text[i], "", i + 1 == count);
        else
            fprintf(out, "  %-*s %s\n", LABEL - 3, runs[i].name, text[i]);
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
                printed = printed || option(&runs[k], key);
            if (!printed && option_differs(key, runs, count))
                print_option(out, key, runs, count);
        }
    }
}

/* The names of the runs; where one is too long for a column or like another, numbers, and what they are. */
static void print_heads(FILE *out, const struct report_run *runs, size_t count)
{
    bool names = true;
    for (size_t i = 0; i < count; i++) {
        names = names && strlen(runs[i].name) < COLUMN;
        for (size_t k = 0; k < i; k++)
            names = names && strcmp(runs[i].name, runs[k].name) != 0;
    }
    for (size_t i = 0; i < count && !names; i++)
        fprintf(out, "run %zu: %s\n", i + 1, runs[i].name);
    print_label(out, "");
    for (size_t i = 0; i < count; i++) {
        char number[32];
        snprintf(number, sizeof number, "run %zu", i + 1);
        print_cell(out, names ? runs[i].name : number, "", i + 1 == count);
    }
}

static bool has_faults(const json_t *json)
{
    for (int stat = 0; stat < STATS; stat++)
        if (stat_info[stat].fault != FAULT_NEVER && fault_count(json, stat_info[stat].key) > 0)
            return true;
    return false;
}

static void print_caution(FILE *out, const struct report_run *run, size_t number)
{
    const json_t *verdict = json_object_get(run->json, "verdict");
    const char *why = json_string_value(json_array_get(verdict, json_array_size(verdict) - 1));
    bool ok = json_is_true(json_object_get(run->json, "ok"));
    if (!ok)
        fprintf(out, "\nRun %zu (%s) failed, which its figures may not show%s%s\n", number, run->name,
                why ? ":\n" : "", why ? why : "");
    else if (json_is_true(option(run, "search")) && has_faults(run->json))
        fprintf(out, "\nThe faults of run %zu (%s) came at rates that did not hold.\n", number, run->name);
}

/* Why figures side by side may not say what they seem to. */
static void print_cautions(FILE *out, const struct report_run *runs, size_t count)
{
    if (option_differs("scenario", runs, count))
        fputs("\nThe scenarios differ: these runs did different things.\n", out);
    for (size_t i = 0; i < count; i++)
        print_caution(out, &runs[i], i + 1);
}

void report_table(FILE *out, const struct report_run *runs, size_t count)
{
    print_heads(out, runs, count);
    print_options(out, runs, count);
    print_label(out, "verdict");
    for (size_t i = 0; i < count; i++)
        print_cell(out, json_is_true(json_object_get(runs[i].json, "ok")) ? "ok" : "FAILED", "",
                   i + 1 == count);
    for (size_t i = 0; i < REPORT_ROW_COUNT; i++)
        print_row(out, &report_rows[i], runs, count);
    print_faults(out, runs, count);
    print_cautions(out, runs, count);
}
