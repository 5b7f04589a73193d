/* SPDX-License-Identifier: Apache-2.0 */
/* One byte at a time but for the data itself, as strict about line ends as the heads' reader. */
#include "core/codec/http_chunks.h"

#include "core/base/err.h"

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int size_byte(struct http_chunks *c, char byte)
{
    int digit = hex(byte);
    if (digit >= 0) {
        if (c->left >> 56 != 0)
            return ERR_PARSE;
        c->left = c->left * 16 + (unsigned)digit;
        c->digits = true;
        return 0;
    }
    if (!c->digits)
        return ERR_PARSE;
    if (byte == '\r')
        c->state = CHUNKS_SIZE_END;
    else if (byte == ';' || byte == ' ' || byte == '\t')
        c->state = CHUNKS_EXTENSION;
    else
        return ERR_PARSE;
    return 0;
}

/* Inside a line whose content does not matter: no control characters, and \r only at its end. */
static int line_byte(struct http_chunks *c, char byte, enum http_chunks_state after_cr)
{
    if (byte == '\r')
        c->state = after_cr;
    else if ((unsigned char)byte < 0x20 && byte != '\t')
        return ERR_PARSE;
    return 0;
}

static int expect(struct http_chunks *c, char byte, char wanted, enum http_chunks_state next)
{
    if (byte != wanted)
        return ERR_PARSE;
    c->state = next;
    return 0;
}

/* Any byte but data. */
static int control_byte(struct http_chunks *c, char byte)
{
    bool trailer = c->state >= CHUNKS_TRAILER;
    if (++c->line > (trailer ? HTTP_CHUNKS_TRAILER_MAX : HTTP_CHUNKS_LINE_MAX))
        return ERR_PARSE;
    switch (c->state) {
    case CHUNKS_SIZE:
        return size_byte(c, byte);
    case CHUNKS_EXTENSION:
        return line_byte(c, byte, CHUNKS_SIZE_END);
    case CHUNKS_SIZE_END:
        c->line = 0;
        return expect(c, byte, '\n', c->left == 0 ? CHUNKS_TRAILER : CHUNKS_DATA);
    case CHUNKS_DATA_CR:
        return expect(c, byte, '\r', CHUNKS_DATA_END);
    case CHUNKS_DATA_END:
        c->digits = false;
        c->line = 0;
        return expect(c, byte, '\n', CHUNKS_SIZE);
    case CHUNKS_TRAILER:
        c->state = CHUNKS_TRAILER_LINE;
        return line_byte(c, byte, CHUNKS_LAST_END);
    case CHUNKS_TRAILER_LINE:
        return line_byte(c, byte, CHUNKS_TRAILER_LINE_END);
    case CHUNKS_TRAILER_LINE_END:
        return expect(c, byte, '\n', CHUNKS_TRAILER);
    case CHUNKS_LAST_END:
        return expect(c, byte, '\n', CHUNKS_DONE);
    default:
        return ERR_PARSE;
    }
}

int http_chunks_decode(struct http_chunks *c, char *p, size_t n, size_t *used, size_t *made)
{
    *used = *made = 0;
    while (*used < n && c->state != CHUNKS_DONE) {
        if (c->state != CHUNKS_DATA) {
            if (control_byte(c, p[(*used)++]) != 0)
                return ERR_PARSE;
            continue;
        }
        size_t take = n - *used < c->left ? n - *used : (size_t)c->left;
        memmove(p + *made, p + *used, take);
        *used += take;
        *made += take;
        c->left -= take;
        if (c->left == 0)
            c->state = CHUNKS_DATA_CR;
    }
    return c->state == CHUNKS_DONE;
}
