/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of roomcast-load. */
#include "loadtest/setup/options.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/codec/json.h"
#include "loadtest/dialect/dialect.h"
#include "loadtest/scenario/scenario.h"
#include "loadtest/scenario/scenarios.h"
#include "loadtest/setup/options_check.h"
#include "loadtest/setup/options_table.h"

#define NOT_GIVEN      UINT32_MAX
#define MAX_AUTH_DEPTH 64
#define SEARCH_MAX_P99 100     /* milliseconds; --help says so, too */
#define LATE_US        1000000 /* likewise */

static enum options_result bad(const char *name, const char *expected, const char *value)
{
    fprintf(stderr, "roomcast-load: option %s: expected %s, got \"%s\"\n", name, expected, value);
    return OPTIONS_BAD;
}

static bool parse_number(const char *text, double *number)
{
    char *end;
    errno = 0;
    *number = strtod(text, &end);
    return end != text && *end == '\0' && errno == 0 && isfinite(*number);
}

static enum options_result set_number(void *member, const struct option *o, const char *value)
{
    char expected[80];
    double number;
    bool whole = o->kind == COUNT;
    snprintf(expected, sizeof expected, "a %s from %.12g to %.12g", whole ? "whole number" : "number", o->min,
             o->max);
    bool plain = !whole || strspn(value, "0123456789") == strlen(value);
    if (!plain || !parse_number(value, &number) || number < o->min || number > o->max)
        return bad(o->name, expected, value);
    if (whole)
        *(uint32_t *)member = (uint32_t)number;
    else
        *(double *)member = number;
    return OPTIONS_RUN;
}

static const char *check_auth(struct slice text)
{
    struct slice value;
    bool object =
        text.n <= OPTIONS_MAX_AUTH && json_check(text, MAX_AUTH_DEPTH, &value) == 0 && value.p[0] == '{';
    return object ? NULL : "a JSON object of at most 65536 bytes";
}

static enum options_result set_text(void *member, const struct option *o, const char *value)
{
    size_t n = strlen(value);
    if (o->kind == NAME && (n == 0 || n > 200))
        return bad(o->name, "1 to 200 bytes", value);
    if (o->kind == NAMESPACE && (value[0] != '/' || n > 200))
        return bad(o->name, "a text that begins with / and has at most 200 bytes", value);
    if (o->kind == NAMESPACE && strchr(value, ','))
        return bad(o->name, "a namespace without a comma", value);
    struct template template;
    const char *expected = o->kind == PATH   ? template_target(&template, value)
                           : o->kind == ARGS ? template_args(&template, value, o->min > 0)
                           : o->kind == AUTH ? check_auth(slice_of(value))
                                             : NULL;
    if (expected)
        return bad(o->name, expected, value);
    if (n == 0)
        return bad(o->name, "a text that is not empty", value);
    *(const char **)member = value;
    return OPTIONS_RUN;
}

static enum options_result add_url(struct options *options, const struct option *o, const char *value)
{
    if (options->urls == OPTIONS_MAX_URLS)
        return bad(o->name, "at most 64 URLs", value);
    options->url[options->urls++] = value;
    return OPTIONS_RUN;
}

static enum options_result add_source(struct options *options, const struct option *o, const char *value)
{
    if (options->sources == OPTIONS_MAX_SOURCES)
        return bad(o->name, "to be given at most 64 times", value);
    options->source[options->sources++] = value;
    return OPTIONS_RUN;
}

static enum options_result add_pid(struct options *options, const struct option *o, const char *value)
{
    double number;
    if (options->pids == OPTIONS_MAX_PIDS)
        return bad(o->name, "at most 64 processes", value);
    if (!parse_number(value, &number) || strspn(value, "0123456789") != strlen(value) || number < 1 ||
        number > INT_MAX)
        return bad(o->name, "the number of a process", value);
    options->pid[options->pids++] = (pid_t)number;
    return OPTIONS_RUN;
}

static void add_choice(char *list, size_t size, size_t i, const char *name)
{
    size_t n = strlen(list);
    snprintf(list + n, size - n, "%s %s", i > 0 ? "," : "", name);
}

static enum options_result set_scenario(struct options *options, const struct option *o, const char *value)
{
    char expected[200] = "one of";
    options->scenario = scenario_find(value);
    for (size_t i = 0; scenario_at(i); i++)
        add_choice(expected, sizeof expected, i, scenario_at(i)->name);
    return options->scenario ? OPTIONS_RUN : bad(o->name, expected, value);
}

static enum options_result set_dialect(struct options *options, const struct option *o, const char *value)
{
    char expected[200] = "one of";
    options->dialect = load_dialect_find(value);
    for (size_t i = 0; load_dialect_at(i); i++)
        add_choice(expected, sizeof expected, i, load_dialect_at(i)->name);
    return options->dialect ? OPTIONS_RUN : bad(o->name, expected, value);
}

static enum options_result set(struct options *options, const struct option *o, const char *value)
{
    void *member = (char *)options + o->offset;
    switch (o->kind) {
    case COUNT:
    case NUMBER:
        return set_number(member, o, value);
    case URL:
        return add_url(options, o, value);
    case SOURCE:
        return add_source(options, o, value);
    case PID:
        return add_pid(options, o, value);
    case SCENARIO:
        return set_scenario(options, o, value);
    case DIALECT:
        return set_dialect(options, o, value);
    case FLAG:
        *(bool *)member = true;
        return OPTIONS_RUN;
    case HELP:
        options_print_help();
        return OPTIONS_DONE;
    case LIST:
        scenario_list(stdout);
        return OPTIONS_DONE;
    case VERSION:
        puts("roomcast-load " ROOMCAST_VERSION);
        return OPTIONS_DONE;
    case TEXT:
    case NAME:
    case NAMESPACE:
    case PATH:
    case ARGS:
    case AUTH:
        break;
    }
    return set_text(member, o, value);
}

/* The option that `text` names, before its "=" if it has one. */
static const struct option *find(const char *text)
{
    if (strcmp(text, "-h") == 0)
        text = "--help";
    size_t n = strcspn(text, "=");
    for (size_t i = 0; i < option_count; i++)
        if (strlen(option_table[i].name) == n && strncmp(option_table[i].name, text, n) == 0)
            return &option_table[i];
    return NULL;
}

/* The option argv[*i], and its value if it has one; *i is the last argument that belongs to it. */
static enum options_result next_option(int argc, char **argv, int *i, const struct option **option,
                                       const char **value)
{
    const char *text = argv[*i], *equals = strchr(text, '=');
    const struct option *o = find(text);
    if (!o) {
        fprintf(stderr, "roomcast-load: unknown option \"%s\", see --help\n", text);
        return OPTIONS_BAD;
    }
    *value = equals ? equals + 1 : NULL;
    if (o->argument && !equals)
        *value = *i + 1 < argc ? argv[++*i] : NULL;
    *option = o;
    if (!o->argument == !*value)
        return OPTIONS_RUN;
    fprintf(stderr, "roomcast-load: option %s %s\n", o->name,
            o->argument ? "needs a value, see --help" : "takes no value");
    return OPTIONS_BAD;
}

/* The scenario first: the defaults are its. */
static enum options_result parse_scenario(struct options *options, int argc, char **argv)
{
    enum options_result result = OPTIONS_RUN;
    const struct option *o;
    const char *value;
    for (int i = 1; i < argc && result == OPTIONS_RUN; i++) {
        result = next_option(argc, argv, &i, &o, &value);
        if (result == OPTIONS_RUN && o->kind == SCENARIO)
            result = set(options, o, value);
    }
    return result;
}

static enum options_result set_defaults(struct options *options)
{
    enum options_result result = OPTIONS_RUN;
    for (size_t i = 0; i < option_count && result == OPTIONS_RUN; i++) {
        const char *value = scenario_default(options->scenario, option_table[i].name);
        if (!value)
            value = option_table[i].initial;
        if (value && option_table[i].kind != SCENARIO)
            result = set(options, &option_table[i], value);
    }
    return result;
}

static uint32_t at_most(uint32_t count, uint32_t most)
{
    return count < most ? count : most;
}

/* Where nobody said how many: those who talk in a chat stay, and others have to come and go. */
static uint32_t most_publishers(const struct options *options)
{
    return options->scenario == &scenario_chat ? (options->connections + 1) / 2 : options->connections;
}

static enum options_result parse_all(struct options *options, int argc, char **argv)
{
    enum options_result result = OPTIONS_RUN;
    const struct option *o;
    const char *value;
    uint32_t rooms = options->rooms, publishers = options->publishers; /* defaults */
    options->rooms = options->publishers = NOT_GIVEN;
    for (int i = 1; i < argc && result == OPTIONS_RUN; i++) {
        result = next_option(argc, argv, &i, &o, &value);
        if (result == OPTIONS_RUN && o->kind != SCENARIO)
            result = set(options, o, value);
    }
    if (options->rooms == NOT_GIVEN)
        options->rooms = at_most(rooms, options->connections);
    if (options->publishers == NOT_GIVEN)
        options->publishers = at_most(publishers, most_publishers(options));
    return result;
}

static enum options_result check_given(const struct options *options, int argc, char **argv)
{
    const struct option *o;
    const char *value;
    for (int i = 1; i < argc; i++)
        if (next_option(argc, argv, &i, &o, &value) != OPTIONS_RUN || !option_has_effect(options, o))
            return OPTIONS_BAD;
    return OPTIONS_RUN;
}

uint64_t options_late_us(const struct options *options)
{
    return options->max_p99 > 0 ? (uint64_t)(options->max_p99 * 1000) : LATE_US;
}

enum options_result options_parse(struct options *options, int argc, char **argv)
{
    *options = (struct options){.scenario = &scenario_broadcast};
    enum options_result result = parse_scenario(options, argc, argv);
    if (result == OPTIONS_RUN)
        result = set_defaults(options);
    if (result == OPTIONS_RUN)
        result = parse_all(options, argc, argv);
    if (result != OPTIONS_RUN)
        return result;
    if (options->urls == 0)
        options->url[options->urls++] = "http://127.0.0.1:3000";
    if (!options->path)
        options->path = options->dialect->path;
    if (options->search && options->max_p99 <= 0)
        options->max_p99 = SEARCH_MAX_P99;
    if (check_given(options, argc, argv) != OPTIONS_RUN)
        return OPTIONS_BAD;
    return options_agree(options) ? OPTIONS_RUN : OPTIONS_BAD;
}
