/* SPDX-License-Identifier: Apache-2.0 */
/* "did you mean ...?": the candidate that a misspelled name is closest to, if any is close. Case and
 * punctuation do not count: pingInterval is close to ping_interval_ms. */
#ifndef CORE_BASE_SUGGEST_H
#define CORE_BASE_SUGGEST_H

#include "core/base/slice.h"

#define SUGGEST_MAX 64 /* letters and digits of a name that are compared */

struct suggestion {
    const char *best; /* the closest of those offered, or NULL when none is close */
    unsigned distance;
    size_t n;
    char wrong[SUGGEST_MAX];
};

void suggest_init(struct suggestion *s, struct slice wrong);
/* candidate must live as long as the answer is used. */
void suggest_offer(struct suggestion *s, const char *candidate);

#endif
