/* SPDX-License-Identifier: Apache-2.0 */
/* File descriptors for many connections. */
#include "loadtest/setup/resources.h"

#include <sys/resource.h>

#define SPARE_FILES 32 /* standard streams, epoll, timer, signals, --json, libraries */

unsigned resources_sockets(unsigned wanted)
{
    struct rlimit limit;
    rlim_t needed = (rlim_t)wanted + SPARE_FILES;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    if (limit.rlim_cur < needed) {
        struct rlimit higher = {needed, limit.rlim_max < needed ? needed : limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &higher) ==
            0) /* past the hard limit only root may, and not everywhere */
            return wanted;
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= needed)
        return wanted;
    return limit.rlim_cur > SPARE_FILES ? (unsigned)(limit.rlim_cur - SPARE_FILES) : 0;
}
