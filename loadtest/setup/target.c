/* SPDX-License-Identifier: Apache-2.0 */
/* Takes URLs apart, resolves them, and tells one's own addresses from other people's. */
#include "loadtest/setup/target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORM "expected http://HOST[:PORT] or ws://HOST[:PORT]"

static bool fail(char *why, size_t size, const char *url, const char *reason)
{
    snprintf(why, size, "\"%s\": %s", url, reason);
    return false;
}

static bool copy(char *out, size_t size, const char *from, size_t n)
{
    if (n == 0 || n >= size)
        return false;
    memcpy(out, from, n);
    out[n] = '\0';
    return true;
}

static bool is_port(const char *text)
{
    size_t n = strlen(text);
    if (n == 0 || n > 5 || strspn(text, "0123456789") != n)
        return false;
    long port = strtol(text, NULL, 10);
    return port >= 1 && port <= 65535;
}

/* HOST, HOST:PORT or [IPv6]:PORT, n bytes long. */
static bool parse_authority(struct target *target, const char *p, size_t n)
{
    const char *end = p + n, *host = p, *host_end, *port;
    if (n > 0 && *p == '[') {
        host = p + 1;
        host_end = memchr(p, ']', n);
        if (!host_end)
            return false;
        port = host_end + 1;
    } else {
        host_end = memchr(p, ':', n);
        if (!host_end)
            host_end = end;
        port = host_end;
    }
    if (!copy(target->host, sizeof target->host, host, (size_t)(host_end - host)))
        return false;
    if (port == end)
        return copy(target->port, sizeof target->port, "80", 2);
    return *port == ':' && copy(target->port, sizeof target->port, port + 1, (size_t)(end - port - 1)) &&
           is_port(target->port);
}

bool target_parse(struct target *target, const char *url, char *why, size_t size)
{
    *target = (struct target){.url = url};
    const char *p = strstr(url, "://");
    if (!p)
        return fail(why, size, url, FORM);
    size_t scheme = (size_t)(p - url);
    if ((scheme == 5 && strncmp(url, "https", 5) == 0) || (scheme == 3 && strncmp(url, "wss", 3) == 0))
        return fail(why, size, url,
                    "TLS is not supported: give the plain http:// port behind the proxy that terminates it");
    if (!(scheme == 4 && strncmp(url, "http", 4) == 0) && !(scheme == 2 && strncmp(url, "ws", 2) == 0))
        return fail(why, size, url, FORM);
    p += 3;
    size_t n = strcspn(p, "/?#");
    if (p[n] != '\0' && strcmp(p + n, "/") != 0)
        return fail(why, size, url, "a URL has no path here, use --path (and --namespace)");
    if (memchr(p, '@', n) || !parse_authority(target, p, n))
        return fail(why, size, url, FORM);
    return true;
}

static void describe(struct target *target)
{
    char host[64] = "?", port[8] = "?";
    getnameinfo((const struct sockaddr *)&target->addr, target->addr_len, host, sizeof host, port,
                sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    bool brackets = strchr(host, ':') != NULL;
    snprintf(target->text, sizeof target->text, "%s%s%s:%s", brackets ? "[" : "", host, brackets ? "]" : "",
             port);
}

/* What connecting to "any address" means, but not from any address. */
static void take_loopback(struct target *target)
{
    if (target->addr.ss_family == AF_INET)
        ((struct sockaddr_in *)(void *)&target->addr)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        ((struct sockaddr_in6 *)(void *)&target->addr)->sin6_addr = in6addr_loopback;
}

bool target_resolve(struct target *target, char *why, size_t size)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found;
    int err = getaddrinfo(target->host, target->port, &hints, &found);
    if (err != 0) {
        snprintf(why, size, "cannot resolve host \"%s\" of %s: %s", target->host, target->url,
                 err == EAI_SYSTEM ? strerror(errno) : gai_strerror(err));
        return false;
    }
    const struct addrinfo *best = found;
    while (best && best->ai_family != AF_INET)
        best = best->ai_next;
    if (!best)
        best = found;
    memcpy(&target->addr, best->ai_addr, best->ai_addrlen);
    target->addr_len = best->ai_addrlen;
    freeaddrinfo(found);
    if (address_is_unspecified((const struct sockaddr *)&target->addr))
        take_loopback(target);
    describe(target);
    return true;
}

void target_host_header(const struct target *target, char *out, size_t size)
{
    bool brackets = strchr(target->host, ':') != NULL, plain = strcmp(target->port, "80") == 0;
    snprintf(out, size, "%s%s%s%s%s", brackets ? "[" : "", target->host, brackets ? "]" : "",
             plain ? "" : ":", plain ? "" : target->port);
}

struct network {
    unsigned char prefix[4];
    unsigned bits;
};

static bool in_network(const unsigned char *address, const struct network *network)
{
    for (unsigned bit = 0; bit < network->bits; bit++)
        if ((address[bit / 8] ^ network->prefix[bit / 8]) & (0x80u >> bit % 8))
            return false;
    return true;
}

static const struct network v4_private[] = {{{127}, 8}, {{10}, 8}, {{172, 16}, 12}, {{192, 168}, 16}};
static const struct network v6_private[] = {{{0xfc}, 7}, {{0xfe, 0x80}, 10}};

static bool in_any(const unsigned char *address, const struct network *network, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (in_network(address, &network[i]))
            return true;
    return false;
}

/* The bytes of an IPv4 address, also of one mapped into IPv6 (::ffff:1.2.3.4); NULL for true IPv6. */
static const unsigned char *v4_bytes(const struct sockaddr *addr)
{
    if (addr->sa_family == AF_INET)
        return (const unsigned char *)&((const struct sockaddr_in *)(const void *)addr)->sin_addr;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr;
    return IN6_IS_ADDR_V4MAPPED(v6) ? v6->s6_addr + 12 : NULL;
}

bool address_is_loopback(const struct sockaddr *addr)
{
    const unsigned char *v4 = v4_bytes(addr);
    if (v4)
        return v4[0] == 127;
    return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr);
}

bool address_is_unspecified(const struct sockaddr *addr)
{
    static const unsigned char zeros[4];
    const unsigned char *v4 = v4_bytes(addr);
    if (v4)
        return memcmp(v4, zeros, sizeof zeros) == 0;
    return IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr);
}

bool address_is_private(const struct sockaddr *addr)
{
    const unsigned char *v4 = v4_bytes(addr);
    if (v4)
        return in_any(v4, v4_private, sizeof v4_private / sizeof *v4_private);
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)addr)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) ||
           in_any(v6->s6_addr, v6_private, sizeof v6_private / sizeof *v6_private);
}
