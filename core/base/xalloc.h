/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of a fixed small size that the program cannot go on without: aborts with a message when short.
 * Whatever a peer decides the size of uses plain malloc and returns ERR_NOMEM. */
#ifndef CORE_BASE_XALLOC_H
#define CORE_BASE_XALLOC_H

#include <stddef.h>

#include "core/base/slice.h"

void *xcalloc(size_t count, size_t size) __attribute__((returns_nonnull, malloc));
void *xrealloc(void *p, size_t size) __attribute__((returns_nonnull));
/* A zero terminated copy. */
char *xstrndup(struct slice s) __attribute__((returns_nonnull, malloc));

#endif
