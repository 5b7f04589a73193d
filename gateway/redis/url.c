/* SPDX-License-Identifier: Apache-2.0 */
/* Redis URLs, taken apart from left to right. */
#include "gateway/redis/url.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "core/base/xalloc.h"
#include "gateway/gateway.h"

#define FORM "redis://[user:password@]HOST[:PORT][/DB]"

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A copy of s with %XX replaced; NULL when a % is not followed by two hexadecimal digits, or means NUL. */
static char *decode(struct slice s)
{
    char *out = xstrndup(s);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            int high = i + 2 < s.n ? digit_of(s.p[i + 1]) : -1, low = high < 0 ? -1 : digit_of(s.p[i + 2]);
            c = low < 0 ? '\0' : (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0') {
            free(out);
            return NULL;
        }
        out[n++] = c;
    }
    out[n] = '\0';
    return out;
}

/* A decimal number up to max, digits only. */
static bool parse_number(struct slice s, unsigned max, unsigned *out)
{
    unsigned v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v * 10 + (unsigned)(s.p[i] - '0');
        if (v > max)
            return false;
    }
    *out = v;
    return s.n > 0;
}

static const char *parse_user(struct redis_url *u, struct slice userinfo)
{
    const char *colon = memchr(userinfo.p, ':', userinfo.n);
    if (colon == NULL)
        return "the part before @ must be USER:PASSWORD, or :PASSWORD when there is no user";
    struct slice user = {userinfo.p, (size_t)(colon - userinfo.p)};
    if (user.n > 0)
        u->user = decode(user);
    u->password = decode(slice_from(userinfo, user.n + 1));
    if ((user.n > 0 && u->user == NULL) || u->password == NULL)
        return "% in the user or the password must be followed by two hexadecimal digits (% itself is %25)";
    return *u->password ? NULL : "the password is empty";
}

static const char *parse_port(struct redis_url *u, struct slice port)
{
    unsigned number = 6379;
    if (port.n > 0 && (!parse_number(slice_from(port, 1), 65535, &number) || number == 0))
        return "the port must be a number from 1 to 65535";
    snprintf(u->port, sizeof u->port, "%u", number);
    return NULL;
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT. */
static const char *parse_host(struct redis_url *u, struct slice s)
{
    bool bracket = s.n > 0 && s.p[0] == '[';
    const char *end = s.n == 0 ? NULL : memchr(s.p, bracket ? ']' : ':', s.n);
    if (!bracket && end && end != memrchr(s.p, ':', s.n))
        return "an IPv6 address needs brackets, as in redis://[::1]:6379";
    if (bracket && end == NULL)
        return "the ] of the address is missing";
    size_t n = end ? (size_t)(end - s.p) : s.n;
    struct slice host = bracket ? (struct slice){s.p + 1, n - 1} : (struct slice){s.p, n};
    struct slice port = slice_from(s, bracket ? n + 1 : n);
    if (port.n > 0 && port.p[0] != ':')
        return "after ] only :PORT may follow";
    if (host.n == 0 || host.n > 255)
        return "the host is missing";
    u->host = decode(host);
    return u->host ? parse_port(u, port) : "the host is not valid";
}

static const char *parse_path(struct redis_url *u, struct slice path)
{
    if (path.n <= 1)
        return NULL;
    if (parse_number(slice_from(path, 1), 1000000, &u->database))
        return NULL;
    if (memchr(path.p, '@', path.n))
        return "a / in the user or the password must be written as %2F";
    return "after the / only the number of the database may follow";
}

static const char *parse(struct redis_url *u, struct slice s)
{
    if (slice_starts(s, "rediss://"))
        return "TLS to Redis (rediss://) is not supported: use redis:// over a private network or a tunnel";
    if (!slice_starts(s, "redis://"))
        return "it must begin with redis://";
    s = slice_from(s, strlen("redis://"));
    if (s.n > 0 && (memchr(s.p, '?', s.n) || memchr(s.p, '#', s.n)))
        return "? and # are not supported (in a password write %3F and %23)";
    const char *slash = s.n > 0 ? memchr(s.p, '/', s.n) : NULL;
    struct slice authority = {s.p, slash ? (size_t)(slash - s.p) : s.n};
    const char *wrong = parse_path(u, slice_from(s, authority.n));
    if (wrong)
        return wrong;
    const char *at = authority.n > 0 ? memrchr(authority.p, '@', authority.n) : NULL;
    if (at == NULL)
        return parse_host(u, authority);
    size_t user_n = (size_t)(at - authority.p);
    wrong = parse_user(u, (struct slice){authority.p, user_n});
    return wrong ? wrong : parse_host(u, slice_from(authority, user_n + 1));
}

int redis_url_parse(struct redis_url *u, const char *url, char *why, size_t why_size)
{
    *u = (struct redis_url){0};
    const char *wrong = parse(u, slice_of(url));
    if (wrong == NULL)
        return 0;
    redis_url_free(u);
    snprintf(why, why_size, "expected " FORM ": %s", wrong);
    return ERR_BAD_REQUEST;
}

void redis_url_free(struct redis_url *u)
{
    free(u->host);
    free(u->user);
    free(u->password);
    *u = (struct redis_url){0};
}

int redis_url_check(const char *url, char *why, size_t why_size)
{
    struct redis_url u;
    int err = redis_url_parse(&u, url, why, why_size);
    if (!err)
        redis_url_free(&u);
    return err;
}
