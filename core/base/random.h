/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes from the kernel (getrandom), and names made of them. */
#ifndef CORE_BASE_RANDOM_H
#define CORE_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

void random_bytes(void *p, size_t n);
uint64_t random_u64(void);
/* Fills out[0..n-1] with characters of A-Z a-z 0-9 - _ (6 bits of randomness each). No terminator. */
void random_name(char *out, size_t n);

#endif
