/* SPDX-License-Identifier: Apache-2.0 */
/* Counters and gauges of one gateway: plain numbers in one struct, printed as Prometheus text. */
#ifndef CORE_BASE_METRICS_H
#define CORE_BASE_METRICS_H

#include "core/base/buf.h"
#include "core/base/close_reason.h"
#include "core/base/err.h"
#include "core/base/histogram.h"

enum metric {
#define X(sym, kind, name, labels, help) sym,
#include "core/base/metrics_table.h"
#undef X
    METRIC_COUNT
};

#define METRICS_ERRORS 32 /* above the largest -err of ERR_TABLE */

struct metrics {
    uint64_t v[METRIC_COUNT];
    uint64_t closes[CLOSE_REASONS]; /* roomcast_closes_total{reason} */
    uint64_t
        refusals[METRICS_ERRORS]; /* roomcast_refusals_total{reason}: events and requests refused, by -err */
    struct histogram bus_latency; /* microseconds from publish to acceptance */
    struct histogram loop_lag;    /* microseconds that one loop turn took */
};

/* Appends everything in the text format 0.0.4, build info (version, node) included. */
int metrics_print(const struct metrics *m, struct slice node, struct buf *out) MUST_CHECK;

#endif
