/* SPDX-License-Identifier: Apache-2.0 */
/* What is measured: each row of a table is one case, run in a process of its own. */
#ifndef TESTS_INSTRUCTIONS_MEASURE_H
#define TESTS_INSTRUCTIONS_MEASURE_H

#include "core/dialect/dialect.h"

struct measure {
    const char *name;
    const char *per; /* the unit whose price is told */
    unsigned repetitions;
    unsigned units; /* of one repetition */
    /* Not counted. `all`: how many repetitions follow, those that only warm up included. */
    void (*set_up)(const struct measure *m, unsigned all);
    /* Counted. */
    void (*repeat)(const struct measure *m, unsigned n);
    /* How many units have really been done by now, from what the code under test says itself. */
    uint64_t (*done)(void);
    /* Parameters of those that differ in nothing else. */
    enum dialect_index dialect;
    unsigned rooms, members, messages;
    bool excepted; /* each message is for all members but its sender, and each has another sender */
};

struct measures {
    const struct measure *v;
    unsigned count;
};

extern const struct measures measures_fanout, measures_publish, measures_life, measures_bytes;

#endif
