/* SPDX-License-Identifier: Apache-2.0 */
/* What the JSON files share about the inside of strings. Private to core/codec/json*.c. */
#ifndef CORE_CODEC_JSON_SCAN_H
#define CORE_CODEC_JSON_SCAN_H

#include "core/base/slice.h"

/* p stands after an opening quote. Returns the byte after the closing quote, or NULL: no end, a control
 * character, a bad escape, or bytes that are not UTF-8. */
const char *json_string_end(const char *p, const char *end);

static inline const char *json_skip_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

/* Eight bytes as a number whose lowest byte is the first one. */
static inline uint64_t json_load8(const char *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    return w;
}

/* The first byte that a string cannot just pass over: a quote, a backslash, a control character or a
 * part of a multi-byte character; or end. Eight bytes a step: a subtraction sets a byte's top bit when the
 * byte was smaller, and a borrow can only spoil bytes after the first hit. */
static inline const char *json_plain_run(const char *p, const char *end)
{
    const uint64_t ones = 0x0101010101010101u;
    for (; end - p >= 8; p += 8) {
        uint64_t w = json_load8(p);
        uint64_t hit = (w - ones * 0x20) | ((w ^ ones * '"') - ones) | ((w ^ ones * '\\') - ones) | w;
        hit &= ones * 0x80;
        if (hit != 0)
            return p + __builtin_ctzll(hit) / 8;
    }
    while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80 && *p != '"' && *p != '\\')
        p++;
    return p;
}

static inline bool json_utf8_tail(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The length, 2 to 4, of the multi-byte character at p < end, or 0 when there is no valid one.
 * RFC 3629, section 4: only the second byte's range depends on the first. */
static inline size_t json_utf8_step(const char *p, const char *end)
{
    unsigned char first = (unsigned char)*p;
    size_t left = (size_t)(end - p);
    if (first < 0xc2 || first > 0xf4 || left < 2 || !json_utf8_tail(p[1]))
        return 0;
    if (first < 0xe0)
        return 2;
    unsigned char second = (unsigned char)p[1];
    if (left < 3 || !json_utf8_tail(p[2]))
        return 0;
    if (first < 0xf0)
        return (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ? 0 : 3;
    if (left < 4 || !json_utf8_tail(p[3]))
        return 0;
    return (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f) ? 0 : 4;
}

#endif
