/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: a table of flags, some of which are short for a setting. */
#include "gateway/config/options.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "core/base/settings.h"
#include "core/base/suggest.h"
#include "core/base/xalloc.h"

static const struct flag {
    const char *name;
    const char *value;          /* what follows it, or NULL: then it is an action */
    const char *key;            /* the setting that it is short for */
    enum options_action action; /* without a value */
    const char *help;
} flags[] = {
    {"--config", "FILE", NULL, OPTIONS_RUN, "read settings and routes from a JSON file"},
    {"--listen", "[HOST:]PORT", "listen", OPTIONS_RUN, "where to accept connections"},
    {"--bus", "BUS", "bus", OPTIONS_RUN, "memory, or redis://[user:password@]HOST[:PORT][/DB]"},
    {"--node-id", "ID", "node_id", OPTIONS_RUN, "this gateway's name in the cluster"},
    {"--set", "KEY=VALUE", NULL, OPTIONS_RUN, "any setting of the table below; may be repeated"},
    {"--check-config", NULL, NULL, OPTIONS_CHECK_CONFIG,
     "check settings and routes, and exit: 0 good, 2 bad"},
    {"--print-config", NULL, NULL, OPTIONS_PRINT_CONFIG,
     "print what is in force, as a configuration file, and exit"},
    {"--print-config-table", NULL, NULL, OPTIONS_PRINT_CONFIG_TABLE,
     "print all settings as a Markdown table, and exit"},
    {"--version", NULL, NULL, OPTIONS_VERSION, "print the version, and exit"},
    {"--help", NULL, NULL, OPTIONS_HELP, "print this, and exit"},
};
enum { FLAGS = sizeof flags / sizeof flags[0] };

static const struct flag *find(struct slice name)
{
    for (size_t i = 0; i < FLAGS; i++) {
        if (slice_is(name, flags[i].name) || (slice_is(name, "-h") && flags[i].action == OPTIONS_HELP))
            return &flags[i];
    }
    return NULL;
}

static int unknown(struct slice name, char *why, size_t why_size)
{
    struct suggestion s;
    suggest_init(&s, name);
    for (size_t i = 0; i < FLAGS; i++)
        suggest_offer(&s, flags[i].name);
    if (name.n < 2 || name.p[0] != '-')
        snprintf(why, why_size, "unexpected argument \"%.*s\"", SLICE_FMT(name));
    else if (s.best)
        snprintf(why, why_size, "unknown option %.*s (did you mean %s?)", SLICE_FMT(name), s.best);
    else
        snprintf(why, why_size, "unknown option %.*s", SLICE_FMT(name));
    return ERR_BAD_REQUEST;
}

static void add_setting(struct options *o, const char *flag, struct slice key, struct slice value)
{
    o->settings = xrealloc(o->settings, (o->setting_count + 1) * sizeof *o->settings);
    o->settings[o->setting_count++] = (struct options_setting){flag, key, value};
}

static int take_set(struct options *o, const char *value, char *why, size_t why_size)
{
    const char *equals = strchr(value, '=');
    if (equals == NULL || equals == value) {
        snprintf(why, why_size, "--set: expected KEY=VALUE, got \"%s\"", value);
        return ERR_BAD_REQUEST;
    }
    add_setting(o, "--set", (struct slice){value, (size_t)(equals - value)}, slice_of(equals + 1));
    return 0;
}

static int take_config(struct options *o, const char *value, char *why, size_t why_size)
{
    if (o->config || *value == '\0') {
        snprintf(why, why_size, o->config ? "--config was given twice" : "--config: expected a FILE");
        return ERR_BAD_REQUEST;
    }
    o->config = value;
    return 0;
}

static int take_value(struct options *o, const struct flag *flag, const char *value, char *why,
                      size_t why_size)
{
    if (flag->key == NULL)
        return strcmp(flag->name, "--set") == 0 ? take_set(o, value, why, why_size)
                                                : take_config(o, value, why, why_size);
    add_setting(o, flag->name, slice_of(flag->key), slice_of(value));
    return 0;
}

/* Of several actions the last one counts. */
static int take_action(struct options *o, const struct flag *flag, const char *value, char *why,
                       size_t why_size)
{
    if (value) {
        snprintf(why, why_size, "%s takes no value", flag->name);
        return ERR_BAD_REQUEST;
    }
    o->action = flag->action;
    return 0;
}

/* --flag VALUE and --flag=VALUE. *argv is moved on to the last word that was used. */
static int take_flag(struct options *o, char ***argv, char *why, size_t why_size)
{
    const char *word = **argv, *equals = strchr(word, '=');
    struct slice name = {word, equals ? (size_t)(equals - word) : strlen(word)};
    const struct flag *flag = find(name);
    const char *value = equals ? equals + 1 : NULL;
    if (flag == NULL)
        return unknown(name, why, why_size);
    if (flag->value == NULL)
        return take_action(o, flag, value, why, why_size);
    if (value == NULL)
        value = *++*argv;
    if (value == NULL) {
        --*argv;
        snprintf(why, why_size, "%s: %s is missing after it", flag->name, flag->value);
        return ERR_BAD_REQUEST;
    }
    return take_value(o, flag, value, why, why_size);
}

int options_parse(struct options *o, char **argv, char *why, size_t why_size)
{
    *o = (struct options){.action = OPTIONS_RUN};
    for (char **word = argv + 1; *word; word++) {
        int err = take_flag(o, &word, why, why_size);
        if (err)
            return err;
    }
    return 0;
}

void options_free(struct options *o)
{
    free(o->settings);
    *o = (struct options){0};
}

static void help_flags(FILE *out)
{
    fputs(
        "Usage: roomcast-gateway [OPTION]...\n\n"
        "Accepts Socket.IO, WebSocket, SSE and HTTP clients and carries what they publish to everybody who\n"
        "is in the same room, on this gateway and on all others that share its bus. Without options it\n"
        "serves the demo on port 3000, alone.\n\nOptions:\n",
        out);
    for (size_t i = 0; i < FLAGS; i++) {
        char left[60];
        snprintf(left, sizeof left, "%s %s", flags[i].name, flags[i].value ? flags[i].value : "");
        fprintf(out, "  %-22s %s\n", left, flags[i].help);
    }
}

static void help_setting(FILE *out, const struct settings_row *row)
{
    char range[80] = "";
    if (row->kind == SETTINGS_UINT)
        snprintf(range, sizeof range, "   (%" PRIu64 " to %" PRIu64 "%s%s)", row->min, row->max,
                 *row->unit ? " " : "", row->unit);
    else if (row->kind == SETTINGS_BOOL)
        snprintf(range, sizeof range, "   (true, false)");
    fprintf(out, "  %s = %s%s%s\n      %s\n", row->key, *row->def ? row->def : "\"\"", range,
            row->reload ? "   *" : "", row->help);
}

void options_help(FILE *out)
{
    help_flags(out);
    fputs("\nSettings (key = default, range; * SIGHUP takes a new value over). Each can be given as a member "
          "of\n"
          "the file, as an environment variable (ROOMCAST_PING_INTERVAL_MS=25000) and as an option\n"
          "(--set ping_interval_ms=25000). Options win over environment over file over default.\n\n",
          out);
    for (size_t i = 0; i < settings_row_count; i++)
        help_setting(out, &settings_rows[i]);
    fputs("\nThe file is one JSON object: settings, and \"namespaces\" with the routes:\n"
          "  { \"listen\": \"127.0.0.1:3000\", \"trusted_proxies\": [\"10.0.0.0/8\"],\n"
          "    \"namespaces\": { \"/\": { \"routes\": { \"echo\": [ {\"ack\": \"$args\"} ] } } } }\n"
          "\nSignals:\n"
          "  SIGTERM, SIGINT  not ready, no new connections, close the others evenly over drain_timeout_ms,\n"
          "                   exit. The second one: exit at once\n"
          "  SIGHUP           read file and environment again; the log says what changed\n"
          "\nExit status: 0 after a signal, 1 when it cannot listen, 2 for a wrong option or configuration.\n"
          "\nExamples:\n"
          "  roomcast-gateway\n"
          "  roomcast-gateway --listen 127.0.0.1:3001 --bus redis://127.0.0.1:6379 --node-id a\n"
          "  roomcast-gateway --config /etc/roomcast/roomcast.json --check-config\n"
          "  roomcast-gateway --print-config >roomcast.json\n"
          "  ROOMCAST_BUS=redis://:secret@redis/0 roomcast-gateway --set log_format=json\n",
          out);
}
