/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is shared with the processes that are forked later. */
#ifndef LOADTEST_SHARED_H
#define LOADTEST_SHARED_H

#include <stddef.h>

/* Zeroes; pages are only taken when they are written. NULL with errno. */
void *shared_new(size_t size);
void shared_free(void *memory, size_t size);

#endif
