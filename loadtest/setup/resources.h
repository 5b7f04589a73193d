/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine has to give for many connections: file descriptors, and local addresses and ports. */
#ifndef LOADTEST_RESOURCES_H
#define LOADTEST_RESOURCES_H

#include "loadtest/setup/target.h"

/* Raises RLIMIT_NOFILE as far as it goes, up to what so many sockets need, and returns how many sockets a
 * process may open now. */
unsigned resources_sockets(unsigned wanted);

/* Local addresses that connections to loopback targets are bound to in turn, 127.0.0.1 onwards, because one
 * address has only so many ports (28,232 by default), and the more of them are taken, the longer connecting
 * takes. */
struct sources {
    unsigned count; /* 0: nothing is bound, the kernel chooses */
};

/* How many ports one local address has for outgoing connections (net.ipv4.ip_local_port_range). */
unsigned resources_ports(void);
/* false with a sentence in why when a target that is not on an IPv4 loopback address would need several. */
bool sources_init(struct sources *sources, unsigned connections, unsigned ports, const struct target *targets,
                  unsigned target_count, char *why, size_t size);
/* Binds a new socket for the how-manieth connection. 0, or -1 with errno. */
int sources_bind(const struct sources *sources, int fd, unsigned connection, const struct sockaddr *to);

#endif
