/* SPDX-License-Identifier: Apache-2.0 */
/* The local addresses that connections come from. One address has only so many ports towards one target
 * (28,232 by default), and the more of them are taken, the longer connecting takes: so connections to IPv4
 * loopback targets are bound to several in turn, 127.0.0.1 onwards, and --source names addresses for any
 * target. */
#ifndef LOADTEST_SOURCES_H
#define LOADTEST_SOURCES_H

#include "loadtest/setup/target.h"

#define SOURCES_MAX 254

struct sources {
    unsigned count;                 /* 0: nothing is bound, the kernel chooses */
    struct sockaddr_storage *given; /* count of them; NULL: those of 127.0.0.0/8 */
};

/* How many ports one local address has for outgoing connections (net.ipv4.ip_local_port_range). */
unsigned sources_ports(void);
/* Takes the values of --source, `lists` of them: each is an IP address of this machine, or several with
 * commas in between; without any, sources_suffice() chooses. false with a sentence in why when one cannot be
 * bound; then nothing needs to be freed. */
bool sources_init(struct sources *sources, const char *const *list, unsigned lists, char *why, size_t size);
/* Whether so many connections, spread over the targets, have enough ports. false with a sentence in why when
 * not, or when a target cannot be reached from what was given. */
bool sources_suffice(struct sources *sources, unsigned connections, unsigned ports,
                     const struct target *targets, unsigned target_count, char *why, size_t size);
void sources_free(struct sources *sources);
/* Binds a new socket, the how-manieth of all. 0, or -1 with errno. */
int sources_bind(const struct sources *sources, int fd, unsigned socket, const struct sockaddr *to);

#endif
