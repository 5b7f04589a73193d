/* SPDX-License-Identifier: Apache-2.0 */
/* What the servers' processes use, for those that --pid names: read from /proc, as the kernel accounts it. */
#ifndef LOADTEST_SERVERS_H
#define LOADTEST_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVERS_MAX 64

struct server_usage {
    double cpu_seconds;  /* user and system, since it was started */
    uint64_t rss_bytes;  /* resident memory */
    uint64_t peak_bytes; /* the most that it has ever been; 0: not known */
    uint32_t threads;
};

struct servers {
    struct server {
        pid_t pid;
        char name[32];
        bool gone; /* it has ended: usage is what was seen last */
        struct server_usage usage, at_start;
    } server[SERVERS_MAX];
    uint32_t count;
};

/* false with a sentence in why when one of them cannot be read. */
bool servers_init(struct servers *servers, const pid_t *pids, uint32_t count, char *why, size_t size);
/* Reads the usage anew; returns the sum, in which those that have ended still count with their CPU time. */
struct server_usage servers_read(struct servers *servers);
/* The sum when it began. */
struct server_usage servers_at_start(const struct servers *servers);

#endif
