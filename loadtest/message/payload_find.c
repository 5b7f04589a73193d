/* SPDX-License-Identifier: Apache-2.0 */
/* Finds a message in what a server made of it. Only objects that hold neither arrays nor objects are looked
 * at closely, and each ends where the next one begins: so every byte is passed a few times at most, whatever
 * the text is. */
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/codec/json.h"
#include "loadtest/message/payload.h"

#define MAX_LEVELS 4 /* of strings within strings */

/* `text` begins with {: the size of the object, 0 if it holds others or has no end. */
static size_t flat_object(struct slice text)
{
    bool inside = false; /* of a string */
    for (size_t i = 1; i < text.n; i++) {
        switch (text.p[i]) {
        case '"':
            inside = !inside;
            break;
        case '\\':
            if (!inside)
                return 0;
            i++;
            break;
        case '{':
        case '[':
            if (!inside)
                return 0;
            break;
        case '}':
            if (!inside)
                return i + 1;
            break;
        default:
            break;
        }
    }
    return 0;
}

/* `text` begins with {: it is within a string if what follows is escaped, as a quote has to be. */
static bool is_escaped(struct slice text)
{
    size_t i = 1;
    while (i < text.n && text.p[i] == ' ')
        i++;
    return i < text.n && text.p[i] == '\\';
}

/* What is left of the string that `text` is within. */
static struct slice rest_of_string(struct slice text)
{
    size_t i = 0;
    while (i < text.n && text.p[i] != '"')
        i += text.p[i] == '\\' ? 2 : 1;
    return (struct slice){text.p, i < text.n ? i : text.n};
}

static int find(struct payload_reader *reader, struct slice text, unsigned levels, struct payload *payload);

static int find_in_string(struct payload_reader *reader, struct slice inside, unsigned levels,
                          struct payload *payload)
{
    struct buf work; /* the token, then what it says, which is not longer */
    size_t size = inside.n + 2;
    long n = ERR_PARSE;
    buf_init(&work, 2 * size);
    buf_reserve(&work, 2 * size);
    buf_addc(&work, '"');
    buf_add(&work, inside);
    if (buf_addc(&work, '"') == 0)
        n = json_unescape(buf_slice(&work), work.p + size);
    int err = n < 0 ? ERR_PARSE : find(reader, (struct slice){work.p + size, (size_t)n}, levels, payload);
    buf_free(&work);
    return err;
}

/* `text` begins with {; *size is how much of it need not be looked at again. */
static int find_here(struct payload_reader *reader, struct slice text, unsigned levels,
                     struct payload *payload, size_t *size)
{
    *size = 1;
    if (is_escaped(text)) {
        struct slice inside = rest_of_string(text);
        *size = inside.n;
        return levels > 0 ? find_in_string(reader, inside, levels - 1, payload) : ERR_PARSE;
    }
    if (text.n >= reader->size && text.p[reader->size - 1] == '}' &&
        payload_reader_read(reader, (struct slice){text.p, reader->size}, payload) == 0)
        return 0;
    size_t n = flat_object(text);
    return n > 0 ? payload_reader_read(reader, (struct slice){text.p, n}, payload) : ERR_PARSE;
}

static int find(struct payload_reader *reader, struct slice text, unsigned levels, struct payload *payload)
{
    while (text.n > 0) {
        const char *open = memchr(text.p, '{', text.n);
        if (!open)
            break;
        size_t size;
        text = slice_from(text, (size_t)(open - text.p));
        if (find_here(reader, text, levels, payload, &size) == 0)
            return 0;
        text = slice_from(text, size);
    }
    return ERR_PARSE;
}

int payload_reader_find(struct payload_reader *reader, struct slice text, struct payload *payload)
{
    return find(reader, text, MAX_LEVELS, payload);
}
