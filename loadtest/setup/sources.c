/* SPDX-License-Identifier: Apache-2.0 */
/* Local addresses and ports for many connections. */
#include "loadtest/setup/sources.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/slice.h"
#include "core/base/xalloc.h"

#define DEFAULT_PORTS 28232
#define EASY_SHARE                                                                                           \
    4 /* of an address's ports: when more are taken, the kernel's search for a free one takes long */
#define LOOPBACK_FIRST 0x7f000001u
#define GOLDEN         2654435769u /* 2^32 divided by the golden ratio */

unsigned sources_ports(void)
{
    unsigned low = 0, high = 0;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    if (!file)
        return DEFAULT_PORTS;
    int got = fscanf(file, "%u %u", &low, &high);
    fclose(file);
    return got == 2 && low <= high && high < 65536 ? high - low + 1 : DEFAULT_PORTS;
}

/* ---- addresses that are given */

static bool parse(struct sockaddr_storage *addr, struct slice text)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found;
    char host[100];
    if (text.n == 0 || text.n >= sizeof host)
        return false;
    memcpy(host, text.p, text.n);
    host[text.n] = '\0';
    if (getaddrinfo(host, NULL, &hints, &found) != 0)
        return false;
    memset(addr, 0, sizeof *addr);
    memcpy(addr, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return true;
}

static socklen_t size_of(const struct sockaddr_storage *addr)
{
    return addr->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

/* false with errno. */
static bool can_bind(const struct sockaddr_storage *addr)
{
    int fd = socket(addr->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool bound = bind(fd, (const struct sockaddr *)addr, size_of(addr)) == 0;
    int err = errno;
    close(fd);
    errno = err;
    return bound;
}

static bool is_there(const struct sources *sources, const struct sockaddr_storage *addr)
{
    for (unsigned i = 0; i < sources->count; i++)
        if (memcmp(&sources->given[i], addr, sizeof *addr) == 0)
            return true;
    return false;
}

static bool add(struct sources *sources, struct slice text, char *why, size_t size)
{
    struct sockaddr_storage addr;
    int n = text.n < 100 ? (int)text.n : 100;
    bool fine = false;
    if (!parse(&addr, text))
        snprintf(why, size, "expected an IP address of this machine, or several with commas, got \"%.*s\"", n,
                 text.p);
    else if (address_is_unspecified((const struct sockaddr *)&addr))
        snprintf(why, size, "\"%.*s\" is no address to connect from", n, text.p);
    else if (is_there(sources, &addr))
        snprintf(why, size, "\"%.*s\" is given twice", n, text.p);
    else if (sources->count == SOURCES_MAX)
        snprintf(why, size, "expected at most %d addresses, \"%.*s\" is one more", SOURCES_MAX, n, text.p);
    else if (!can_bind(&addr))
        snprintf(why, size, "\"%.*s\" is not an address of this machine that can be connected from: %s", n,
                 text.p, strerror(errno));
    else
        fine = true;
    if (!fine)
        return false;
    sources->given = xrealloc(sources->given, (sources->count + 1) * sizeof *sources->given);
    sources->given[sources->count++] = addr;
    return true;
}

bool sources_init(struct sources *sources, const char *const *list, unsigned lists, char *why, size_t size)
{
    *sources = (struct sources){0};
    for (unsigned i = 0; i < lists; i++) {
        const char *p = list[i];
        for (size_t n;; p += n + 1) {
            n = strcspn(p, ",");
            if (!add(sources, (struct slice){p, n}, why, size)) {
                sources_free(sources);
                return false;
            }
            if (p[n] == '\0')
                break;
        }
    }
    return true;
}

void sources_free(struct sources *sources)
{
    free(sources->given);
    *sources = (struct sources){0};
}

/* ---- whether they are enough */

/* Others use some ports, and a few linger in TIME_WAIT. */
static unsigned usable_ports(unsigned ports)
{
    unsigned usable = ports - ports / 20;
    return usable > 0 ? usable : 1;
}

static bool same_family(const struct sources *sources, const struct target *target, char *why, size_t size)
{
    for (unsigned i = 0; i < sources->count; i++) {
        const struct sockaddr_storage *from = &sources->given[i];
        char text[INET6_ADDRSTRLEN + 32] = "?";
        if (from->ss_family == target->addr.ss_family)
            continue;
        getnameinfo((const struct sockaddr *)from, size_of(from), text, sizeof text, NULL, 0, NI_NUMERICHOST);
        snprintf(why, size, "option --source: %s cannot reach %s (%s): expected %s addresses", text,
                 target->url, target->text, target->addr.ss_family == AF_INET ? "IPv4" : "IPv6");
        return false;
    }
    return true;
}

static bool given_suffice(const struct sources *sources, unsigned per_target, unsigned usable,
                          const struct target *targets, unsigned target_count, char *why, size_t size)
{
    for (unsigned i = 0; i < target_count; i++)
        if (!same_family(sources, &targets[i], why, size))
            return false;
    if ((per_target + sources->count - 1) / sources->count <= usable)
        return true;
    snprintf(
        why, size,
        "%u connections to %s are more than the %u address%s of --source ha%s ports for (about %u each): "
        "give it more of this machine's addresses, or run several load generators",
        per_target, targets[0].text, sources->count, sources->count == 1 ? "" : "es",
        sources->count == 1 ? "s" : "ve", usable);
    return false;
}

static bool takes_any_loopback(const struct sockaddr *to)
{
    return to->sa_family == AF_INET && address_is_loopback(to);
}

/* Sets the count of loopback addresses. */
static bool choose(struct sources *sources, unsigned connections, unsigned ports, char *why, size_t size)
{
    unsigned easy = ports / EASY_SHARE > 0 ? ports / EASY_SHARE : 1;
    if (connections <= easy)
        return true;
    sources->count = (connections + easy - 1) / easy;
    if (sources->count > SOURCES_MAX)
        sources->count = SOURCES_MAX;
    if ((connections + sources->count - 1) / sources->count <= usable_ports(ports))
        return true;
    snprintf(why, size, "%u connections are more than %u local addresses have ports for", connections,
             SOURCES_MAX);
    return false;
}

bool sources_suffice(struct sources *sources, unsigned connections, unsigned ports,
                     const struct target *targets, unsigned target_count, char *why, size_t size)
{
    unsigned usable = usable_ports(ports), per_target = connections / target_count + 1;
    if (sources->given)
        return given_suffice(sources, per_target, usable, targets, target_count, why, size);
    for (unsigned i = 0; i < target_count; i++) {
        if (takes_any_loopback((const struct sockaddr *)&targets[i].addr) || per_target <= usable)
            continue;
        snprintf(
            why, size,
            "%u connections to %s are more than one local address has ports for (about %u): give several "
            "of this machine's addresses with --source, or run several load generators",
            per_target, targets[i].text, usable);
        return false;
    }
    return choose(sources, connections, ports, why, size);
}

/* ---- binding */

/* Which of the given ones. Multiples of the golden ratio spread evenly, and so do every second, third and so
 * on of them: as many connections to each URL come from each address, though URLs take turns, too. */
static unsigned nth_given(const struct sources *sources, unsigned socket)
{
    return (unsigned)((uint64_t)(uint32_t)(socket * GOLDEN) * sources->count >> 32);
}

int sources_bind(const struct sources *sources, int fd, unsigned socket, const struct sockaddr *to)
{
    int on = 1;
    if (sources->count == 0 || (!sources->given && !takes_any_loopback(to)))
        return 0;
    struct sockaddr_storage from = {0};
    if (sources->given)
        from = sources->given[nth_given(sources, socket)];
    else
        *(struct sockaddr_in *)(void *)&from = (struct sockaddr_in){
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(LOOPBACK_FIRST + socket % sources->count)};
    /* The port is chosen at connect(), when the other end is known: then it needs to be free only towards it.
     */
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0)
        return -1;
    return bind(fd, (const struct sockaddr *)&from, size_of(&from));
}
