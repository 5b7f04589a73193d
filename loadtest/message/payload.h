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

/* Writes exactly `size` bytes, PAYLOAD_MIN <= size. */
void payload_write(const struct payload *payload, char *out, size_t size);
/* Reads what payload_write(size) wrote, also when a server took it apart and printed it anew (white space,
 * order of members). ERR_PARSE for anything else, and when the padding is not what it was. */
int payload_read(struct slice text, size_t size, struct payload *payload) MUST_CHECK;

/* The same for many, where most come several times in a row: once to each member of a room. */
struct payload_reader {
    size_t size;
    bool any;   /* has been read */
    char *text; /* the last, and what it says */
    struct payload payload;
};

void payload_reader_init(struct payload_reader *reader, size_t size);
void payload_reader_free(struct payload_reader *reader);
int payload_reader_read(struct payload_reader *reader, struct slice text, struct payload *payload) MUST_CHECK;
/* The first one that stands anywhere in this text: valid JSON, or values of it separated by commas. It may be
 * deep inside of other values, and within a string, or a string in a string, with its quotes escaped. */
int payload_reader_find(struct payload_reader *reader, struct slice text, struct payload *payload) MUST_CHECK;

#endif
