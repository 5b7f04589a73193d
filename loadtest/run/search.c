/* SPDX-License-Identifier: Apache-2.0 */
/* The search for the highest rate that holds. */
#include "loadtest/run/search.h"

#include <math.h>

void search_init(struct search *search, double first, double limit)
{
    *search = (struct search){.rate = first < limit ? first : limit, .limit = limit};
}

static bool between(struct search *search)
{
    if (search->high <= search->low * SEARCH_PRECISION)
        return false;
    search->rate = sqrt(search->low * search->high);
    return true;
}

static bool higher(struct search *search)
{
    search->low = search->rate;
    if (search->high > 0)
        return between(search);
    if (search->rate >= search->limit)
        return false;
    search->rate = search->rate * 2 < search->limit ? search->rate * 2 : search->limit;
    return true;
}

static bool lower(struct search *search)
{
    search->high = search->rate;
    if (search->low > 0)
        return between(search);
    if (search->rate <= SEARCH_LOWEST)
        return false;
    search->rate = search->rate / 2 > SEARCH_LOWEST ? search->rate / 2 : SEARCH_LOWEST;
    return true;
}

bool search_next(struct search *search, bool held)
{
    if (!held && ++search->failures < 2)
        return true;
    search->failures = 0;
    return held ? higher(search) : lower(search);
}
