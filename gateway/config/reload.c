/* SPDX-License-Identifier: Apache-2.0 */
/* Taking over a new configuration while the gateway runs. */
#include "gateway/config/reload.h"

#include <string.h>

#include "core/base/log.h"

enum { NAMES_MAX = 1000 };

/* Whole, where log_quote() would cut it: what to do is at its end. */
static void report(void *arg, const char *text)
{
    (void)arg;
    char quoted[NAMES_MAX];
    size_t n = 0;
    for (; text[n] && n < sizeof quoted - 1; n++)
        quoted[n] = text[n] == '"' || text[n] == '\\' ? '\'' : (unsigned char)text[n] < ' ' ? ' ' : text[n];
    quoted[n] = '\0';
    log_error("reload failed, nothing was changed", "reason=\"%s\"", quoted);
}

/* The keys that will be taken over, comma separated. Their values may be secrets. */
static void changed_keys(const struct settings *old, const struct settings *new, char *names, size_t size)
{
    size_t n = 0;
    *names = '\0';
    for (size_t i = 0; i < settings_row_count; i++) {
        const struct settings_row *row = &settings_rows[i];
        if (row->reload && n < size && !settings_same(old, new, row))
            n += (size_t)snprintf(names + n, size - n, "%s%s", n ? "," : "", row->key);
    }
}

static bool same_json(const json_t *a, const json_t *b)
{
    return a == b || (a && b && json_equal(a, b));
}

/* What the log says about the routes. routes are used or freed. */
static const char *take_routes(struct reload *r, json_t *namespaces, struct routes *routes)
{
    struct gateway *g = r->gateway;
    if (same_json(r->namespaces, namespaces)) {
        routes_free(routes);
        return "same";
    }
    if (broker_set_routes(g->broker, routes) != 0) {
        routes_free(routes);
        return "restart";
    }
    routes_free(g->routes);
    g->routes = routes;
    json_decref(r->namespaces);
    r->namespaces = json_incref(namespaces);
    return "changed";
}

static void take_over(struct reload *r, const struct config *c, struct routes *routes)
{
    char changed[NAMES_MAX], restart[NAMES_MAX];
    struct settings *s = &r->gateway->settings;
    changed_keys(s, &c->settings, changed, sizeof changed);
    unsigned count = settings_reload(s, &c->settings, restart, sizeof restart);
    config_setup_log(s);
    const char *routes_are = take_routes(r, c->namespaces, routes);
    log_info("configuration reloaded", "changed=%u keys=\"%s\" routes=%s", count, changed, routes_are);
    if (*restart)
        log_warn("settings that need a restart were not taken over", "keys=\"%s\"", restart);
    if (strcmp(routes_are, "restart") == 0)
        log_warn("namespaces were added or removed: the routes need a restart", NULL);
}

void reload_config(struct reload *r)
{
    struct config c;
    struct config_errors errors = {.report = report};
    if (config_load(&c, r->options, r->envp, &errors) == 0) {
        char why[500], text[600];
        config_name_node(&c.settings);
        /* Limits are not taken over: the routes must hold under those in force. */
        struct routes *routes = routes_compile(c.namespaces, &r->gateway->settings, why, sizeof why);
        if (routes) {
            take_over(r, &c, routes);
        } else {
            snprintf(text, sizeof text, "with the limits in force, which need a restart: %s", why);
            report(NULL, text);
        }
    }
    config_free(&c);
}
