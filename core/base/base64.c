/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 with one table for each direction. */
#include "core/base/base64.h"

#include "core/base/err.h"

static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* A character's value with the bit VALID, or 0: four characters are good when VALID is in all of them. */
#define VALID   0x80
#define V(c, v) [c] = VALID | (v)
/* clang-format off */
static const unsigned char value[256] = {
    V('A', 0), V('B', 1), V('C', 2), V('D', 3), V('E', 4), V('F', 5), V('G', 6), V('H', 7),
    V('I', 8), V('J', 9), V('K', 10), V('L', 11), V('M', 12), V('N', 13), V('O', 14), V('P', 15),
    V('Q', 16), V('R', 17), V('S', 18), V('T', 19), V('U', 20), V('V', 21), V('W', 22), V('X', 23),
    V('Y', 24), V('Z', 25), V('a', 26), V('b', 27), V('c', 28), V('d', 29), V('e', 30), V('f', 31),
    V('g', 32), V('h', 33), V('i', 34), V('j', 35), V('k', 36), V('l', 37), V('m', 38), V('n', 39),
    V('o', 40), V('p', 41), V('q', 42), V('r', 43), V('s', 44), V('t', 45), V('u', 46), V('v', 47),
    V('w', 48), V('x', 49), V('y', 50), V('z', 51), V('0', 52), V('1', 53), V('2', 54), V('3', 55),
    V('4', 56), V('5', 57), V('6', 58), V('7', 59), V('8', 60), V('9', 61), V('+', 62), V('/', 63),
    V('-', 62), V('_', 63),
};
/* clang-format on */

/* The last one or two bytes. */
static void encode_tail(const unsigned char *p, size_t n, char *out)
{
    unsigned group = (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0);
    out[0] = digit[group >> 18];
    out[1] = digit[group >> 12 & 63];
    out[2] = '=';
    if (n > 1)
        out[2] = digit[group >> 6 & 63];
    out[3] = '=';
}

size_t base64_encode(struct slice in, char *out)
{
    const unsigned char *p = (const unsigned char *)in.p;
    size_t n = in.n;
    for (; n >= 3; n -= 3, p += 3, out += 4) {
        unsigned group = (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];
        out[0] = digit[group >> 18];
        out[1] = digit[group >> 12 & 63];
        out[2] = digit[group >> 6 & 63];
        out[3] = digit[group & 63];
    }
    if (n > 0)
        encode_tail(p, n, out);
    return base64_encoded_size(in.n);
}

/* The last two or three characters give one or two bytes; bits left over are not looked at. */
static long decode_tail(const unsigned char *p, size_t n, char *out)
{
    if (n == 0)
        return 0;
    if (n == 1)
        return ERR_PARSE;
    unsigned a = value[p[0]], b = value[p[1]], c = n > 2 ? value[p[2]] : VALID;
    if (!(a & b & c & VALID))
        return ERR_PARSE;
    out[0] = (char)(a << 2 | (b >> 4 & 3));
    if (n > 2)
        out[1] = (char)(b << 4 | (c >> 2 & 15));
    return (long)n - 1;
}

/* Without the padding, which is there in full or not at all. */
static size_t unpadded(struct slice in)
{
    size_t n = in.n;
    if (n > 0 && n % 4 == 0 && in.p[n - 1] == '=')
        n -= in.p[n - 2] == '=' ? 2 : 1;
    return n;
}

long base64_decode(struct slice in, char *out)
{
    const unsigned char *p = (const unsigned char *)in.p;
    size_t n = unpadded(in);
    char *start = out;
    for (; n >= 4; n -= 4, p += 4, out += 3) {
        unsigned a = value[p[0]], b = value[p[1]], c = value[p[2]], d = value[p[3]];
        if (!(a & b & c & d & VALID))
            return ERR_PARSE;
        out[0] = (char)(a << 2 | (b >> 4 & 3));
        out[1] = (char)(b << 4 | (c >> 2 & 15));
        out[2] = (char)(c << 6 | (d & 63));
    }
    long tail = decode_tail(p, n, out);
    return tail < 0 ? tail : out - start + tail;
}
