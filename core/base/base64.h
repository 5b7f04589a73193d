/* SPDX-License-Identifier: Apache-2.0 */
/* Standard base64 (RFC 4648 section 4), padded. */
#ifndef CORE_BASE_BASE64_H
#define CORE_BASE_BASE64_H

#include "core/base/slice.h"

static inline size_t base64_encoded_size(size_t n)
{
    return (n + 2) / 3 * 4;
}

/* Writes base64_encoded_size(in.n) bytes; returns that number. */
size_t base64_encode(struct slice in, char *out);
/* Decodes at most in.n / 4 * 3 + 3 bytes into out. Padding may be missing, but not in part;
 * - and _ are accepted for + and /, and bits that do not make a byte are ignored.
 * out may be in.p: it is read before it is written. Returns the number of bytes, or ERR_PARSE. */
long base64_decode(struct slice in, char *out) MUST_CHECK;

#endif
