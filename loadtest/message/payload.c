/* SPDX-License-Identifier: Apache-2.0 */
/* What a message says. Nearly all arrive byte for byte as they were written: these are read without a JSON
 * parser, and written without printf, since this is the innermost loop of the load generator. */
#include "loadtest/message/payload.h"

#include <assert.h>

#include "core/base/err.h"
#include "core/codec/json.h"

#define TAIL "\"}"

/* The literal, and a number in decimal; returns where they end. */
static char *put(char *out, const char *literal, size_t n, uint64_t number)
{
    char digits[20], *const end = digits + sizeof digits, *p = end;
    do {
        *--p = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(out, literal, n);
    memcpy(out + n, p, (size_t)(end - p));
    return out + n + (end - p);
}

/* All up to the padding; returns its size. */
static size_t write_head(const struct payload *payload, char *out)
{
    char *end = put(out, "{\"p\":", 5, payload->publisher);
    end = put(end, ",\"s\":", 5, payload->sequence);
    end = put(end, ",\"t\":", 5, payload->due);
    memcpy(end, ",\"x\":\"", 6);
    return (size_t)(end - out) + 6;
}

void payload_write(const struct payload *payload, char *out, size_t size)
{
    assert(size >= PAYLOAD_MIN);
    size_t head = write_head(payload, out);
    memset(out + head, 'x', size - head - 2);
    memcpy(out + size - 2, TAIL, 2);
}

static bool is_padding(const char *p, size_t n)
{
    return n == 0 || (p[0] == 'x' && memcmp(p, p + 1, n - 1) == 0);
}

/* The literal, then a number of at most 19 digits without leading zeros; both come off the front of *rest. */
static bool take(struct slice *rest, const char *literal, size_t n, uint64_t *number)
{
    if (rest->n <= n || memcmp(rest->p, literal, n) != 0)
        return false;
    size_t i = n;
    uint64_t value = 0;
    for (; i < rest->n && i < n + 19 && rest->p[i] >= '0' && rest->p[i] <= '9'; i++)
        value = value * 10 + (uint64_t)(rest->p[i] - '0');
    if (i == n || (rest->p[n] == '0' && i > n + 1))
        return false;
    *number = value;
    *rest = slice_from(*rest, i);
    return true;
}

static int accept(uint64_t publisher, uint64_t sequence, uint64_t due, struct payload *payload)
{
    if (publisher > UINT32_MAX || sequence > UINT32_MAX)
        return ERR_PARSE;
    *payload = (struct payload){(uint32_t)publisher, (uint32_t)sequence, due};
    return 0;
}

static int read_verbatim(struct slice text, size_t size, struct payload *payload)
{
    struct slice rest = text;
    uint64_t publisher, sequence, due;
    if (text.n != size || !take(&rest, "{\"p\":", 5, &publisher) || !take(&rest, ",\"s\":", 5, &sequence) ||
        !take(&rest, ",\"t\":", 5, &due))
        return ERR_PARSE;
    if (rest.n < 8 || memcmp(rest.p, ",\"x\":\"", 6) != 0 || !is_padding(rest.p + 6, rest.n - 8) ||
        memcmp(rest.p + rest.n - 2, TAIL, 2) != 0)
        return ERR_PARSE;
    return accept(publisher, sequence, due, payload);
}

static bool whole_number(struct slice text, uint64_t *number)
{
    struct slice rest = text;
    return take(&rest, "", 0, number) && rest.n == 0;
}

static int read_reprinted(struct slice text, size_t size, struct payload *payload)
{
    struct json json;
    struct slice key, value, padding = SLICE_NONE;
    uint64_t publisher = 0, sequence = 0, due = 0;
    unsigned seen = 0;
    int more;
    json_init(&json, text, 2);
    if (json_enter(&json, '{') != 0)
        return ERR_PARSE;
    while ((more = json_member(&json, &key, &value)) == 1) {
        if (json_string_is(key, "p") && whole_number(value, &publisher))
            seen |= 1;
        else if (json_string_is(key, "s") && whole_number(value, &sequence))
            seen |= 2;
        else if (json_string_is(key, "t") && whole_number(value, &due))
            seen |= 4;
        else if (json_string_is(key, "x"))
            padding = value;
        else
            return ERR_PARSE;
    }
    if (more != 0 || json_end(&json) != 0 || seen != 7 || accept(publisher, sequence, due, payload) != 0)
        return ERR_PARSE;
    char head[PAYLOAD_MIN];
    size_t expected = size - write_head(payload, head) - 2;
    if (padding.n != expected + 2 || padding.p[0] != '"' || !is_padding(padding.p + 1, expected))
        return ERR_PARSE;
    return 0;
}

int payload_read(struct slice text, size_t size, struct payload *payload)
{
    if (read_verbatim(text, size, payload) == 0)
        return 0;
    return read_reprinted(text, size, payload);
}
