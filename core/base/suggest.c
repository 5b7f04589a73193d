/* SPDX-License-Identifier: Apache-2.0 */
/* Levenshtein's distance between names reduced to lower case letters and digits. */
#include "core/base/suggest.h"

static size_t reduce(struct slice name, char out[SUGGEST_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < name.n && n < SUGGEST_MAX; i++) {
        char c = name.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            out[n++] = c;
    }
    return n;
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

static unsigned distance(struct slice a, struct slice b)
{
    unsigned row[SUGGEST_MAX + 1];
    for (unsigned j = 0; j <= b.n; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b.n; j++) {
            unsigned above = row[j];
            row[j] = min3(above + 1, row[j - 1] + 1, diagonal + (a.p[i - 1] != b.p[j - 1]));
            diagonal = above;
        }
    }
    return row[b.n];
}

/* Close is: at most a third of the letters wrong. */
void suggest_init(struct suggestion *s, struct slice wrong)
{
    s->n = reduce(wrong, s->wrong);
    s->distance = (unsigned)(s->n / 3) + 1;
    s->best = NULL;
}

void suggest_offer(struct suggestion *s, const char *candidate)
{
    char right[SUGGEST_MAX];
    size_t n = reduce(slice_of(candidate), right);
    unsigned d = distance((struct slice){s->wrong, s->n}, (struct slice){right, n});
    if (d < s->distance) {
        s->distance = d;
        s->best = candidate;
    }
}
