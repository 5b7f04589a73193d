/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that ends the program when memory is short. */
#include "core/base/xalloc.h"

#include <stdio.h>
#include <stdlib.h>

static void *must(void *p)
{
    if (p == NULL) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return p;
}

/* A size of 0 is made 1: what malloc answers for 0 may be NULL without being a failure. */
void *xcalloc(size_t count, size_t size)
{
    return must(count == 0 || size == 0 ? calloc(1, 1) : calloc(count, size));
}

void *xrealloc(void *p, size_t size)
{
    return must(realloc(p, size == 0 ? 1 : size));
}

char *xstrndup(struct slice s)
{
    char *z = must(malloc(s.n + 1));
    if (s.n > 0)
        memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    return z;
}
