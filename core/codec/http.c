/* SPDX-License-Identifier: Apache-2.0 */
/* Reads HTTP request heads: the request line, then each header line; nothing is copied. */
#include "core/codec/http.h"

#include "core/base/err.h"

bool http_token_char(char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

/* No control characters but the tab. Bytes above 127 pass: browsers send them in URLs of old pages. */
static bool is_value_char(char c)
{
    return (unsigned char)c >= 0x20 ? c != 0x7f : c == '\t';
}

static bool is_target_char(char c)
{
    return (unsigned char)c > 0x20 && c != 0x7f;
}

static bool all(struct slice s, bool (*is)(char))
{
    for (size_t i = 0; i < s.n; i++)
        if (!is(s.p[i]))
            return false;
    return true;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool http_same(struct slice a, struct slice b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

static struct slice trim(struct slice s)
{
    while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = slice_from(s, 1);
    while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
        s.n--;
    return s;
}

static size_t skip_empty_lines(struct slice bytes)
{
    size_t at = 0;
    while (bytes.n - at >= 2 && bytes.p[at] == '\r' && bytes.p[at + 1] == '\n')
        at += 2;
    return at;
}

size_t http_head_end(struct slice bytes, size_t seen)
{
    size_t at = skip_empty_lines(bytes);
    if (seen > at + 3) /* the end may have been cut three bytes in */
        at = seen - 3;
    while (at < bytes.n) {
        const char *lf = memchr(bytes.p + at, '\n', bytes.n - at);
        if (lf == NULL)
            return 0;
        at = (size_t)(lf - bytes.p) + 1;
        /* A line that ends without \r ends the head as well: http_head_parse() refuses it then. */
        if (at >= 4 && memcmp(lf - 3, "\r\n\r\n", 4) == 0)
            return at;
        if (lf == bytes.p || lf[-1] != '\r')
            return at;
    }
    return 0;
}

/* Takes a line that ends with \r\n off the front. false: there is none. */
static bool take_line(struct slice *rest, struct slice *line)
{
    const char *lf = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
    if (lf == NULL || lf == rest->p || lf[-1] != '\r')
        return false;
    *line = (struct slice){rest->p, (size_t)(lf - rest->p) - 1};
    *rest = slice_from(*rest, line->n + 2);
    return true;
}

static bool take_word(struct slice *line, struct slice *word)
{
    const char *blank = line->n > 0 ? memchr(line->p, ' ', line->n) : NULL;
    if (blank == NULL)
        return false;
    *word = (struct slice){line->p, (size_t)(blank - line->p)};
    *line = slice_from(*line, word->n + 1);
    return word->n > 0;
}

static enum http_method method_of(struct slice name)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (slice_is(name, names[i]))
            return (enum http_method)i;
    return HTTP_OTHER_METHOD;
}

/* http://host/path, which clients of proxies send, is /path. */
static struct slice origin_form(struct slice target)
{
    struct slice scheme = {target.p, target.n < 7 ? target.n : 7};
    if (!http_same(scheme, SLICE_LIT("http://")))
        return target;
    const char *slash = target.n > 7 ? memchr(target.p + 7, '/', target.n - 7) : NULL;
    return slash == NULL ? SLICE_LIT("/") : slice_from(target, (size_t)(slash - target.p));
}

static int version_of(struct slice word, bool *http10)
{
    if (word.n != 8 || memcmp(word.p, "HTTP/", 5) != 0 || word.p[6] != '.')
        return ERR_PARSE;
    if (word.p[5] < '0' || word.p[5] > '9' || word.p[7] < '0' || word.p[7] > '9')
        return ERR_PARSE;
    if (word.p[5] != '1')
        return ERR_VERSION;
    *http10 = word.p[7] == '0';
    return 0;
}

static int parse_request_line(struct slice line, struct http_head *head, bool *http10)
{
    struct slice method;
    if (!take_word(&line, &method) || !all(method, http_token_char))
        return ERR_PARSE;
    if (!take_word(&line, &head->target) || !all(head->target, is_target_char))
        return ERR_PARSE;
    head->method = method_of(method);
    head->target = origin_form(head->target);
    const char *mark = memchr(head->target.p, '?', head->target.n);
    head->path = head->target;
    if (mark != NULL) {
        head->path.n = (size_t)(mark - head->target.p);
        head->query = slice_from(head->target, head->path.n + 1);
    }
    return version_of(line, http10);
}

static int parse_length(struct slice value, struct http_head *head)
{
    if (head->has_length || value.n == 0 || value.n > 18)
        return ERR_PARSE;
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] < '0' || value.p[i] > '9')
            return ERR_PARSE;
        head->length = head->length * 10 + (uint64_t)(value.p[i] - '0');
    }
    head->has_length = true;
    return 0;
}

static int keep(struct http_head *head, enum http_header which, struct slice value)
{
    head->header[which] = value;
    switch (which) {
    case HTTP_CONNECTION:
        if (http_list_has(value, "close"))
            head->keep_alive = false;
        else if (http_list_has(value, "keep-alive"))
            head->keep_alive = true;
        if (http_list_has(value, "upgrade"))
            head->wants_upgrade = true;
        return 0;
    case HTTP_CONTENT_LENGTH:
        return parse_length(value, head);
    case HTTP_TRANSFER_ENCODING:
        head->chunked = true;
        return 0;
    default:
        return 0;
    }
}

static bool split_header_line(struct slice line, struct slice *name, struct slice *value)
{
    const char *colon = memchr(line.p, ':', line.n);
    if (colon == NULL || colon == line.p)
        return false;
    *name = (struct slice){line.p, (size_t)(colon - line.p)};
    *value = trim(slice_from(line, name->n + 1));
    return true;
}

static int parse_header_line(struct slice line, struct http_head *head)
{
    static const char *const names[HTTP_HEADERS] = {
#define X(sym, name) [sym] = name,
        HTTP_HEADER_TABLE(X)
#undef X
    };
    struct slice name, value;
    if (!split_header_line(line, &name, &value) || !all(name, http_token_char) || !all(value, is_value_char))
        return ERR_PARSE;
    for (unsigned i = 0; i < HTTP_HEADERS; i++)
        if (http_same(name, slice_of(names[i])))
            return keep(head, (enum http_header)i, value);
    return 0;
}

int http_head_parse(struct slice bytes, struct http_head *head)
{
    struct slice line;
    bool http10 = false;
    *head = (struct http_head){0};
    bytes = slice_from(bytes, skip_empty_lines(bytes));
    if (!take_line(&bytes, &line))
        return ERR_PARSE;
    int err = parse_request_line(line, head, &http10);
    head->keep_alive = !http10;
    head->lines = bytes;
    while (err == 0) {
        if (!take_line(&bytes, &line))
            return ERR_PARSE;
        if (line.n == 0)
            break;
        err = parse_header_line(line, head);
    }
    if (err == 0 && head->chunked && (head->has_length || http10))
        return ERR_PARSE;
    return err;
}

bool http_header_next(struct slice *lines, const char *name, struct slice *value)
{
    struct slice line, found;
    while (take_line(lines, &line) && split_header_line(line, &found, value))
        if (http_same(found, slice_of(name)))
            return true;
    return false;
}

bool http_list_next(struct slice *rest, struct slice *element)
{
    while (rest->n > 0) {
        const char *comma = memchr(rest->p, ',', rest->n);
        size_t n = comma == NULL ? rest->n : (size_t)(comma - rest->p);
        *element = trim((struct slice){rest->p, n});
        *rest = slice_from(*rest, comma == NULL ? n : n + 1);
        if (element->n > 0)
            return true;
    }
    return false;
}

bool http_list_has(struct slice list, const char *element)
{
    struct slice found;
    while (http_list_next(&list, &found))
        if (http_same(found, slice_of(element)))
            return true;
    return false;
}

bool http_query_next(struct slice *rest, struct slice *key, struct slice *value)
{
    while (rest->n > 0) {
        const char *end = memchr(rest->p, '&', rest->n);
        struct slice pair = {rest->p, end == NULL ? rest->n : (size_t)(end - rest->p)};
        *rest = slice_from(*rest, end == NULL ? pair.n : pair.n + 1);
        if (pair.n == 0)
            continue;
        const char *equals = memchr(pair.p, '=', pair.n);
        *key = (struct slice){pair.p, equals == NULL ? pair.n : (size_t)(equals - pair.p)};
        *value = slice_from(pair, equals == NULL ? pair.n : key->n + 1);
        return true;
    }
    return false;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t http_decode(struct slice in, bool in_query, char *out)
{
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i];
        if (c == '%' && in.n - i > 2 && hex(in.p[i + 1]) >= 0 && hex(in.p[i + 2]) >= 0) {
            c = (char)(hex(in.p[i + 1]) * 16 + hex(in.p[i + 2]));
            i += 2;
        } else if (c == '+' && in_query) {
            c = ' ';
        }
        out[n++] = c;
    }
    return n;
}
