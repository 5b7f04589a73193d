/* SPDX-License-Identifier: Apache-2.0 */
/* The hash function under all tables. */
#include "core/base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

static uint64_t hash_secret;

void hash_seed(uint64_t seed)
{
    hash_secret = seed;
}

unsigned hash_bytes(const void *p, size_t n)
{
    return (unsigned)XXH3_64bits_withSeed(p, n, hash_secret);
}

void hash_no_memory(void)
{
    fputs("out of memory in a hash table\n", stderr);
    abort();
}
