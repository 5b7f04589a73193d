/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of roomcast-load. */
#include "loadtest/options.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loadtest/dialect.h"
#include "loadtest/scenario.h"
#include "loadtest/scenario/scenarios.h"

enum kind {
    TEXT,
    NAME,
    COUNT,
    NUMBER,
    FLAG,
    URL,
    PID,
    DIALECT,
    SCENARIO,
    NAMESPACE,
    PATH,
    HELP,
    LIST,
    VERSION
};

struct option {
    const char *name, *argument;
    enum kind kind;
    size_t offset; /* of the member of struct options */
    const char *initial;
    double min, max;
    const char *help;
};

#define AT(member) offsetof(struct options, member)

static const struct option table[] = {
    {"--scenario", "NAME", SCENARIO, AT(scenario), "broadcast", 0, 0,
     "what the clients do; it sets defaults of other options, see --list"},
    {"--list", NULL, LIST, 0, NULL, 0, 0, "list the scenarios with their defaults"},
    {"--url", "URL", URL, AT(url), NULL, 0, 0,
     "http://HOST[:PORT]; may be given several times, connections are spread over them "
     "[http://127.0.0.1:3000]"},
    {"--dialect", "NAME", DIALECT, AT(dialect), "socketio", 0, 0,
     "socketio (Socket.IO v5 over WebSocket) or json (Roomcast's JSON over WebSocket)"},
    {"--connections", "N", COUNT, AT(connections), NULL, 1, 1000000, "clients; each joins one room"},
    {"--rooms", "N", COUNT, AT(rooms), NULL, 1, 1000000, "rooms; connection i is in room i mod N"},
    {"--publishers", "N", COUNT, AT(publishers), NULL, 0, 1000000,
     "how many of the clients publish, each into its own room, spread over the rooms"},
    {"--rate", "N", NUMBER, AT(rate), "0", 0, 1e7, "messages per second, of all publishers together"},
    {"--ramp", "S", NUMBER, AT(ramp), "0", 0, 1e6,
     "seconds in which the rate rises from 0 to --rate; before the warm-up"},
    {"--burst", "N", COUNT, AT(burst), "1", 1, 100000,
     "messages that one publisher sends at once, in one write; the rate stays the same"},
    {"--search", NULL, FLAG, AT(search), NULL, 0, 0,
     "find the highest rate, beginning with --rate, with nothing lost and p99 below --max-p99; each rate is "
     "tried for --warmup and --duration"},
    {"--max-p99", "MS", NUMBER, AT(max_p99), "100", 0.001, 1e6, "milliseconds of latency, for --search"},
    {"--size", "BYTES", COUNT, AT(size), "64", PAYLOAD_MIN, PAYLOAD_MAX, "of one message (a JSON object)"},
    {"--duration", "S", NUMBER, AT(duration), "10", 0.001, 1e7, "seconds of publishing, after the warm-up"},
    {"--warmup", "S", NUMBER, AT(warmup), "0", 0, 1e6,
     "seconds of publishing before it; verified, but not counted for latency and rates"},
    {"--rounds", "N", COUNT, AT(rounds), "1", 1, 10000,
     "how often all that is done; the scenario storm connects anew in each"},
    {"--stalled", "SHARE", NUMBER, AT(stalled), "0", 0, 1,
     "scenario slow: so many of the clients stop reading when publishing begins"},
    {"--command", "TEXT", TEXT, AT(command), NULL, 0, 0,
     "a shell command that is run once while messages are published, e.g. one that kills a gateway"},
    {"--command-at", "S", NUMBER, AT(command_at), "0", 0, 1e7, "seconds after publishing has begun"},
    {"--reconnect-delay", "S", NUMBER, AT(reconnect_delay), "1", 0.01, 3600,
     "storm, failover, --search: a client that was cut connects again after it, give or take a half"},
    {"--connect-rate", "N", NUMBER, AT(connect_rate), "0", 0, 1e7,
     "new connections per second; 0: as fast as --in-flight lets them"},
    {"--in-flight", "N", COUNT, AT(in_flight), "100", 1, 1000000,
     "connections that may be connecting or joining at the same time"},
    {"--connect-timeout", "S", NUMBER, AT(connect_timeout), "20", 0.001, 1e6,
     "for one connection, until its join is acknowledged"},
    {"--drain-timeout", "S", NUMBER, AT(drain_timeout), "10", 0, 1e6,
     "how long after the end of publishing a message may arrive before it is lost"},
    {"--processes", "N", COUNT, AT(processes), "0", 0, 256,
     "load processes that share the work; 0: as many as the limit of open files makes necessary"},
    {"--pid", "PID", PID, AT(pid), NULL, 0, 0,
     "a process of the server, for its CPU time and memory; may be given several times"},
    {"--namespace", "NAME", NAMESPACE, AT(ns), "/", 0, 0, "Socket.IO namespace (json dialect: ?ns=)"},
    {"--path", "PATH", PATH, AT(path), NULL, 0, 0, "of the URL [/socket.io/, json dialect: /ws]"},
    {"--room-prefix", "TEXT", NAME, AT(room_prefix), "room-", 0, 0, "rooms are called TEXT0, TEXT1, ..."},
    {"--join-event", "NAME", NAME, AT(join_event), "join", 0, 0, "emitted to join: NAME(room), acknowledged"},
    {"--publish-event", "NAME", NAME, AT(publish_event), "publish", 0, 0,
     "emitted to publish: NAME(room, message event, message), acknowledged"},
    {"--message-event", "NAME", NAME, AT(message_event), "load", 0, 0,
     "what members of the room then receive: NAME(message)"},
    {"--interval", "S", NUMBER, AT(interval), "1", 0.05, 1e6, "seconds between progress lines"},
    {"--no-progress", NULL, FLAG, AT(no_progress), NULL, 0, 0, "no progress lines"},
    {"--json", "FILE", TEXT, AT(json_file), NULL, 0, 0, "write the report as JSON too; - is standard output"},
    {"--html", "FILE", TEXT, AT(html_file), NULL, 0, 0, "write the report as a page with plots"},
    {"--i-own-this-target", NULL, FLAG, AT(own_target), NULL, 0, 0,
     "allow targets other than loopback and private addresses"},
    {"--help", NULL, HELP, 0, NULL, 0, 0, "print this text"},
    {"--version", NULL, VERSION, 0, NULL, 0, 0, "print the version"},
};

#define OPTIONS   (sizeof table / sizeof *table)
#define NOT_GIVEN UINT32_MAX

static const char intro[] =
    "usage: roomcast-load [OPTION]...\n\n"
    "Opens connections to a Roomcast cluster, or to any Socket.IO v4 server that handles the join and "
    "publish\n"
    "events, publishes at a constant rate, and verifies that every member of a room gets every message of "
    "that\n"
    "room exactly once and in order. Latency counts from the time when a message was due.\n\n"
    "Options, with their [defaults]:\n";

static const char outro[] =
    "\nExamples:\n"
    "  roomcast-load --connections 10000 --rooms 100 --rate 1000\n"
    "      10,000 Socket.IO clients in 100 rooms on 127.0.0.1:3000, 100,000 deliveries a second\n"
    "  roomcast-load --url http://10.0.0.5:3001 --url http://10.0.0.5:3002 --dialect json --duration 60\n"
    "      spread over two gateways\n"
    "  roomcast-load --rooms 1 --connections 1000 --publishers 1 --rate 30 --json result.json\n"
    "      one big room, the report in a file\n"
    "  roomcast-load --connections 5000 --publishers 0 --duration 120\n"
    "      connections that only wait\n\n"
    "Ctrl-C ends publishing early and shows the summary; a second one does not wait for what is under way.\n"
    "Exit status: 0 all was delivered once and in order; 1 something was lost, duplicated, out of order, in "
    "the\n"
    "wrong room or unanswered, no publication was accepted, a client was disconnected, or it could not "
    "connect;\n"
    "2 bad usage.\n";

static void print_help(void)
{
    fputs(intro, stdout);
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *o = &table[i];
        char head[64];
        snprintf(head, sizeof head, "%s%s%s", o->name, o->argument ? " " : "",
                 o->argument ? o->argument : "");
        printf("  %-23s %s", head, o->help);
        if (o->initial)
            printf(" [%s]", o->initial);
        putchar('\n');
    }
    fputs(outro, stdout);
}

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

static enum options_result set_text(void *member, const struct option *o, const char *value)
{
    size_t n = strlen(value);
    if (o->kind == NAME && (n == 0 || n > 200))
        return bad(o->name, "1 to 200 bytes", value);
    if ((o->kind == NAMESPACE || o->kind == PATH) && (value[0] != '/' || n > 200))
        return bad(o->name, "a text that begins with / and has at most 200 bytes", value);
    if (o->kind == NAMESPACE && strchr(value, ','))
        return bad(o->name, "a namespace without a comma", value);
    if (o->kind == PATH && strpbrk(value, " ?#\r\n\t"))
        return bad(o->name, "a path without blanks, ? and #", value);
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

static enum options_result set_scenario(struct options *options, const struct option *o, const char *value)
{
    options->scenario = scenario_find(value);
    return options->scenario ? OPTIONS_RUN : bad(o->name, "one of those that --list shows", value);
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
    case PID:
        return add_pid(options, o, value);
    case SCENARIO:
        return set_scenario(options, o, value);
    case DIALECT:
        options->dialect = load_dialect_find(value);
        return options->dialect ? OPTIONS_RUN : bad(o->name, "socketio or json", value);
    case FLAG:
        *(bool *)member = true;
        return OPTIONS_RUN;
    case HELP:
        print_help();
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
        break;
    }
    return set_text(member, o, value);
}

/* The option that `text` names, before its "=" if it has one. */
static const struct option *find(const char *text)
{
    size_t n = strcspn(text, "=");
    for (size_t i = 0; i < OPTIONS; i++)
        if (strlen(table[i].name) == n && strncmp(table[i].name, text, n) == 0)
            return &table[i];
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
    for (size_t i = 0; i < OPTIONS && result == OPTIONS_RUN; i++) {
        const char *value = scenario_default(options->scenario, table[i].name);
        if (!value)
            value = table[i].initial;
        if (value && table[i].kind != SCENARIO)
            result = set(options, &table[i], value);
    }
    return result;
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
        options->rooms = rooms < options->connections ? rooms : options->connections;
    if (options->publishers == NOT_GIVEN)
        options->publishers = publishers < options->connections ? publishers : options->connections;
    return result;
}

static enum options_result check_share(const struct options *options, const char *name, uint32_t count)
{
    if (count <= options->connections)
        return OPTIONS_RUN;
    fprintf(stderr, "roomcast-load: option %s: expected at most --connections (%u), got %u\n", name,
            options->connections, count);
    return OPTIONS_BAD;
}

static enum options_result check(const struct options *options)
{
    if (options->search && (options->publishers == 0 || options->rate <= 0)) {
        fprintf(stderr, "roomcast-load: option --search: needs --publishers and a --rate to begin with\n");
        return OPTIONS_BAD;
    }
    if (strcmp(options->scenario->name, "failover") == 0 && !options->command) {
        fprintf(stderr, "roomcast-load: scenario failover: needs a --command that breaks something\n");
        return OPTIONS_BAD;
    }
    if (check_share(options, "--rooms", options->rooms) != OPTIONS_RUN)
        return OPTIONS_BAD;
    return check_share(options, "--publishers", options->publishers);
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
    return check(options);
}
