/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 checked (eight ASCII bytes at a time where there are such) and written. */
#include "core/base/utf8.h"

#include <assert.h>

static const unsigned char *skip_ascii(const unsigned char *p, const unsigned char *end)
{
    uint64_t eight;
    while (end - p >= 8) {
        memcpy(&eight, p, 8);
        if (eight & UINT64_C(0x8080808080808080))
            break;
        p += 8;
    }
    while (p < end && *p < 0x80)
        p++;
    return p;
}

/* The length of the sequence of two to four bytes at p, or 0. The second byte's range depends on the first
 * (RFC 3629 section 4): that excludes overlong forms, surrogates and what is above U+10FFFF. */
static size_t sequence(const unsigned char *p, const unsigned char *end)
{
    unsigned char lead = *p, low = 0x80, high = 0xBF;
    size_t n = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || (size_t)(end - p) < n)
        return 0;
    if (lead == 0xE0)
        low = 0xA0;
    else if (lead == 0xED)
        high = 0x9F;
    else if (lead == 0xF0)
        low = 0x90;
    else if (lead == 0xF4)
        high = 0x8F;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    return n;
}

bool utf8_valid(struct slice s)
{
    if (s.n == 0)
        return true;
    const unsigned char *p = (const unsigned char *)s.p, *end = p + s.n;
    while ((p = skip_ascii(p, end)) < end) {
        do {
            size_t n = sequence(p, end);
            if (n == 0)
                return false;
            p += n;
        } while (p < end && *p >= 0x80);
    }
    return true;
}

size_t utf8_put(char *out, uint32_t c)
{
    assert(c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF));
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}
