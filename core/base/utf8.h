/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef CORE_BASE_UTF8_H
#define CORE_BASE_UTF8_H

#include "core/base/slice.h"

bool utf8_valid(struct slice s);
/* Writes the code point (a Unicode scalar value) to out[0..3]; returns 1 to 4. */
size_t utf8_put(char *out, uint32_t code_point);

#endif
