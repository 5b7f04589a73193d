/* SPDX-License-Identifier: Apache-2.0 */
/* The log-linear histogram. Row 0 of SUB buckets holds the values below SUB one by one; row r > 0 holds those
 * of [SUB << (r - 1), SUB << r) in SUB buckets, each 1 << (r - 1) wide. */
#include "core/base/histogram.h"

#include <assert.h>
#include <string.h>

#define SUB       (1u << HISTOGRAM_SUB_BITS)
#define MAX_VALUE ((UINT64_C(1) << HISTOGRAM_MAX_BITS) - 1)

static unsigned bucket_of(uint64_t value)
{
    if (value < SUB)
        return (unsigned)value;
    unsigned shift = 63 - (unsigned)__builtin_clzll(value) - HISTOGRAM_SUB_BITS;
    return shift * SUB + (unsigned)(value >> shift);
}

uint64_t histogram_bucket_top(unsigned bucket)
{
    if (bucket < SUB)
        return bucket;
    unsigned shift = bucket / SUB - 1;
    return ((uint64_t)(bucket % SUB + SUB + 1) << shift) - 1;
}

void histogram_clear(struct histogram *h)
{
    memset(h, 0, sizeof *h);
}

void histogram_record(struct histogram *h, uint64_t value)
{
    if (value > MAX_VALUE)
        value = MAX_VALUE;
    h->bucket[bucket_of(value)]++;
    h->count++;
    h->sum += value;
    if (value > h->max)
        h->max = value;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        into->bucket[i] += from->bucket[i];
    into->count += from->count;
    into->sum += from->sum;
    if (from->max > into->max)
        into->max = from->max;
}

void histogram_difference(struct histogram *difference, const struct histogram *now,
                          const struct histogram *before)
{
    unsigned highest = 0;
    uint64_t count = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        difference->bucket[i] = now->bucket[i] - before->bucket[i];
        count += difference->bucket[i];
        if (difference->bucket[i] > 0)
            highest = i;
    }
    difference->max = count == 0 ? 0 : before->count == 0 ? now->max : histogram_bucket_top(highest);
    if (difference->max > now->max)
        difference->max = now->max;
    difference->count = count;
    difference->sum = now->sum - before->sum;
}

/* How many values a fraction of all is, rounded up, at least one. */
static uint64_t rank_of(const struct histogram *h, double fraction)
{
    double exact = fraction * (double)h->count;
    uint64_t rank = (uint64_t)exact;
    if ((double)rank < exact || rank == 0)
        rank++;
    return rank > h->count ? h->count : rank;
}

uint64_t histogram_quantile(const struct histogram *h, double fraction)
{
    assert(fraction >= 0 && fraction <= 1);
    if (h->count == 0)
        return 0;
    uint64_t rank = rank_of(h, fraction), seen = 0;
    unsigned i = 0;
    while ((seen += h->bucket[i]) < rank)
        i++;
    uint64_t top = histogram_bucket_top(i);
    return top < h->max ? top : h->max;
}

uint64_t histogram_count_le(const struct histogram *h, uint64_t bound)
{
    unsigned last = bucket_of(bound > MAX_VALUE ? MAX_VALUE : bound);
    uint64_t n = 0;
    for (unsigned i = 0; i <= last; i++)
        n += h->bucket[i];
    return n;
}
