/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the JSON slicer: it accepts what jansson accepts, what it cuts joins up to what was there, and
 * strings survive being quoted and unescaped. */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>

#include "core/base/utf8.h"
#include "core/codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* 1, 0, or -1 where jansson differs by design: a zero byte ends its input, and it refuses numbers that it
 * cannot hold, lone surrogates, and U+0000 in keys. */
static int jansson_accepts(struct slice text)
{
    if (text.n == 0 || memchr(text.p, 0, text.n) != NULL)
        return -1;
    json_error_t error;
    json_t *tree = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (tree != NULL) {
        json_decref(tree);
        return 1;
    }
    enum json_error_code code = json_error_code(&error);
    bool other = code == json_error_numeric_overflow || code == json_error_null_byte_in_key ||
                 code == json_error_stack_overflow || strncmp(error.text, "invalid Unicode", 15) == 0;
    return other ? -1 : 0;
}

/* Only white space and the given punctuation lie between two slices. */
static void only_between(const char *from, const char *to, const char *punctuation)
{
    assert(from <= to);
    for (; from < to; from++)
        assert(strchr(" \t\r\n", *from) != NULL || *from == *punctuation || *from == punctuation[1]);
}

static void is_string(struct slice token)
{
    char *out = malloc(token.n);
    assert(out != NULL && token.n >= 2);
    long n = json_unescape(token, out);
    if (n >= 0) {
        assert((size_t)n <= token.n - 2 && utf8_valid((struct slice){out, (size_t)n}));
        if (memchr(out, 0, (size_t)n) == NULL) {
            char *z = strndup(out, (size_t)n);
            assert(z != NULL && json_string_is(token, z));
            free(z);
        }
    }
    free(out);
}

static void reslice(struct slice value, unsigned depth);

static void reslice_array(struct slice array, unsigned depth)
{
    struct json j;
    struct slice v, w, rest = {array.p + 1, array.n - 2};
    const char *at = array.p + 1;
    json_init(&j, array, depth);
    int rc = json_enter(&j, '[');
    assert(rc == 0);
    for (bool first = true; (rc = json_element(&j, &v)) == 1; first = false) {
        only_between(at, v.p, first ? "  " : ", ");
        at = v.p + v.n;
        bool more = json_args_next(&rest, &w);
        assert(more && v.p == w.p && v.n == w.n);
        reslice(v, depth - 1);
    }
    only_between(at, array.p + array.n - 1, "  ");
    assert(rc == 0 && json_end(&j) == 0 && !json_args_next(&rest, &w));
}

static void reslice_object(struct slice object, unsigned depth)
{
    struct json j;
    struct slice k, v;
    const char *at = object.p + 1;
    json_init(&j, object, depth);
    int rc = json_enter(&j, '{');
    assert(rc == 0);
    for (bool first = true; (rc = json_member(&j, &k, &v)) == 1; first = false) {
        only_between(at, k.p, first ? "  " : ", ");
        only_between(k.p + k.n, v.p, ": ");
        at = v.p + v.n;
        is_string(k);
        reslice(v, depth - 1);
    }
    only_between(at, object.p + object.n - 1, "  ");
    assert(rc == 0 && json_end(&j) == 0);
}

static void reslice(struct slice value, unsigned depth)
{
    struct slice again;
    int rc = json_check(value, depth, &again);
    assert(rc == 0 && again.p == value.p && again.n == value.n);
    if (value.p[0] == '[')
        reslice_array(value, depth);
    else if (value.p[0] == '{')
        reslice_object(value, depth);
    else if (value.p[0] == '"')
        is_string(value);
}

/* Any bytes: what comes out lies in them, in order, and it ends. */
static void walk(struct slice args)
{
    struct slice rest = args, value, object, token;
    size_t pos = 0, before = 0;
    long num;
    const char *at = args.p;
    while (json_args_next(&rest, &value)) {
        assert(value.n > 0 && value.p >= at && value.p + value.n <= args.p + args.n);
        at = value.p + value.n;
    }
    while (json_placeholder_next(args, &pos, &object, &num) == 1) {
        assert(object.p >= args.p + before && object.p + object.n == args.p + pos && pos <= args.n &&
               num >= -1);
        assert(object.p[0] == '{' && object.p[object.n - 1] == '}');
        before = pos;
    }
    for (pos = 0; json_binary_next(args, &pos, &object, &token) == 1;) {
        assert(token.p > object.p && token.p + token.n < object.p + object.n && pos <= args.n);
        assert(token.n >= 2 && token.p[0] == '"' && token.p[token.n - 1] == '"');
    }
}

static void quote(struct slice bytes)
{
    struct buf b;
    struct slice value;
    buf_init(&b, 6 * bytes.n + 2);
    int rc = json_quote(&b, bytes);
    assert(rc == 0 && b.n == json_quoted_size(bytes));
    rc = json_check(buf_slice(&b), 0, &value);
    assert(rc == 0 && value.n == b.n);
    char *out = malloc(b.n);
    assert(out != NULL);
    long n = json_unescape(value, out);
    assert(n >= 0 && utf8_valid((struct slice){out, (size_t)n}));
    assert(!utf8_valid(bytes) || slice_eq(bytes, (struct slice){out, (size_t)n}));
    free(out);
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size}, value;
    int rc = json_check(text, JSON_MAX_DEPTH, &value);
    int want = jansson_accepts(text);
    assert(want < 0 || (rc == 0) == (want == 1));
    if (rc == 0) {
        only_between(text.p, value.p, "  ");
        only_between(value.p + value.n, text.p + text.n, "  ");
        reslice(value, JSON_MAX_DEPTH);
    }
    walk(text);
    quote(text);
    return 0;
}
