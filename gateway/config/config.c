/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration, put together from its four sources. */
#include "gateway/config/config.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/xalloc.h"
#include "core/broker/routes.h"

enum { WHY_MAX = 500 };

__attribute__((format(printf, 2, 3))) static void report(struct config_errors *e, const char *format, ...)
{
    char text[2 * WHY_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    e->count++;
    e->report(e->arg, text);
}

/* One setting from text; source: what stands before the message. */
static void set(struct config *c, const char *source, struct slice key, struct slice value,
                struct config_errors *e)
{
    char why[WHY_MAX];
    int err = settings_set(&c->settings, key, value, why, sizeof why);
    if (!err) {
        char *k = xstrndup(key), *v = xstrndup(value);
        err = config_check(k, v, why, sizeof why);
        free(k);
        free(v);
    }
    if (err)
        report(e, "%s: %s", source, why);
}

/* Lists of strings are for settings that are comma separated. */
static void set_list(struct config *c, const char *file, const char *key, const json_t *list,
                     struct config_errors *e)
{
    struct buf text;
    size_t i;
    json_t *item;
    buf_init(&text, SIZE_MAX / 4);
    json_array_foreach(list, i, item)
    {
        struct slice s = {json_string_value(item), json_string_length(item)};
        if (s.p == NULL || s.n == 0 || memchr(s.p, ',', s.n)) {
            report(e, "%s: %s[%zu]: expected a string without commas", file, key, i);
            buf_free(&text);
            return;
        }
        if (i > 0)
            (void)buf_addc(&text, ',');
        (void)buf_add(&text, s);
    }
    assert(!text.err);
    set(c, file, slice_of(key), buf_slice(&text), e);
    buf_free(&text);
}

static bool is_list_key(const char *key)
{
    return strcmp(key, "allowed_origins") == 0 || strcmp(key, "trusted_proxies") == 0;
}

static bool is_key(const char *key)
{
    for (size_t i = 0; i < settings_row_count; i++) {
        if (strcmp(key, settings_rows[i].key) == 0)
            return true;
    }
    return false;
}

static const char *type_name(const json_t *value)
{
    return json_is_array(value) ? "a list" : json_is_object(value) ? "an object" : "null";
}

/* A member of the file, other than "namespaces". */
static void set_member(struct config *c, const char *file, const char *key, const json_t *value,
                       struct config_errors *e)
{
    if (json_is_string(value)) {
        set(c, file, slice_of(key), (struct slice){json_string_value(value), json_string_length(value)}, e);
    } else if (json_is_boolean(value) || json_is_number(value) || !is_key(key)) {
        char *text = json_dumps(value, JSON_ENCODE_ANY);
        assert(text);
        set(c, file, slice_of(key), slice_of(text), e);
        free(text);
    } else if (json_is_array(value) && is_list_key(key)) {
        set_list(c, file, key, value, e);
    } else {
        report(e, "%s: %s: expected a string, a number, true or false%s, got %s", file, key,
               is_list_key(key) ? ", or a list of strings" : "", type_name(value));
    }
}

static json_t *parse_file(const char *file, struct config_errors *e)
{
    json_error_t error;
    struct stat st;
    FILE *in = fopen(file, "re");
    if (in == NULL || fstat(fileno(in), &st) != 0 || S_ISDIR(st.st_mode)) {
        report(e, "%s: cannot be read: %s", file, in ? "it is a folder" : strerror(errno));
        if (in)
            fclose(in);
        return NULL;
    }
    json_t *json = json_loadf(in, JSON_REJECT_DUPLICATES, &error);
    fclose(in);
    if (json == NULL)
        report(e, "%s: line %d, column %d: %s", file, error.line, error.column, error.text);
    return json;
}

static void read_file(struct config *c, const char *file, struct config_errors *e)
{
    const char *key;
    json_t *value, *json = parse_file(file, e);
    if (json == NULL)
        return;
    if (!json_is_object(json))
        report(e, "%s: expected an object, { \"listen\": ..., \"namespaces\": ... }", file);
    json_object_foreach(json, key, value)
    {
        if (strcmp(key, "namespaces") == 0)
            c->namespaces = json_incref(value);
        else
            set_member(c, file, key, value, e);
    }
    json_decref(json);
}

/* The value of ROOMCAST_<KEY>, or NULL; name: that, as text. */
static const char *variable(char **envp, const char *key, char *name, size_t name_size)
{
    size_t n = (size_t)snprintf(name, name_size, "ROOMCAST_%s", key);
    for (size_t i = 0; i < n; i++) {
        if (name[i] >= 'a' && name[i] <= 'z')
            name[i] = (char)(name[i] - 'a' + 'A');
    }
    for (; *envp; envp++) {
        if (strncmp(*envp, name, n) == 0 && (*envp)[n] == '=')
            return *envp + n + 1;
    }
    return NULL;
}

/* Variables are taken over together, then what they hold is looked at one by one. */
static void read_environment(struct config *c, char **envp, struct config_errors *e)
{
    char why[WHY_MAX], name[100];
    if (settings_from_environment(&c->settings, envp, why, sizeof why) != 0) {
        report(e, "environment: %s", why);
        return;
    }
    for (size_t i = 0; i < settings_row_count; i++) {
        const char *value = variable(envp, settings_rows[i].key, name, sizeof name);
        if (value && config_check(settings_rows[i].key, value, why, sizeof why) != 0)
            report(e, "environment: %s: %s", name, why);
    }
}

static void check_routes(struct config *c, const char *file, struct config_errors *e)
{
    char why[WHY_MAX];
    struct routes *routes = routes_compile(c->namespaces, &c->settings, why, sizeof why);
    if (routes == NULL)
        report(e, "%s: %s", file ? file : "built-in routes", why);
    else
        routes_free(routes);
}

int config_load(struct config *c, const struct options *o, char **envp, struct config_errors *errors)
{
    *c = (struct config){.namespaces = NULL};
    errors->count = 0;
    settings_init(&c->settings);
    if (o->config)
        read_file(c, o->config, errors);
    read_environment(c, envp, errors);
    for (size_t i = 0; i < o->setting_count; i++)
        set(c, o->settings[i].flag, o->settings[i].key, o->settings[i].value, errors);
    if (errors->count == 0) /* they depend on the limits */
        check_routes(c, o->config, errors);
    return errors->count == 0 ? 0 : ERR_BAD_REQUEST;
}

void config_free(struct config *c)
{
    settings_free(&c->settings);
    json_decref(c->namespaces);
    c->namespaces = NULL;
}

static json_t *value_of(const struct settings *s, const struct settings_row *row)
{
    const char *at = (const char *)s + row->offset;
    switch (row->kind) {
    case SETTINGS_UINT:
        return json_integer((json_int_t) * (const uint64_t *)(const void *)at);
    case SETTINGS_BOOL:
        return json_boolean(*(const bool *)at);
    case SETTINGS_STR:
        break;
    }
    return json_string(*(char *const *)(const void *)at);
}

void config_print(const struct config *c, FILE *out)
{
    json_t *json = json_object();
    int err = 0;
    for (size_t i = 0; i < settings_row_count; i++)
        err |= json_object_set_new(json, settings_rows[i].key, value_of(&c->settings, &settings_rows[i]));
    json_t *namespaces = c->namespaces ? json_incref(c->namespaces) : json_loads(routes_builtin, 0, NULL);
    err |= json_object_set_new(json, "namespaces", namespaces);
    assert(err == 0);
    if (json_dumpf(json, out, JSON_INDENT(2)) == 0)
        fputc('\n', out);
    json_decref(json);
}

void config_name_node(struct settings *s)
{
    char host[256] = "", name[33];
    if (*s->node_id)
        return;
    if (gethostname(host, sizeof host - 1) != 0 || *host == '\0')
        strcpy(host, "gateway");
    for (char *p = host; *p; p++) {
        bool good = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9');
        if (!good && *p != '-' && *p != '_')
            *p = '-';
    }
    int n = snprintf(name, sizeof name, "%.20s-%ld", host, (long)getpid());
    assert(n > 0 && (size_t)n < sizeof name);
    free(s->node_id);
    s->node_id = xstrndup(slice_of(name));
}

void config_setup_log(const struct settings *s)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    enum log_level level = LOG_ERROR;
    while (level < LOG_DEBUG && strcmp(s->log_level, levels[level]) != 0)
        level++;
    log_setup(level, strcmp(s->log_format, "json") == 0 ? LOG_JSON : LOG_TEXT);
}
