/* SPDX-License-Identifier: Apache-2.0 */
/* Walks over JSON that was validated before, so that it only has to find where things end. Text that was not
 * validated gives meaningless slices, never a read outside of it; objects and tokens that are found are whole
 * all the same. */
#include <assert.h>

#include "core/base/err.h"
#include "core/codec/json.h"
#include "core/codec/json_scan.h"

/* p stands after an opening quote; the byte after the closing one: the first quote with an even number of
 * backslashes before it. */
static const char *skip_string(const char *p, const char *end)
{
    const char *const start = p;
    for (;;) {
        const char *quote = p < end ? memchr(p, '"', (size_t)(end - p)) : NULL;
        if (quote == NULL)
            return end;
        const char *slash = quote;
        while (slash > start && slash[-1] == '\\')
            slash--;
        if ((quote - slash) % 2 == 0)
            return quote + 1;
        p = quote + 1;
    }
}

/* p stands after an opening bracket; the byte after its closing one. */
static const char *skip_container(const char *p, const char *end)
{
    size_t open = 1;
    while (p < end && open > 0) {
        char c = *p++;
        if (c == '"')
            p = skip_string(p, end);
        else if (c == '[' || c == '{')
            open++;
        else if (c == ']' || c == '}')
            open--;
    }
    return p;
}

/* p < end stands at a value's first byte; returns its end, at least p + 1. */
static const char *skip_value(const char *p, const char *end)
{
    char c = *p++;
    if (c == '"')
        return skip_string(p, end);
    if (c == '[' || c == '{')
        return skip_container(p, end);
    while (p < end && *p != ',' && *p != ']' && *p != '}' && (unsigned char)*p > ' ')
        p++;
    return p;
}

bool json_args_next(struct slice *rest, struct slice *value)
{
    if (rest->n == 0)
        return false;
    const char *const end = rest->p + rest->n;
    const char *p = json_skip_space(rest->p, end);
    if (p == end)
        return false;
    const char *start = p;
    p = skip_value(p, end);
    *value = (struct slice){start, (size_t)(p - start)};
    p = json_skip_space(p, end);
    if (p < end && *p == ',')
        p++;
    *rest = (struct slice){p, (size_t)(end - p)};
    return true;
}

/* Takes the member at *p, which stands after '{' or ',' or at '}'. False when there is none. */
static bool next_member(const char **p, const char *end, struct slice *key, struct slice *value)
{
    const char *q = json_skip_space(*p, end);
    if (q == end || *q != '"')
        return false;
    key->p = q;
    q = skip_string(q + 1, end);
    key->n = (size_t)(q - key->p);
    q = json_skip_space(q, end);
    q = q < end ? json_skip_space(q + 1, end) : q; /* the colon */
    if (q == end)
        return false;
    value->p = q;
    q = skip_value(q, end);
    value->n = (size_t)(q - value->p);
    q = json_skip_space(q, end);
    *p = q < end && *q == ',' ? q + 1 : q;
    return true;
}

/* The value of a plain decimal number below 2^31, else -1. */
static long plain_number(struct slice token)
{
    if (token.n == 0 || token.n > 10)
        return -1;
    int64_t v = 0;
    for (size_t i = 0; i < token.n; i++) {
        if (token.p[i] < '0' || token.p[i] > '9')
            return -1;
        v = v * 10 + (token.p[i] - '0');
    }
    return v < INT64_C(1) << 31 ? (long)v : -1;
}

/* An object that was looked for: where it ends and what it holds. */
struct found {
    const char *end;
    long num;           /* placeholders */
    struct slice token; /* binaries */
};

static bool ends_here(const char *p, const char *end, struct found *found)
{
    if (p == end || *p != '}')
        return false;
    found->end = p + 1;
    return true;
}

/* Is the object whose inside begins at p a placeholder? As in JavaScript, of members with the same key the
 * last one counts. */
static bool is_placeholder(const char *p, const char *end, struct found *found)
{
    struct slice key, value;
    bool yes = false;
    found->num = -1;
    while (next_member(&p, end, &key, &value)) {
        if (json_string_is(key, "_placeholder"))
            yes = slice_is(value, "true");
        else if (json_string_is(key, "num"))
            found->num = plain_number(value);
    }
    return yes && ends_here(p, end, found);
}

/* Is it {"$binary":"..."}? */
static bool is_binary(const char *p, const char *end, struct found *found)
{
    struct slice key, value, more;
    if (!next_member(&p, end, &key, &value) || !json_string_is(key, "$binary") || value.p[0] != '"' ||
        next_member(&p, end, &key, &more))
        return false;
    found->token = value;
    return ends_here(p, end, found);
}

/* Tests every object from *pos on, an outer one before those inside it, until one passes. An object that does
 * not is walked over again from within: the work is bounded by the size times the depth, hence the look at
 * the depth of what may not have been validated. */
static int find_object(struct slice args, size_t *pos, struct slice *object,
                       bool (*is_one)(const char *, const char *, struct found *), struct found *found)
{
    assert(*pos <= args.n);
    const char *p = args.n == 0 ? args.p : args.p + *pos;
    const char *const end = args.n == 0 ? args.p : args.p + args.n;
    int depth = 0;
    while (p < end && depth <= JSON_MAX_DEPTH) {
        char c = *p++;
        if (c == '"') {
            p = skip_string(p, end);
        } else if (c == '{' && is_one(p, end, found)) {
            *object = (struct slice){p - 1, (size_t)(found->end - (p - 1))};
            *pos = (size_t)(found->end - args.p);
            return 1;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    *pos = args.n;
    return 0;
}

int json_placeholder_next(struct slice args, size_t *pos, struct slice *object, long *num)
{
    struct found found;
    int rc = find_object(args, pos, object, is_placeholder, &found);
    if (rc == 1)
        *num = found.num;
    return rc;
}

int json_binary_next(struct slice args, size_t *pos, struct slice *object, struct slice *token)
{
    struct found found;
    int rc = find_object(args, pos, object, is_binary, &found);
    if (rc == 1)
        *token = found.token;
    return rc;
}
