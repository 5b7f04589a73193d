/* SPDX-License-Identifier: Apache-2.0 */
/* The setting trusted_proxies: addresses and CIDR blocks, IPv4 and IPv6, compiled once. */
#ifndef GATEWAY_SERVER_PROXIES_H
#define GATEWAY_SERVER_PROXIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/slice.h"

struct proxy_block {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;
};

struct proxies {
    char *text; /* what it was compiled from */
    struct proxy_block *blocks;
    size_t count;
};

/* "10.0.0.0/8, ::1". 0, or ERR_BAD_REQUEST with `why` filled; p holds nothing then. Takes the place of what p
 * held; p starts as all zeros. */
int proxies_compile(struct proxies *p, const char *text, char *why, size_t why_size) MUST_CHECK;
void proxies_free(struct proxies *p);
bool proxies_trust(const struct proxies *p, struct slice address);
/* Who the request came from: peer, or, while the sender is trusted, whoever it says it forwards for
 * (X-Forwarded-For, its last element first). The result points into one of the two. */
struct slice proxies_client(const struct proxies *p, struct slice peer, struct slice forwarded_for);

#endif
