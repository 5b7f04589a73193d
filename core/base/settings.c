/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration keys: their rows, and values set from text, compared, and printed. */
#include "core/base/settings.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "core/base/suggest.h"
#include "core/base/utf8.h"
#include "core/base/xalloc.h"

const struct settings_row settings_rows[] = {
#define X_UINT(k, d, lo, hi, u, r, h)                                                                        \
    {.key = #k,                                                                                              \
     .def = #d,                                                                                              \
     .unit = u,                                                                                              \
     .help = h,                                                                                              \
     .kind = SETTINGS_UINT,                                                                                  \
     .reload = r,                                                                                            \
     .min = lo,                                                                                              \
     .max = hi,                                                                                              \
     .offset = offsetof(struct settings, k)},
#define X_BOOL(k, d, r, h)                                                                                   \
    {.key = #k,                                                                                              \
     .def = (d) ? "true" : "false",                                                                          \
     .unit = "",                                                                                             \
     .help = h,                                                                                              \
     .kind = SETTINGS_BOOL,                                                                                  \
     .reload = r,                                                                                            \
     .offset = offsetof(struct settings, k)},
#define X_STR(k, d, r, h)                                                                                    \
    {.key = #k,                                                                                              \
     .def = d,                                                                                               \
     .unit = "",                                                                                             \
     .help = h,                                                                                              \
     .kind = SETTINGS_STR,                                                                                   \
     .reload = r,                                                                                            \
     .offset = offsetof(struct settings, k)},
#include "core/base/settings_table.h"
#undef X_UINT
#undef X_BOOL
#undef X_STR
};
const size_t settings_row_count = sizeof settings_rows / sizeof settings_rows[0];

enum { KEY_MAX = 64, SHOWN_MAX = 60 };

static uint64_t *uint_at(struct settings *s, const struct settings_row *row)
{
    return (uint64_t *)(void *)((char *)s + row->offset);
}

static bool *bool_at(struct settings *s, const struct settings_row *row)
{
    return (bool *)(void *)((char *)s + row->offset);
}

static char **str_at(struct settings *s, const struct settings_row *row)
{
    return (char **)(void *)((char *)s + row->offset);
}

static const void *at(const struct settings *s, const struct settings_row *row)
{
    return (const char *)s + row->offset;
}

void settings_init(struct settings *s)
{
    *s = (struct settings){
#define X_UINT(key, def, min, max, unit, reload, help) .key = (def),
#define X_BOOL(key, def, reload, help)                 .key = (def),
#define X_STR(key, def, reload, help)                  .key = xstrndup(SLICE_LIT(def)),
#include "core/base/settings_table.h"
#undef X_UINT
#undef X_BOOL
#undef X_STR
    };
}

void settings_free(struct settings *s)
{
    for (size_t i = 0; i < settings_row_count; i++) {
        if (settings_rows[i].kind == SETTINGS_STR)
            free(*str_at(s, &settings_rows[i]));
    }
    memset(s, 0, sizeof *s);
}

static const struct settings_row *find(struct slice key)
{
    for (size_t i = 0; i < settings_row_count; i++) {
        if (slice_is(key, settings_rows[i].key))
            return &settings_rows[i];
    }
    return NULL;
}

/* What a user gave, as part of a message: shortened, without control characters. */
static const char *shown(struct slice s, char out[SHOWN_MAX + 4])
{
    size_t n = 0;
    for (; n < s.n && n < SHOWN_MAX; n++)
        out[n] = (unsigned char)s.p[n] < ' ' || s.p[n] == 0x7F ? '?' : s.p[n];
    memcpy(out + n, s.n > n ? "..." : "", s.n > n ? 4 : 1);
    return out;
}

static const char *meant(struct slice key)
{
    struct suggestion s;
    suggest_init(&s, key);
    for (size_t i = 0; i < settings_row_count; i++)
        suggest_offer(&s, settings_rows[i].key);
    return s.best;
}

static int unknown_key(struct slice key, char *why, size_t why_size)
{
    char text[SHOWN_MAX + 4];
    const char *best = meant(key);
    if (best)
        snprintf(why, why_size, "unknown key \"%s\" (did you mean %s?)", shown(key, text), best);
    else
        snprintf(why, why_size, "unknown key \"%s\"", shown(key, text));
    return ERR_BAD_REQUEST;
}

/* Decimal digits only, no sign, no blanks: strtoull would take more than that. */
static bool parse_uint(struct slice value, uint64_t *out)
{
    uint64_t v = 0;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9' || v > (UINT64_MAX - 9) / 10)
            return false;
        v = v * 10 + (uint64_t)(value.p[i] - '0');
    }
    *out = v;
    return value.n > 0;
}

static bool parse_bool(struct slice value, bool *out)
{
    static const char *const words[] = {"false", "true", "0", "1", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (slice_is(value, words[i])) {
            *out = i % 2;
            return true;
        }
    }
    return false;
}

static int set_uint(struct settings *s, const struct settings_row *row, const char *name, struct slice value,
                    char *why, size_t why_size)
{
    uint64_t v;
    if (parse_uint(value, &v) && v >= row->min && v <= row->max) {
        *uint_at(s, row) = v;
        return 0;
    }
    char text[SHOWN_MAX + 4];
    const char *of = *row->unit ? " of " : "";
    snprintf(why, why_size, "%s: expected a whole number%s%s from %" PRIu64 " to %" PRIu64 ", got \"%s\"",
             name, of, row->unit, row->min, row->max, shown(value, text));
    return ERR_BAD_REQUEST;
}

static int set_bool(struct settings *s, const struct settings_row *row, const char *name, struct slice value,
                    char *why, size_t why_size)
{
    if (parse_bool(value, bool_at(s, row)))
        return 0;
    char text[SHOWN_MAX + 4];
    snprintf(why, why_size, "%s: expected true or false, got \"%s\"", name, shown(value, text));
    return ERR_BAD_REQUEST;
}

static bool is_text(struct slice value)
{
    for (size_t i = 0; i < value.n; i++) {
        if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7F)
            return false;
    }
    return utf8_valid(value);
}

static int set_str(struct settings *s, const struct settings_row *row, const char *name, struct slice value,
                   char *why, size_t why_size)
{
    if (!is_text(value)) {
        snprintf(why, why_size, "%s: expected UTF-8 text without control characters", name);
        return ERR_BAD_REQUEST;
    }
    char *copy = xstrndup(value);
    free(*str_at(s, row));
    *str_at(s, row) = copy;
    return 0;
}

/* name: what the user wrote, for messages. */
static int set_row(struct settings *s, const struct settings_row *row, const char *name, struct slice value,
                   char *why, size_t why_size)
{
    switch (row->kind) {
    case SETTINGS_UINT:
        return set_uint(s, row, name, value, why, why_size);
    case SETTINGS_BOOL:
        return set_bool(s, row, name, value, why, why_size);
    case SETTINGS_STR:
        break;
    }
    return set_str(s, row, name, value, why, why_size);
}

int settings_set(struct settings *s, struct slice key, struct slice value, char *why, size_t why_size)
{
    const struct settings_row *row = find(key);
    if (row == NULL)
        return unknown_key(key, why, why_size);
    return set_row(s, row, row->key, value, why, why_size);
}

#define ENV_PREFIX "ROOMCAST_"

/* Kubernetes sets variables like these in every container when there is a service called roomcast; they are
 * not ours: ROOMCAST_SERVICE_HOST, ROOMCAST_PORT=tcp://..., ROOMCAST_PORT_3000_TCP_ADDR. */
static bool is_service_link(struct slice rest, struct slice value)
{
    if (slice_starts(rest, "SERVICE_HOST") || slice_starts(rest, "SERVICE_PORT"))
        return true;
    if (slice_is(rest, "PORT"))
        return slice_starts(value, "tcp://") || slice_starts(value, "udp://");
    return slice_starts(rest, "PORT_") && rest.n > 5 && rest.p[5] >= '0' && rest.p[5] <= '9';
}

/* The key of a variable: lower case. There is one spelling: ROOMCAST_bus becomes no key. */
static struct slice variable_key(struct slice rest, char out[KEY_MAX])
{
    size_t n = rest.n < KEY_MAX ? rest.n : KEY_MAX;
    for (size_t i = 0; i < n; i++) {
        char c = rest.p[i];
        if (c >= 'a' && c <= 'z')
            c = '?';
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return (struct slice){out, n};
}

static int unknown_variable(struct slice name, struct slice rest, char *why, size_t why_size)
{
    char text[SHOWN_MAX + 4], best[KEY_MAX] = "";
    const char *key = meant(rest);
    for (size_t i = 0; key && key[i] && i < sizeof best - 1; i++)
        best[i] = key[i] >= 'a' && key[i] <= 'z' ? (char)(key[i] - 'a' + 'A') : key[i];
    const char *before = key ? " (did you mean " ENV_PREFIX : "", *after = key ? "?)" : "";
    snprintf(why, why_size, "unknown environment variable \"%s\"%s%s%s", shown(name, text), before, best,
             after);
    return ERR_BAD_REQUEST;
}

static int set_variable(struct settings *s, struct slice name, struct slice value, char *why, size_t why_size)
{
    char key[KEY_MAX], label[sizeof ENV_PREFIX + KEY_MAX];
    struct slice rest = slice_from(name, sizeof ENV_PREFIX - 1);
    const struct settings_row *row = find(variable_key(rest, key));
    if (row == NULL && is_service_link(rest, value))
        return 0;
    if (row == NULL)
        return unknown_variable(name, rest, why, why_size);
    snprintf(label, sizeof label, "%.*s", SLICE_FMT(name));
    return set_row(s, row, label, value, why, why_size);
}

int settings_from_environment(struct settings *s, char **envp, char *why, size_t why_size)
{
    for (; *envp; envp++) {
        const char *equals = strchr(*envp, '=');
        if (equals == NULL || strncmp(*envp, ENV_PREFIX, sizeof ENV_PREFIX - 1) != 0)
            continue;
        struct slice name = {*envp, (size_t)(equals - *envp)};
        int err = set_variable(s, name, slice_of(equals + 1), why, why_size);
        if (err)
            return err;
    }
    return 0;
}

bool settings_same(const struct settings *a, const struct settings *b, const struct settings_row *row)
{
    switch (row->kind) {
    case SETTINGS_UINT:
        return *(const uint64_t *)at(a, row) == *(const uint64_t *)at(b, row);
    case SETTINGS_BOOL:
        return *(const bool *)at(a, row) == *(const bool *)at(b, row);
    case SETTINGS_STR:
        break;
    }
    return strcmp(*(char *const *)at(a, row), *(char *const *)at(b, row)) == 0;
}

static void take_over(struct settings *s, const struct settings *from, const struct settings_row *row)
{
    switch (row->kind) {
    case SETTINGS_UINT:
        *uint_at(s, row) = *(const uint64_t *)at(from, row);
        return;
    case SETTINGS_BOOL:
        *bool_at(s, row) = *(const bool *)at(from, row);
        return;
    case SETTINGS_STR:
        break;
    }
    char *copy = xstrndup(slice_of(*(char *const *)at(from, row)));
    free(*str_at(s, row));
    *str_at(s, row) = copy;
}

unsigned settings_reload(struct settings *s, const struct settings *from, char *restart, size_t restart_size)
{
    unsigned taken = 0;
    size_t n = 0;
    assert(restart_size > 0);
    *restart = '\0';
    for (size_t i = 0; i < settings_row_count; i++) {
        const struct settings_row *row = &settings_rows[i];
        if (settings_same(s, from, row))
            continue;
        if (row->reload) {
            take_over(s, from, row);
            taken++;
        } else if (n < restart_size) {
            n += (size_t)snprintf(restart + n, restart_size - n, "%s%s", n ? "," : "", row->key);
        }
    }
    return taken;
}

void settings_get(const struct settings *s, const struct settings_row *row, char *out, size_t out_size)
{
    switch (row->kind) {
    case SETTINGS_UINT:
        snprintf(out, out_size, "%" PRIu64, *(const uint64_t *)at(s, row));
        return;
    case SETTINGS_BOOL:
        snprintf(out, out_size, "%s", *(const bool *)at(s, row) ? "true" : "false");
        return;
    case SETTINGS_STR:
        break;
    }
    snprintf(out, out_size, "%s", *(char *const *)at(s, row));
}

/* | would end a cell, * begin emphasis. */
static void print_cell(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|' || *text == '*' || *text == '<' || *text == '_')
            fputc('\\', out);
        fputc(*text, out);
    }
}

void settings_print_markdown(FILE *out)
{
    fputs("| key | default | range | SIGHUP | meaning |\n|---|---|---|---|---|\n", out);
    for (size_t i = 0; i < settings_row_count; i++) {
        const struct settings_row *row = &settings_rows[i];
        const char *tick = *row->def ? "`" : "";
        fprintf(out, "| `%s` | %s%s%s | ", row->key, tick, row->def, tick);
        if (row->kind == SETTINGS_UINT)
            fprintf(out, "%" PRIu64 " to %" PRIu64 "%s%s", row->min, row->max, *row->unit ? " " : "",
                    row->unit);
        else
            fputs(row->kind == SETTINGS_BOOL ? "true, false" : "text", out);
        fprintf(out, " | %s | ", row->reload ? "yes" : "");
        print_cell(out, row->help);
        fputs(" |\n", out);
    }
}
