/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes, read from the kernel in blocks: an id costs no system call of its own. Bytes that were handed
 * out are wiped from the block. One thread, and no fork without exec: a child would repeat its parent's
 * block. */
#include "core/base/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static unsigned char block[512];
static size_t left; /* bytes at the end of block that are fresh */

/* Without randomness ids could be guessed, so there is no going on without it. */
static void from_kernel(unsigned char *p, size_t n)
{
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            perror("getrandom");
            abort();
        }
        p += got;
        n -= (size_t)got;
    }
}

void random_bytes(void *p, size_t n)
{
    if (n > sizeof block / 2) {
        from_kernel(p, n);
        return;
    }
    if (n > left) {
        from_kernel(block, sizeof block);
        left = sizeof block;
    }
    unsigned char *fresh = block + sizeof block - left;
    if (n > 0)
        memcpy(p, fresh, n);
    explicit_bzero(fresh, n);
    left -= n;
}

uint64_t random_u64(void)
{
    uint64_t v;
    random_bytes(&v, sizeof v);
    return v;
}

void random_name(char *out, size_t n)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    random_bytes(out, n);
    for (size_t i = 0; i < n; i++)
        out[i] = alphabet[out[i] & 63];
}
