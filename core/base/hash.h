/* SPDX-License-Identifier: Apache-2.0 */
/* Set-up of uthash: a seeded xxh3, so that names chosen by peers cannot be made to collide.
 * Include this instead of <uthash.h>. */
#ifndef CORE_BASE_HASH_H
#define CORE_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Call once at program start, before the first table is made, with a random number. */
void hash_seed(uint64_t seed);
unsigned hash_bytes(const void *p, size_t n);
/* Ends the program; used by uthash's macros. */
void hash_no_memory(void) __attribute__((noreturn));

#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = hash_bytes((keyptr), (keylen)))
#define uthash_fatal(msg)                    hash_no_memory()
#include <uthash.h>

#endif
