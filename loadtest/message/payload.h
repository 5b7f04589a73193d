/* SPDX-License-Identifier: Apache-2.0 */
/* What a message says: {"p":publisher,"s":sequence,"t":due,"x":"padding"}, a JSON object of an exact size. */
#ifndef LOADTEST_PAYLOAD_H
#define LOADTEST_PAYLOAD_H

#include <stdbool.h>

#include "core/base/slice.h"

#define PAYLOAD_MIN 64 /* holds any three numbers */
#define PAYLOAD_MAX 1000000

struct payload {
    uint32_t publisher, sequence;
    uint64_t due; /* microseconds of CLOCK_MONOTONIC */
};

/* For tables: consecutive messages of a publisher are in consecutive places. */
static inline uint32_t payload_hash(const struct payload *payload)
{
    return payload->publisher * 0x9e3779b1u + payload->sequence;
}

/* Writes exactly `size` bytes, PAYLOAD_MIN <= size. */
void payload_write(const struct payload *payload, char *out, size_t size);
/* Reads what payload_write(size) wrote, also when a server took it apart and printed it anew (white space,
 * order of members). ERR_PARSE for anything else, and when the padding is not what it was. */
int payload_read(struct slice text, size_t size, struct payload *payload) MUST_CHECK;

/* The same for many, where each comes several times: once to each member of a room, and mostly after the one
 * that it came after before. */
struct payload_seen;
struct payload_reader {
    size_t size;
    struct payload_seen *seen; /* the latest, what they say */
    char *texts;               /* and how they read */
    uint32_t count;            /* of those: a power of two */
    uint32_t last;             /* which one was read last */
};

void payload_reader_init(struct payload_reader *reader, size_t size);
void payload_reader_free(struct payload_reader *reader);
int payload_reader_read(struct payload_reader *reader, struct slice text, struct payload *payload) MUST_CHECK;
/* The first one that stands anywhere in this text: valid JSON, or values of it separated by commas. It may be
 * deep inside of other values, and within a string, or a string in a string, with its quotes escaped. */
int payload_reader_find(struct payload_reader *reader, struct slice text, struct payload *payload) MUST_CHECK;

#endif
