/* SPDX-License-Identifier: Apache-2.0 */
/* Puts WebSocket frame headers before payloads, and finds the frames in bytes (RFC 6455, section 5.2). */
#include "core/codec/websocket.h"

#include <assert.h>

#include "core/base/err.h"

enum {
    FIN = 0x80,
    RSV23 = 0x30,
    OPCODE = 0x0f,
    MASKED = 0x80, /* of the second byte */
    LENGTH = 0x7f,
    LENGTH16 = 126, /* the length follows in 2 bytes */
    LENGTH64 = 127  /* or in 8 */
};

static bool is_control(unsigned opcode)
{
    return (opcode & 8) != 0;
}

static bool is_known(unsigned opcode)
{
    return opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

static void put_big_endian(char *out, uint64_t v, size_t bytes)
{
    for (size_t i = bytes; i > 0; i--, v >>= 8)
        out[i - 1] = (char)(v & 0xff);
}

static uint64_t get_big_endian(const char *p, size_t bytes)
{
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

size_t ws_header_size(size_t n)
{
    return n < LENGTH16 ? 2 : n <= UINT16_MAX ? 4 : 10;
}

size_t ws_put_header(char *out, enum ws_opcode opcode, size_t n)
{
    assert(is_known(opcode) && (!is_control(opcode) || n < LENGTH16));
    size_t size = ws_header_size(n);
    out[0] = (char)(FIN | opcode);
    out[1] = (char)(size == 2 ? n : size == 4 ? LENGTH16 : LENGTH64);
    put_big_endian(out + 2, n, size - 2);
    return size;
}

size_t ws_put_masked_header(char *out, enum ws_opcode opcode, size_t n, uint32_t mask)
{
    size_t size = ws_put_header(out, opcode, n);
    out[1] = (char)(out[1] | MASKED);
    put_big_endian(out + size, mask, sizeof mask);
    return size + sizeof mask;
}

void ws_mask(char *p, size_t n, uint32_t mask)
{
    char key[8];
    put_big_endian(key, (uint64_t)mask << 32 | mask, sizeof key);
    uint64_t key8;
    memcpy(&key8, key, sizeof key8);
    for (; n >= sizeof key8; n -= sizeof key8, p += sizeof key8) {
        uint64_t w;
        memcpy(&w, p, sizeof w);
        w ^= key8;
        memcpy(p, &w, sizeof w);
    }
    for (size_t i = 0; i < n; i++)
        p[i] = (char)(p[i] ^ key[i]);
}

/* The first two bytes, as far as they are there. */
static int check_start(struct slice in)
{
    unsigned char first = (unsigned char)in.p[0];
    unsigned opcode = first & OPCODE;
    if ((first & RSV23) != 0 || !is_known(opcode))
        return ERR_PARSE;
    /* RSV1 marks a compressed message, on its first frame only (RFC 7692, section 6) */
    if ((first & WS_RSV1) != 0 && opcode != WS_TEXT && opcode != WS_BINARY)
        return ERR_PARSE;
    if (is_control(opcode) && (first & FIN) == 0)
        return ERR_PARSE;
    if (in.n < 2)
        return 0;
    unsigned char second = (unsigned char)in.p[1];
    if ((second & MASKED) != 0 || (is_control(opcode) && (second & LENGTH) >= LENGTH16))
        return ERR_PARSE;
    return 0;
}

/* 1: *header and *length are known; 0: not yet; ERR_PARSE: a length in more bytes than it needs. */
static int take_length(struct slice in, size_t *header, uint64_t *length)
{
    if (in.n < 2)
        return 0;
    size_t code = (unsigned char)in.p[1] & LENGTH;
    size_t bytes = code == LENGTH16 ? 2 : code == LENGTH64 ? 8 : 0;
    *header = 2 + bytes;
    if (in.n < *header)
        return 0;
    *length = bytes == 0 ? code : get_big_endian(in.p + 2, bytes);
    if (bytes > 0 && (*length < LENGTH16 || (bytes == 8 && *length <= UINT16_MAX)))
        return ERR_PARSE;
    return 1;
}

int ws_frame_next(struct slice *rest, size_t max, struct ws_frame *frame, size_t *need)
{
    size_t header;
    uint64_t length;
    *need = 0;
    if (rest->n == 0)
        return 0;
    int rc = check_start(*rest);
    if (rc == 0)
        rc = take_length(*rest, &header, &length);
    if (rc != 1)
        return rc;
    if (length > max || length > SIZE_MAX - WS_MAX_HEADER)
        return ERR_TOO_LARGE;
    *need = header + (size_t)length;
    if (rest->n < *need)
        return 0;
    unsigned char first = (unsigned char)rest->p[0];
    frame->opcode = (enum ws_opcode)(first & OPCODE);
    frame->fin = (first & FIN) != 0;
    frame->rsv1 = (first & WS_RSV1) != 0;
    frame->payload = (struct slice){rest->p + header, (size_t)length};
    *rest = slice_from(*rest, *need);
    return 1;
}
