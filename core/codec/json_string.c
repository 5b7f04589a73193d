/* SPDX-License-Identifier: Apache-2.0 */
/* String tokens of JSON: from the token to its bytes, and back. */
#include "core/base/err.h"
#include "core/base/utf8.h"
#include "core/codec/json.h"
#include "core/codec/json_scan.h"

static bool is_string(struct slice token)
{
    return token.n >= 2 && token.p[0] == '"' &&
           json_string_end(token.p + 1, token.p + token.n) == token.p + token.n;
}

static uint32_t hex_value(char c)
{
    return (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static uint32_t hex4(const char *p)
{
    return hex_value(p[0]) << 12 | hex_value(p[1]) << 8 | hex_value(p[2]) << 4 | hex_value(p[3]);
}

/* p stands after the `\u` of a valid token. Returns what stands after the character, which may take a second
 * escape, or NULL for half a surrogate pair. */
static const char *unicode_escape(const char *p, char *out, size_t *n)
{
    uint32_t c = hex4(p);
    p += 4;
    if (c >= 0xdc00 && c <= 0xdfff)
        return NULL;
    if (c >= 0xd800 && c <= 0xdbff) {
        if (p[0] != '\\' || p[1] != 'u')
            return NULL;
        uint32_t low = hex4(p + 2);
        if (low < 0xdc00 || low > 0xdfff)
            return NULL;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
    }
    *n = utf8_put(out, c);
    return p;
}

/* p stands after the backslash of an escape in a valid token. */
static const char *take_escape(const char *p, char *out, size_t *n)
{
    *n = 1;
    switch (*p) {
    case 'b':
        *out = '\b';
        break;
    case 'f':
        *out = '\f';
        break;
    case 'n':
        *out = '\n';
        break;
    case 'r':
        *out = '\r';
        break;
    case 't':
        *out = '\t';
        break;
    case 'u':
        return unicode_escape(p + 1, out, n);
    default:
        *out = *p;
    }
    return p + 1;
}

long json_unescape(struct slice token, char *out)
{
    if (!is_string(token))
        return ERR_PARSE;
    const char *p = token.p + 1, *const end = token.p + token.n - 1;
    char *o = out;
    while (p < end) {
        const char *escape = memchr(p, '\\', (size_t)(end - p));
        size_t plain = (size_t)((escape != NULL ? escape : end) - p);
        memcpy(o, p, plain);
        o += plain;
        p += plain;
        if (escape != NULL) {
            char bytes[4];
            size_t n;
            p = take_escape(escape + 1, bytes, &n);
            if (p == NULL)
                return ERR_PARSE;
            memcpy(o, bytes, n);
            o += n;
        }
    }
    return o - out;
}

bool json_string_is(struct slice token, const char *z)
{
    struct slice want = slice_of(z);
    if (token.n < 2 || token.p[0] != '"')
        return false;
    if (memchr(token.p, '\\', token.n) == NULL)
        return slice_eq((struct slice){token.p + 1, token.n - 2}, want) && token.p[token.n - 1] == '"';
    if (!is_string(token))
        return false;
    const char *p = token.p + 1, *const end = token.p + token.n - 1;
    while (p < end) {
        char bytes[4] = {*p};
        size_t n = 1;
        p = *p == '\\' ? take_escape(p + 1, bytes, &n) : p + 1;
        if (p == NULL || n > want.n || memcmp(bytes, want.p, n) != 0)
            return false;
        want = slice_from(want, n);
    }
    return want.n == 0;
}

/* How the byte c < 0x80 that cannot stand for itself is written; *n its length, 2 or 6. */
static const char *escape_of(char c, char out[6], size_t *n)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    unsigned char u = (unsigned char)c;
    out[0] = '\\';
    *n = 2;
    if (c == '"' || c == '\\') {
        out[1] = c;
    } else if (u < sizeof letters && letters[u] != 0) {
        out[1] = letters[u];
    } else {
        memcpy(out + 1, "u00", 3);
        out[4] = hex[u >> 4];
        out[5] = hex[u & 15];
        *n = 6;
    }
    return out;
}

/* The next piece of the quoted form of p < end: what to write, and where to go on. */
static struct slice quote_step(const char **p, const char *end, char scratch[6])
{
    const char *start = *p;
    *p = json_plain_run(start, end);
    if (*p > start)
        return (struct slice){start, (size_t)(*p - start)};
    if ((unsigned char)*start < 0x80) {
        size_t n;
        const char *escape = escape_of(*start, scratch, &n);
        *p = start + 1;
        return (struct slice){escape, n};
    }
    size_t n = json_utf8_step(start, end);
    *p = start + (n > 0 ? n : 1);
    return n > 0 ? (struct slice){start, n} : SLICE_LIT("\xef\xbf\xbd");
}

size_t json_quoted_size(struct slice bytes)
{
    const char *p = bytes.p, *const end = bytes.n == 0 ? p : p + bytes.n;
    char scratch[6];
    size_t size = 2;
    while (p < end)
        size += quote_step(&p, end, scratch).n;
    return size;
}

int json_quote(struct buf *b, struct slice bytes)
{
    int rc = buf_reserve(b, json_quoted_size(bytes));
    if (rc != 0)
        return rc;
    const char *p = bytes.p, *const end = bytes.n == 0 ? p : p + bytes.n;
    char scratch[6];
    char *o = b->p + b->n;
    *o++ = '"';
    while (p < end) {
        struct slice piece = quote_step(&p, end, scratch);
        memcpy(o, piece.p, piece.n);
        o += piece.n;
    }
    *o++ = '"';
    b->n = (size_t)(o - b->p);
    return 0;
}
