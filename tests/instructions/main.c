/* SPDX-License-Identifier: Apache-2.0 */
/* A deterministic driver of the core paths. Alone it does nothing of interest: tests/instructions/run counts
 * the instructions that its function measured() takes.
 *
 *     instructions              what it was built with, and the cases: name, tab, unit
 *     instructions CASE         does it; prints how many units were done inside of measured() */
#include <gnu/libc-version.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/instructions/measure.h"
#include "tests/instructions/world.h"

#ifdef __clang__
#define COMPILER "clang"
#else
#define COMPILER "gcc"
#endif

static const struct measures *const tables[] = {&measures_fanout, &measures_publish, &measures_life,
                                                &measures_bytes};
#define TABLES (sizeof tables / sizeof tables[0])

void measured(const struct measure *m) __attribute__((noinline, noclone));

/* callgrind counts from its beginning to its end (--toggle-collect). */
void measured(const struct measure *m)
{
    m->repeat(m, m->repetitions);
}

static void list(void)
{
    printf("%s %s, glibc %s, %s\n", COMPILER, __VERSION__, gnu_get_libc_version(), ARCHITECTURE);
    for (unsigned t = 0; t < TABLES; t++)
        for (unsigned i = 0; i < tables[t]->count; i++)
            printf("%s\t%s\n", tables[t]->v[i].name, tables[t]->v[i].per);
}

static const struct measure *find(const char *name)
{
    for (unsigned t = 0; t < TABLES; t++)
        for (unsigned i = 0; i < tables[t]->count; i++)
            if (strcmp(tables[t]->v[i].name, name) == 0)
                return &tables[t]->v[i];
    return NULL;
}

/* The first repetitions fill caches and free lists. */
static int run(const struct measure *m)
{
    unsigned warm_up = m->repetitions / 10 + 1;
    world_init();
    m->set_up(m, warm_up + m->repetitions);
    m->repeat(m, warm_up);
    uint64_t before = m->done();
    measured(m);
    uint64_t units = m->done() - before, expected = (uint64_t)m->repetitions * m->units;
    if (units != expected) {
        fprintf(stderr, "%s: %" PRIu64 " units were done, expected %" PRIu64 "\n", m->name, units, expected);
        return 1;
    }
    printf("%" PRIu64 "\n", units);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 1) {
        list();
        return 0;
    }
    const struct measure *m = argc == 2 ? find(argv[1]) : NULL;
    if (m == NULL) {
        fprintf(stderr, "usage: instructions [CASE]; without CASE it lists them\n");
        return 2;
    }
    return run(m);
}
