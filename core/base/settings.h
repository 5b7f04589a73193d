/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration keys (settings_table.h) as a struct, set by name from text. Strings are owned by the
 * struct. */
#ifndef CORE_BASE_SETTINGS_H
#define CORE_BASE_SETTINGS_H

#include <stdio.h>

#include "core/base/slice.h"

enum settings_source { SETTINGS_DEFAULT, SETTINGS_FILE, SETTINGS_ENVIRONMENT, SETTINGS_FLAG };

struct settings {
#define X_UINT(key, def, min, max, unit, reload, help) uint64_t key;
#define X_BOOL(key, def, reload, help)                 bool key;
#define X_STR(key, def, reload, help)                  char *key;
#include "core/base/settings_table.h"
#undef X_UINT
#undef X_BOOL
#undef X_STR
};

void settings_init(struct settings *s); /* all defaults */
void settings_free(struct settings *s);
/* Sets one key from text. 0, or ERR_BAD_REQUEST with `why` filled, e.g.
 * "ping_interval_ms: expected a whole number of ms from 50 to 3600000, got \"soon\"" or
 * "unknown key \"pingInterval\" (did you mean ping_interval_ms?)". */
int settings_set(struct settings *s, struct slice key, struct slice value, char *why,
                 size_t why_size) MUST_CHECK;
/* Applies ROOMCAST_<KEY> variables of envp; unknown ROOMCAST_ variables are an error too, but for those that
 * Kubernetes makes of a service of that name. */
int settings_from_environment(struct settings *s, char **envp, char *why, size_t why_size) MUST_CHECK;
/* Takes over from `from` the keys that may be reloaded, and returns how many of them differed. Names those
 * that differ but need a restart in `restart` (comma separated). */
unsigned settings_reload(struct settings *s, const struct settings *from, char *restart, size_t restart_size);

enum settings_kind { SETTINGS_UINT, SETTINGS_BOOL, SETTINGS_STR };
struct settings_row {
    const char *key, *def, *unit, *help;
    enum settings_kind kind;
    bool reload;
    uint64_t min, max;
    size_t offset;
};
extern const struct settings_row settings_rows[];
extern const size_t settings_row_count;
bool settings_same(const struct settings *a, const struct settings *b, const struct settings_row *row);
/* The value as text into out ("" for an empty string). */
void settings_get(const struct settings *s, const struct settings_row *row, char *out, size_t out_size);
/* The README's table, in Markdown. */
void settings_print_markdown(FILE *out);

#endif
