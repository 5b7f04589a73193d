/* SPDX-License-Identifier: Apache-2.0 */
/* The table of close reasons, expanded. */
#include "core/base/close_reason.h"

#include <assert.h>

static const struct row {
    const char *name, *text;
    int code, abrupt;
} rows[CLOSE_REASONS] = {
#define X(sym, name, code, abrupt, text) [sym] = {name, text, code, abrupt},
    CLOSE_TABLE(X)
#undef X
};

static const struct row *row_of(enum close_reason r)
{
    assert((unsigned)r < CLOSE_REASONS);
    return &rows[r];
}

const char *close_reason_name(enum close_reason r)
{
    return row_of(r)->name;
}

const char *close_reason_text(enum close_reason r)
{
    return row_of(r)->text;
}

int close_reason_code(enum close_reason r)
{
    return row_of(r)->code;
}

int close_reason_abrupt(enum close_reason r)
{
    return row_of(r)->abrupt;
}
