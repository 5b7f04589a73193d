/* SPDX-License-Identifier: Apache-2.0 */
/* File descriptors and local addresses for many connections. */
#include "loadtest/setup/resources.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define SPARE_FILES   32 /* standard streams, epoll, timer, signals, --json, libraries */
#define DEFAULT_PORTS 28232
#define MAX_SOURCES   254
#define EASY_SHARE                                                                                           \
    4 /* of an address's ports: when more are taken, the kernel's search for a free one takes long */
#define LOOPBACK_FIRST 0x7f000001u

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

unsigned resources_ports(void)
{
    unsigned low = 0, high = 0;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    if (!file)
        return DEFAULT_PORTS;
    int got = fscanf(file, "%u %u", &low, &high);
    fclose(file);
    return got == 2 && low <= high && high < 65536 ? high - low + 1 : DEFAULT_PORTS;
}

bool sources_init(struct sources *sources, unsigned connections, unsigned ports, const struct target *targets,
                  unsigned target_count, char *why, size_t size)
{
    sources->count = 0;
    unsigned usable = ports - ports / 20; /* others use some, and a few linger in TIME_WAIT */
    if (usable == 0)
        usable = 1;
    unsigned per_target = connections / target_count + 1;
    for (unsigned i = 0; i < target_count; i++) {
        const struct sockaddr *to = (const struct sockaddr *)&targets[i].addr;
        bool can_bind = to->sa_family == AF_INET && address_is_loopback(to);
        if (!can_bind && per_target > usable) {
            snprintf(why, size,
                     "%u connections to %s are more than one local address has ports for (about %u): only "
                     "127.0.0.0/8 targets are reached from several, otherwise run several load generators",
                     per_target, targets[i].text, usable);
            return false;
        }
    }
    unsigned easy = ports / EASY_SHARE > 0 ? ports / EASY_SHARE : 1;
    if (connections <= easy)
        return true;
    sources->count = (connections + easy - 1) / easy;
    if (sources->count > MAX_SOURCES)
        sources->count = MAX_SOURCES;
    if ((connections + sources->count - 1) / sources->count <= usable)
        return true;
    snprintf(why, size, "%u connections are more than %u local addresses have ports for", connections,
             MAX_SOURCES);
    return false;
}

int sources_bind(const struct sources *sources, int fd, unsigned connection, const struct sockaddr *to)
{
    int on = 1;
    if (sources->count == 0 || to->sa_family != AF_INET || !address_is_loopback(to))
        return 0;
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(LOOPBACK_FIRST + connection % sources->count)};
    /* The port is chosen at connect(), when the other end is known: then it needs to be free only towards it.
     */
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0)
        return -1;
    return bind(fd, (const struct sockaddr *)&from, sizeof from);
}
