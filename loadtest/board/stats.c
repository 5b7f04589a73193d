/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a run, and the verdict on them. */
#include "loadtest/board/stats.h"

#include <string.h>

const struct stat_info stat_info[STATS] = {
#define X(symbol, key, fault, text) [symbol] = {key, fault, text},
    STATS_TABLE(X)
#undef X
};

void stats_add(struct stats *sum, const struct stats *stats)
{
    for (int i = 0; i < STATS; i++)
        sum->count[i] += stats->count[i];
#define X(member, key, text) histogram_merge(&sum->member, &stats->member);
    HISTOGRAMS_TABLE(X)
#undef X
    sum->frames += stats->frames;
    sum->reads += stats->reads;
    sum->bytes += stats->bytes;
    if (sum->first_refusal[0] == '\0')
        memcpy(sum->first_refusal, stats->first_refusal, sizeof sum->first_refusal);
}

void stats_difference(struct stats *difference, const struct stats *now, const struct stats *before)
{
    for (int i = 0; i < STATS; i++)
        difference->count[i] = now->count[i] - before->count[i];
#define X(member, key, text) histogram_difference(&difference->member, &now->member, &before->member);
    HISTOGRAMS_TABLE(X)
#undef X
    difference->frames = now->frames - before->frames;
    difference->reads = now->reads - before->reads;
    difference->bytes = now->bytes - before->bytes;
    memset(difference->first_refusal, 0, sizeof difference->first_refusal);
    if (difference->count[STAT_REFUSED] > 0)
        memcpy(difference->first_refusal, now->first_refusal, sizeof difference->first_refusal);
}

bool stat_is_fault(enum stat stat, bool cut)
{
    return stat_info[stat].fault == FAULT_ALWAYS || (stat_info[stat].fault == FAULT_UNLESS_CUT && !cut);
}

uint64_t stats_tried(const struct stats *stats)
{
    return stats->count[STAT_PUBLISHED] + stats->count[STAT_UNSENT];
}

bool stats_failed(const struct stats *stats, bool cut, bool acks)
{
    for (int i = 0; i < STATS; i++)
        if (stat_is_fault((enum stat)i, cut) && stats->count[i] > 0)
            return true;
    return acks && stats_tried(stats) > 0 && stats->count[STAT_ACKNOWLEDGED] == 0;
}
