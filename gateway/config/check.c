/* SPDX-License-Identifier: Apache-2.0 */
/* Settings whose text has a form of its own: one row and one function each. */
#include <stdlib.h>
#include <sys/stat.h>

#include <arpa/inet.h>

#include "core/base/err.h"
#include "gateway/config/config.h"
#include "gateway/gateway.h"
#include "gateway/server/proxies.h"

/* Returns what is expected, or NULL when the value is good. */
typedef const char *(*check_fn)(const char *value);
/* Writes a text of its own. */
typedef int (*explain_fn)(const char *value, char *why, size_t why_size);

static bool all_of(const char *value, const char *more)
{
    for (; *value; value++) {
        bool letter = (*value >= 'a' && *value <= 'z') || (*value >= 'A' && *value <= 'Z');
        bool digit = *value >= '0' && *value <= '9';
        if (!letter && !digit && !strchr(more, *value))
            return false;
    }
    return true;
}

static const char *check_port(const char *port)
{
    if (strlen(port) == 0 || strlen(port) > 5 || strspn(port, "0123456789") != strlen(port))
        return "a port from 0 to 65535, or HOST:PORT";
    return atoi(port) <= 65535 ? NULL : "a port from 0 to 65535, or HOST:PORT";
}

static const char *check_listen(const char *value)
{
    char host[256];
    struct in6_addr address;
    const char *colon = strrchr(value, ':');
    if (colon == NULL)
        return check_port(value);
    size_t n = (size_t)(colon - value);
    if (n == 0 || n >= sizeof host)
        return "[HOST:]PORT";
    memcpy(host, value, n);
    host[n] = '\0';
    if (host[0] == '[') {
        if (host[n - 1] != ']')
            return "[HOST:]PORT";
        host[n - 1] = '\0';
        return inet_pton(AF_INET6, host + 1, &address) == 1 ? check_port(colon + 1)
                                                            : "an IPv6 address in [ ]";
    }
    if (strchr(host, ':'))
        return "[HOST:]PORT, with an IPv6 address in [ ]";
    if (strspn(host, "0123456789.") == n && inet_pton(AF_INET, host, &address) != 1)
        return "an IPv4 address, or a host name, before the port";
    return all_of(host, ".-_") ? check_port(colon + 1) : "[HOST:]PORT";
}

/* Never shows a password: of a URL that is not taken only the scheme. */
static int explain_bus(const char *value, char *why, size_t why_size)
{
    const char *scheme = strstr(value, "://");
    if (strcmp(value, "memory") == 0)
        return 0;
    if (strncmp(value, "redis", 5) == 0 && scheme)
        return redis_url_check(value, why, why_size);
    int shown = scheme ? (int)(scheme + 3 - value) : strchr(value, '@') ? 0 : (int)strlen(value);
    snprintf(why, why_size, "expected memory, or redis://[user:password@]HOST[:PORT][/DB], got \"%.*s%s\"",
             shown > 60 ? 60 : shown, value, value[shown] ? "..." : "");
    return ERR_BAD_REQUEST;
}

static const char *check_bus_prefix(const char *value)
{
    bool good = *value && strlen(value) <= 64 && all_of(value, "_-.:/{}");
    return good ? NULL : "1 to 64 of A-Z a-z 0-9 _ - . : / { }";
}

static const char *check_node_id(const char *value)
{
    return strlen(value) <= 32 && all_of(value, "_-") ? NULL : "1 to 32 of A-Z a-z 0-9 _ -, or nothing";
}

static const char *check_static_dir(const char *value)
{
    struct stat st;
    if (*value == '\0' || strcmp(value, "none") == 0)
        return NULL;
    return stat(value, &st) == 0 && S_ISDIR(st.st_mode) ? NULL : "a folder that exists, or none";
}

static int explain_proxies(const char *value, char *why, size_t why_size)
{
    struct proxies p = {0};
    int err = proxies_compile(&p, value, why, why_size);
    if (!err)
        proxies_free(&p);
    return err;
}

/* scheme://host[:port], as browsers write it: no path, so no slash at the end either. */
static bool is_origin(struct slice s)
{
    const char *scheme = s.n > 0 ? memmem(s.p, s.n, "://", 3) : NULL;
    if (slice_is(s, "*") || slice_is(s, "null"))
        return true;
    if (scheme == NULL || scheme == s.p)
        return false;
    struct slice host = slice_from(s, (size_t)(scheme + 3 - s.p));
    return host.n > 0 && !memchr(host.p, '/', host.n) && !memchr(host.p, ' ', host.n);
}

static const char *check_origins(const char *value)
{
    while (*value) {
        size_t n = strcspn(value, ",");
        struct slice s = {value, n};
        while (s.n > 0 && s.p[0] == ' ')
            s = slice_from(s, 1);
        while (s.n > 0 && s.p[s.n - 1] == ' ')
            s.n--;
        if (!is_origin(s))
            return "* or origins like https://example.com, without a path or a slash at the end";
        value += n + (value[n] == ',');
    }
    return NULL;
}

static const char *check_token(const char *value)
{
    for (const char *p = value; *p; p++) {
        if (*p <= ' ' || *p >= 0x7F)
            return "ASCII without blanks";
    }
    return NULL;
}

static const char *check_level(const char *value)
{
    bool good = strcmp(value, "error") == 0 || strcmp(value, "warn") == 0 || strcmp(value, "info") == 0 ||
                strcmp(value, "debug") == 0;
    return good ? NULL : "error, warn, info or debug";
}

static const char *check_format(const char *value)
{
    return strcmp(value, "text") == 0 || strcmp(value, "json") == 0 ? NULL : "text or json";
}

static const struct row {
    const char *key;
    check_fn check;
    explain_fn explain;
} rows[] = {
    {"listen", check_listen, NULL},
    {"bus", NULL, explain_bus},
    {"bus_prefix", check_bus_prefix, NULL},
    {"node_id", check_node_id, NULL},
    {"static_dir", check_static_dir, NULL},
    {"allowed_origins", check_origins, NULL},
    {"trusted_proxies", NULL, explain_proxies},
    {"publish_token", check_token, NULL},
    {"log_level", check_level, NULL},
    {"log_format", check_format, NULL},
};

static int check(const struct row *row, const char *value, char *why, size_t why_size)
{
    char own[400];
    if (row->explain) {
        if (row->explain(value, own, sizeof own) == 0)
            return 0;
        size_t n = strlen(row->key); /* some say the key themselves */
        bool named = strncmp(own, row->key, n) == 0 && own[n] == ':';
        snprintf(why, why_size, "%s%s%s", named ? "" : row->key, named ? "" : ": ", own);
        return ERR_BAD_REQUEST;
    }
    const char *expected = row->check(value);
    if (expected == NULL)
        return 0;
    if (row->check == check_token) /* a secret */
        snprintf(why, why_size, "%s: expected %s", row->key, expected);
    else
        snprintf(why, why_size, "%s: expected %s, got \"%.100s\"", row->key, expected, value);
    return ERR_BAD_REQUEST;
}

int config_check(const char *key, const char *value, char *why, size_t why_size)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(key, rows[i].key) == 0)
            return check(&rows[i], value, why, why_size);
    }
    return 0;
}
