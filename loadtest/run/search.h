/* SPDX-License-Identifier: Apache-2.0 */
/* The search for the highest rate that holds: doubles until a rate does not hold, then halves the (geometric)
 * distance until the highest that held and the lowest that did not are close. A rate counts as not holding
 * when it failed twice: a machine's hiccup is no limit. Pure arithmetic. */
#ifndef LOADTEST_SEARCH_H
#define LOADTEST_SEARCH_H

#include <stdbool.h>

#define SEARCH_PRECISION 1.05 /* of the result */
#define SEARCH_LOWEST    1.0  /* messages per second */

struct search {
    double rate;       /* to try next */
    double low, high;  /* the highest that held, the lowest that did not; 0: none yet */
    double limit;      /* is not exceeded */
    unsigned failures; /* of this rate */
};

void search_init(struct search *search, double first, double limit);
/* What trying search->rate has shown. true: search->rate is to be tried next; false: search->low is the
 * result (0: not even SEARCH_LOWEST held). */
bool search_next(struct search *search, bool held);

#endif
