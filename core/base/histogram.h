/* SPDX-License-Identifier: Apache-2.0 */
/* Log-linear histogram of unsigned values (HdrHistogram's layout with 2^6 sub-buckets per power of two:
 * the relative error is below 1.6 %). Fixed size, O(1) record, mergeable. Used for latencies in
 * microseconds. */
#ifndef CORE_BASE_HISTOGRAM_H
#define CORE_BASE_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 6
#define HISTOGRAM_MAX_BITS 40 /* values above 2^40 - 1 count as 2^40 - 1 */
#define HISTOGRAM_BUCKETS  ((HISTOGRAM_MAX_BITS - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS)

struct histogram {
    uint64_t count, sum, max;
    uint64_t bucket[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *h);
void histogram_record(struct histogram *h, uint64_t value);
void histogram_merge(struct histogram *into, const struct histogram *from);
/* What was recorded after `before`, an earlier state of `now`. The maximum is exact when nothing was recorded
 * before; otherwise it is the bound of the highest bucket. */
void histogram_difference(struct histogram *difference, const struct histogram *now,
                          const struct histogram *before);
/* The smallest recorded bucket bound that `fraction` (0..1) of all values do not exceed; 0 when empty. */
uint64_t histogram_quantile(const struct histogram *h, double fraction);
/* The largest value that counts in this bucket. */
uint64_t histogram_bucket_top(unsigned bucket);
/* How many recorded values are <= bound (to the bucket's precision). For Prometheus buckets. */
uint64_t histogram_count_le(const struct histogram *h, uint64_t bound);

#endif
