/* SPDX-License-Identifier: Apache-2.0 */
/* Validates JSON and cuts it into slices, in one pass over the bytes.
 * Not recursive: while a value is passed over, one bit per open container says which kind it is. */
#include "core/codec/json.h"

#include <assert.h>

#include "core/base/err.h"
#include "core/codec/json_scan.h"

/* The containers that are open inside the value being passed over. */
struct nesting {
    unsigned open;  /* how many */
    unsigned limit; /* how many there may be, at most JSON_MAX_DEPTH */
    uint64_t is_object[JSON_MAX_DEPTH / 64];
};

static bool in_object(const struct nesting *nest)
{
    unsigned top = nest->open - 1;
    return (nest->is_object[top / 64] >> top % 64 & 1) != 0;
}

static int nesting_push(struct nesting *nest, bool object)
{
    if (nest->open == nest->limit)
        return ERR_TOO_DEEP;
    uint64_t bit = (uint64_t)1 << nest->open % 64;
    uint64_t *word = &nest->is_object[nest->open / 64];
    if (nest->open % 64 == 0)
        *word = 0;
    *word = object ? *word | bit : *word & ~bit;
    nest->open++;
    return 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    char lower = (char)(c | 0x20);
    return is_digit(c) || (lower >= 'a' && lower <= 'f');
}

/* p stands after a backslash; the byte after the escape, or NULL. */
static const char *escape_end(const char *p, const char *end)
{
    if (p == end)
        return NULL;
    switch (*p) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return p + 1;
    case 'u':
        if (end - p < 5 || !is_hex(p[1]) || !is_hex(p[2]) || !is_hex(p[3]) || !is_hex(p[4]))
            return NULL;
        return p + 5;
    default:
        return NULL;
    }
}

const char *json_string_end(const char *p, const char *end)
{
    for (;;) {
        p = json_plain_run(p, end);
        if (p == end)
            return NULL;
        if (*p == '"')
            return p + 1;
        if (*p == '\\') {
            p = escape_end(p + 1, end);
            if (p == NULL)
                return NULL;
            continue;
        }
        do {                                   /* a text in another script is a run of such characters */
            size_t n = json_utf8_step(p, end); /* 0 for control characters, too */
            if (n == 0)
                return NULL;
            p += n;
        } while (p < end && (unsigned char)*p >= 0x80);
    }
}

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && is_digit(*p))
        p++;
    return p;
}

static const char *number_end(const char *p, const char *end)
{
    if (p < end && *p == '-')
        p++;
    if (p == end || !is_digit(*p))
        return NULL;
    p = *p == '0' ? p + 1 : skip_digits(p, end);
    if (p < end && *p == '.') {
        const char *fraction = ++p;
        p = skip_digits(p, end);
        if (p == fraction)
            return NULL;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        const char *exponent = p;
        p = skip_digits(p, end);
        if (p == exponent)
            return NULL;
    }
    return p;
}

static const char *literal_end(const char *p, const char *end, const char *word, size_t n)
{
    return (size_t)(end - p) >= n && memcmp(p, word, n) == 0 ? p + n : NULL;
}

/* p < end stands at the first byte of a value that is no container. */
static const char *scalar_end(const char *p, const char *end)
{
    switch (*p) {
    case '"':
        return json_string_end(p + 1, end);
    case 't':
        return literal_end(p, end, "true", 4);
    case 'f':
        return literal_end(p, end, "false", 5);
    case 'n':
        return literal_end(p, end, "null", 4);
    default:
        return number_end(p, end);
    }
}

/* Passes over white space, a key and its colon; where its value begins, or NULL. */
static const char *key_end(const char *p, const char *end, struct slice *key)
{
    p = json_skip_space(p, end);
    if (p == end || *p != '"')
        return NULL;
    const char *start = p;
    p = json_string_end(p + 1, end);
    if (p == NULL)
        return NULL;
    *key = (struct slice){start, (size_t)(p - start)};
    p = json_skip_space(p, end);
    return p < end && *p == ':' ? p + 1 : NULL;
}

/* p stands after a value. Closes what ends here; returns where the next value begins (after its comma and
 * key), or the end of the outermost container, or NULL. */
static const char *next_value(struct nesting *nest, const char *p, const char *end)
{
    struct slice key;
    while (nest->open > 0) {
        bool object = in_object(nest);
        p = json_skip_space(p, end);
        if (p == end)
            return NULL;
        if (*p == ',')
            return object ? key_end(p + 1, end, &key) : p + 1;
        if (*p != (object ? '}' : ']'))
            return NULL;
        p++;
        nest->open--;
    }
    return p;
}

/* *p stands at '[' or '{'. Leaves *p where its first value begins or, when it is empty, after it. */
static int open_container(struct nesting *nest, const char **p, const char *end, bool *empty)
{
    struct slice key;
    bool object = **p == '{';
    *p = json_skip_space(*p + 1, end);
    *empty = *p < end && **p == (object ? '}' : ']');
    int rc = nesting_push(nest, object);
    if (rc != 0)
        return rc;
    if (*empty) {
        nest->open--;
        ++*p;
    } else if (object) {
        *p = key_end(*p, end, &key);
    }
    return *p == NULL ? ERR_PARSE : 0;
}

void json_init(struct json *j, struct slice text, unsigned max_depth)
{
    assert(text.p != NULL || text.n == 0);
    j->p = text.p;
    j->end = text.n == 0 ? text.p : text.p + text.n;
    j->depth = max_depth < JSON_MAX_DEPTH ? max_depth : JSON_MAX_DEPTH;
    j->first = false;
}

int json_value(struct json *j, struct slice *value)
{
    struct nesting nest;
    nest.open = 0;
    nest.limit = j->depth;
    const char *const start = json_skip_space(j->p, j->end);
    const char *p = start;
    do {
        p = json_skip_space(p, j->end);
        if (p == j->end)
            return ERR_PARSE;
        if (*p == '[' || *p == '{') {
            bool empty;
            int rc = open_container(&nest, &p, j->end, &empty);
            if (rc != 0)
                return rc;
            if (!empty)
                continue;
        } else {
            p = scalar_end(p, j->end);
            if (p == NULL)
                return ERR_PARSE;
        }
        p = next_value(&nest, p, j->end);
        if (p == NULL)
            return ERR_PARSE;
    } while (nest.open > 0);
    *value = (struct slice){start, (size_t)(p - start)};
    j->p = p;
    return 0;
}

int json_enter(struct json *j, char open)
{
    assert(open == '[' || open == '{');
    const char *p = json_skip_space(j->p, j->end);
    if (p == j->end || *p != open)
        return ERR_PARSE;
    if (j->depth == 0)
        return ERR_TOO_DEEP;
    j->depth--;
    j->p = p + 1;
    j->first = true;
    return 0;
}

/* Stands before an element or member, or after the last one. 1: one follows; 0: left; ERR_PARSE. */
static int step(struct json *j, char close)
{
    const char *p = json_skip_space(j->p, j->end);
    if (p == j->end)
        return ERR_PARSE;
    if (*p == close) {
        j->p = p + 1;
        j->depth++;
        j->first = false; /* what was left is an element of the container around it */
        return 0;
    }
    if (!j->first) {
        if (*p != ',')
            return ERR_PARSE;
        p++;
    }
    j->p = p;
    j->first = false;
    return 1;
}

int json_element(struct json *j, struct slice *value)
{
    int rc = step(j, ']');
    if (rc != 1)
        return rc;
    rc = json_value(j, value);
    return rc == 0 ? 1 : rc;
}

int json_member(struct json *j, struct slice *key, struct slice *value)
{
    int rc = step(j, '}');
    if (rc != 1)
        return rc;
    const char *p = key_end(j->p, j->end, key);
    if (p == NULL)
        return ERR_PARSE;
    j->p = p;
    rc = json_value(j, value);
    return rc == 0 ? 1 : rc;
}

int json_end(struct json *j)
{
    j->p = json_skip_space(j->p, j->end);
    return j->p == j->end ? 0 : ERR_PARSE;
}

int json_check(struct slice text, unsigned max_depth, struct slice *value)
{
    struct json j;
    json_init(&j, text, max_depth);
    int rc = json_value(&j, value);
    return rc == 0 ? json_end(&j) : rc;
}
