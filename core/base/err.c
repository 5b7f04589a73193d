/* SPDX-License-Identifier: Apache-2.0 */
/* The error table, expanded into names, texts and HTTP statuses. */
#include "core/base/err.h"

const char *err_name(int err)
{
    switch (err) {
    case ERR_OK:
        return "ok";
#define X(sym, value, name, http, text)                                                                      \
    case sym:                                                                                                \
        return name;
        ERR_TABLE(X)
#undef X
    default:
        return "unknown";
    }
}

const char *err_text(int err)
{
    switch (err) {
    case ERR_OK:
        return "ok";
#define X(sym, value, name, http, text)                                                                      \
    case sym:                                                                                                \
        return text;
        ERR_TABLE(X)
#undef X
    default:
        return "unknown";
    }
}

int err_http_status(int err)
{
    switch (err) {
    case ERR_OK:
        return 200;
#define X(sym, value, name, http, text)                                                                      \
    case sym:                                                                                                \
        return http;
        ERR_TABLE(X)
#undef X
    default:
        return 500;
    }
}
