/* SPDX-License-Identifier: Apache-2.0 */
/* Frame by frame: first the header, gathered byte by byte, then the payload as it comes. */
#include "core/codec/websocket_read.h"

#include "core/base/err.h"

enum { FIN = 0x80, RESERVED = 0x70, OPCODE = 0x0f, MASKED = 0x80, LENGTH = 0x7f, CONTROL = 0x08 };

/* How long the header is, as far as its first bytes tell. */
static size_t header_need(const struct ws_reader *r)
{
    if (r->header_size < 2)
        return 2;
    unsigned length = (unsigned char)r->header[1] & LENGTH;
    return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + 4;
}

static int check_opcode(const struct ws_reader *r, unsigned first)
{
    switch (first & OPCODE) {
    case WS_CONTINUATION:
        return r->in_message ? 0 : ERR_PARSE;
    case WS_TEXT:
    case WS_BINARY:
        return r->in_message ? ERR_PARSE : 0;
    case WS_CLOSE:
    case WS_PING:
    case WS_PONG:
        return first & FIN ? 0 : ERR_PARSE;
    default:
        return ERR_PARSE;
    }
}

/* The first two bytes are there. The only reserved bit that can have a meaning marks a compressed message, on
 * its first frame. */
static int check_start(const struct ws_reader *r)
{
    unsigned first = (unsigned char)r->header[0], second = (unsigned char)r->header[1];
    unsigned opcode = first & OPCODE, reserved = first & RESERVED;
    bool may_compress = r->deflate && (opcode == WS_TEXT || opcode == WS_BINARY);
    if ((reserved != 0 && !(reserved == WS_RSV1 && may_compress)) || !(second & MASKED))
        return ERR_PARSE;
    if (first & CONTROL && (second & LENGTH) > WS_CONTROL_MAX)
        return ERR_PARSE;
    return check_opcode(r, first);
}

static uint64_t big_endian(const char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

static int begin_frame(struct ws_reader *r)
{
    unsigned first = (unsigned char)r->header[0], length = (unsigned char)r->header[1] & LENGTH;
    size_t bytes = r->header_size - 6u;
    r->left = bytes == 0 ? length : big_endian(r->header + 2, bytes);
    if (r->left >> 63 != 0)
        return ERR_PARSE;
    r->mask = (uint32_t)big_endian(r->header + 2 + bytes, 4);
    r->fin = (first & FIN) != 0;
    r->opcode = (enum ws_opcode)(first & OPCODE);
    if (r->opcode == WS_TEXT || r->opcode == WS_BINARY) {
        r->binary = r->opcode == WS_BINARY;
        r->compressed = (first & WS_RSV1) != 0;
    }
    if (!(first & CONTROL))
        r->in_message = true;
    r->in_frame = true;
    r->header_size = r->control_size = 0;
    return 0;
}

/* 1: the header is complete. */
static int take_header(struct ws_reader *r, const char *p, size_t n, size_t *used)
{
    while (*used < n) {
        r->header[r->header_size++] = p[(*used)++];
        if (r->header_size == 2 && check_start(r) != 0)
            return ERR_PARSE;
        if (r->header_size == header_need(r))
            return begin_frame(r) == 0 ? 1 : ERR_PARSE;
    }
    return 0;
}

/* The mask goes on where it was when the payload comes in parts. */
static void unmask(struct ws_reader *r, char *p, size_t n)
{
    unsigned turn = (unsigned)(n & 3) * 8;
    ws_mask(p, n, r->mask);
    if (turn != 0)
        r->mask = r->mask << turn | r->mask >> (32 - turn);
    r->left -= n;
}

static int take_control(struct ws_reader *r, char *p, size_t n, struct ws_piece *piece)
{
    unmask(r, p, n);
    if (n > 0)
        memcpy(r->control + r->control_size, p, n);
    r->control_size = (uint8_t)(r->control_size + n);
    if (r->left > 0)
        return 0;
    r->in_frame = false;
    *piece = (struct ws_piece){.opcode = r->opcode, .last = true, .bytes = {r->control, r->control_size}};
    return 1;
}

static int take_data(struct ws_reader *r, char *p, size_t n, struct ws_piece *piece)
{
    unmask(r, p, n);
    r->in_frame = r->left > 0;
    r->in_message = r->in_frame || !r->fin;
    *piece = (struct ws_piece){.opcode = r->binary ? WS_BINARY : WS_TEXT,
                               .last = !r->in_message,
                               .compressed = r->compressed,
                               .bytes = {p, n},
                               .announced = r->left};
    return 1;
}

int ws_read(struct ws_reader *r, char *p, size_t n, size_t *used, struct ws_piece *piece)
{
    *used = 0;
    if (!r->in_frame) {
        int got = take_header(r, p, n, used);
        if (got != 1)
            return got;
    }
    char *payload = p + *used;
    size_t there = n - *used;
    if (there > r->left)
        there = (size_t)r->left;
    *used += there;
    if (r->opcode & CONTROL)
        return take_control(r, payload, there, piece);
    return there == 0 && r->left > 0 ? 0 : take_data(r, payload, there, piece);
}
