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
        p = json_skip_space(p + 1, end);
    *rest = (struct slice){p, (size_t)(end - p)};
    return true;
}

/* Takes the member at *p, which stands after '{' or ',' or at '}'. False, and *p stays, when there is none or
 * its value is an array or object: so an object is never walked over on behalf of the one around it. */
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
    if (q == end || *q == '[' || *q == '{')
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

/* The byte after the object that ends at p, or NULL when none does. */
static const char *object_end(const char *p, const char *end)
{
    return p < end && *p == '}' ? p + 1 : NULL;
}

/* The end of the placeholder whose inside begins at p, or NULL when it is none. As in JavaScript, of members
 * with the same key the last one counts. */
static const char *placeholder_end(const char *p, const char *end, long *num)
{
    struct slice key, value;
    bool yes = false;
    *num = -1;
    while (next_member(&p, end, &key, &value)) {
        if (json_string_is(key, "_placeholder"))
            yes = slice_is(value, "true");
        else if (json_string_is(key, "num"))
            *num = plain_number(value);
    }
    return yes ? object_end(p, end) : NULL;
}

/* Is the string before p the key of "_placeholder":true? */
static bool is_placeholder_key(struct slice token, const char *p, const char *end)
{
    p = json_skip_space(p, end);
    if (p == end || *p != ':')
        return false;
    p = json_skip_space(p + 1, end);
    return end - p >= 4 && memcmp(p, "true", 4) == 0 && json_string_is(token, "_placeholder");
}

/* Objects are tested as they begin; one that is no placeholder, or holds arrays or objects, is then searched
 * inside. Each byte is looked at a few times at most, whatever the depth. */
int json_placeholder_next(struct slice args, size_t *pos, struct slice *object, long *num)
{
    assert(*pos <= args.n);
    const char *p = args.n == 0 ? args.p : args.p + *pos;
    const char *const end = args.n == 0 ? args.p : args.p + args.n;
    while (p < end) {
        const char *start = p++;
        const char *found = NULL;
        if (*start == '"') {
            p = skip_string(p, end);
            if (is_placeholder_key((struct slice){start, (size_t)(p - start)}, p, end))
                return ERR_PARSE;
        } else if (*start == '{') {
            found = placeholder_end(p, end, num);
        }
        if (found != NULL) {
            *object = (struct slice){start, (size_t)(found - start)};
            *pos = (size_t)(found - args.p);
            return 1;
        }
    }
    *pos = args.n;
    return 0;
}

/* The end of {"$binary":"..."} whose inside begins at p, or NULL when it is something else. */
static const char *binary_end(const char *p, const char *end, struct slice *token)
{
    struct slice key;
    if (!next_member(&p, end, &key, token) || token->p[0] != '"' || !json_string_is(key, "$binary"))
        return NULL;
    return object_end(p, end);
}

int json_binary_next(struct slice args, size_t *pos, struct slice *object, struct slice *token)
{
    assert(*pos <= args.n);
    const char *p = args.n == 0 ? args.p : args.p + *pos;
    const char *const end = args.n == 0 ? args.p : args.p + args.n;
    while (p < end) {
        const char *start = p++;
        const char *found = NULL;
        if (*start == '"')
            p = skip_string(p, end);
        else if (*start == '{')
            found = binary_end(p, end, token);
        if (found != NULL) {
            *object = (struct slice){start, (size_t)(found - start)};
            *pos = (size_t)(found - args.p);
            return 1;
        }
    }
    *pos = args.n;
    return 0;
}
