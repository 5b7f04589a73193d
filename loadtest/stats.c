/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a run, and the verdict on them. */
#include "loadtest/stats.h"

const struct stat_info stat_info[STATS] = {
#define X(symbol, key, fault, text) [symbol] = {key, fault, text},
    STATS_TABLE(X)
#undef X
};

bool stats_failed(const struct stats *stats)
{
    if (stats->error[0] != '\0')
        return true;
    for (int i = 0; i < STATS; i++)
        if (stat_info[i].fault && stats->count[i] > 0)
            return true;
    return stats->count[STAT_PUBLISHED] > 0 && stats->count[STAT_ACKNOWLEDGED] == 0;
}
