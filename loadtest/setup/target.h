/* SPDX-License-Identifier: Apache-2.0 */
/* Where the load goes: one --url, taken apart and resolved, and whether it may be loaded without asking. */
#ifndef LOADTEST_TARGET_H
#define LOADTEST_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct target {
    const char *url; /* as given */
    char host[256];  /* without the brackets of an IPv6 address */
    char port[6];
    struct sockaddr_storage addr;
    socklen_t addr_len;
    char text[80]; /* the resolved address, for messages: "127.0.0.1:3000", "[::1]:3000" */
};

/* Both return false with a whole sentence in why[0..size-1]. */
/* http://HOST[:PORT] or ws://HOST[:PORT], a "/" at the end at most. `url` must outlive the target. */
bool target_parse(struct target *target, const char *url, char *why, size_t size);
/* Takes the first IPv4 address of the host, or the first of any kind; for 0.0.0.0 and ::, this machine, its
 * loopback address. */
bool target_resolve(struct target *target, char *why, size_t size);

/* "Host:" header: the port is left out when it is 80. */
void target_host_header(const struct target *target, char *out, size_t size);

bool address_is_loopback(const struct sockaddr *addr);
/* 0.0.0.0 or ::, which name no address. */
bool address_is_unspecified(const struct sockaddr *addr);
/* Loopback, RFC 1918, IPv6 link-local, or unique local (fc00::/7). Not 169.254.0.0/16: there clouds have
 * services of theirs. */
bool address_is_private(const struct sockaddr *addr);

#endif
