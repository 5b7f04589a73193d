/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of roomcast-load. */
#include "loadtest/options.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loadtest/dialect.h"

enum kind { TEXT, NAME, COUNT, NUMBER, FLAG, URL, DIALECT, NAMESPACE, PATH, HELP, VERSION };

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
    {"--url", "URL", URL, AT(url), NULL, 0, 0,
     "http://HOST[:PORT]; may be given several times, connections are spread over them "
     "[http://127.0.0.1:3000]"},
    {"--dialect", "NAME", DIALECT, AT(dialect), "socketio", 0, 0,
     "socketio (Socket.IO v5 over WebSocket) or json (Roomcast's JSON over WebSocket)"},
    {"--connections", "N", COUNT, AT(connections), "100", 1, 1000000, "clients; each joins one room"},
    {"--rooms", "N", COUNT, AT(rooms), NULL, 1, 1000000,
     "rooms; connection i is in room i mod N [10, or fewer for fewer connections]"},
    {"--publishers", "N", COUNT, AT(publishers), NULL, 0, 1000000,
     "how many of the clients publish, each into its own room, spread over the rooms [10, or fewer]"},
    {"--rate", "N", NUMBER, AT(rate), "100", 0, 1e7, "messages per second, of all publishers together"},
    {"--size", "BYTES", COUNT, AT(size), "64", PAYLOAD_MIN, PAYLOAD_MAX, "of one message (a JSON object)"},
    {"--duration", "S", NUMBER, AT(duration), "10", 0.001, 1e7, "seconds of publishing, after the warm-up"},
    {"--warmup", "S", NUMBER, AT(warmup), "0", 0, 1e6,
     "seconds of publishing before it; verified, but not counted for latency and rates"},
    {"--connect-rate", "N", NUMBER, AT(connect_rate), "0", 0, 1e7,
     "new connections per second; 0: as fast as --in-flight lets them"},
    {"--in-flight", "N", COUNT, AT(in_flight), "100", 1, 1000000,
     "connections that may be connecting or joining at the same time"},
    {"--connect-timeout", "S", NUMBER, AT(connect_timeout), "20", 0.001, 1e6,
     "for one connection, until its join is acknowledged"},
    {"--drain-timeout", "S", NUMBER, AT(drain_timeout), "10", 0, 1e6,
     "how long after the end of publishing a message may arrive before it is lost"},
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
    {"--i-own-this-target", NULL, FLAG, AT(own_target), NULL, 0, 0,
     "allow targets other than loopback and private addresses"},
    {"--help", NULL, HELP, 0, NULL, 0, 0, "print this text"},
    {"--version", NULL, VERSION, 0, NULL, 0, 0, "print the version"},
};

#define OPTIONS       (sizeof table / sizeof *table)
#define NOT_GIVEN     UINT32_MAX
#define DEFAULT_SHARE 10 /* rooms, publishers */

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

static enum options_result set(struct options *options, const struct option *o, const char *value)
{
    void *member = (char *)options + o->offset;
    switch (o->kind) {
    case COUNT:
    case NUMBER:
        return set_number(member, o, value);
    case URL:
        return add_url(options, o, value);
    case DIALECT:
        options->dialect = load_dialect_find(value);
        return options->dialect ? OPTIONS_RUN : bad(o->name, "socketio or json", value);
    case FLAG:
        *(bool *)member = true;
        return OPTIONS_RUN;
    case HELP:
        print_help();
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

static enum options_result parse_all(struct options *options, int argc, char **argv)
{
    enum options_result result = OPTIONS_RUN;
    for (int i = 1; i < argc && result == OPTIONS_RUN; i++) {
        const struct option *o = find(argv[i]);
        char *inline_value = strchr(argv[i], '=');
        if (!o) {
            fprintf(stderr, "roomcast-load: unknown option \"%s\", see --help\n", argv[i]);
            return OPTIONS_BAD;
        }
        const char *value = inline_value ? inline_value + 1 : NULL;
        if (o->argument && !value)
            value = i + 1 < argc ? argv[++i] : NULL;
        if (!o->argument != !value) {
            fprintf(stderr, "roomcast-load: option %s %s\n", o->name,
                    o->argument ? "needs a value, see --help" : "takes no value");
            return OPTIONS_BAD;
        }
        result = set(options, o, value);
    }
    return result;
}

static uint32_t at_most(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* `count` was given, or is NOT_GIVEN and becomes the default, as far as the number of connections allows. */
static enum options_result check_share(const struct options *options, const char *name, uint32_t *count)
{
    if (*count == NOT_GIVEN)
        *count = at_most(DEFAULT_SHARE, options->connections);
    if (*count <= options->connections)
        return OPTIONS_RUN;
    fprintf(stderr, "roomcast-load: option %s: expected at most --connections (%u), got %u\n", name,
            options->connections, *count);
    return OPTIONS_BAD;
}

enum options_result options_parse(struct options *options, int argc, char **argv)
{
    *options = (struct options){.rooms = NOT_GIVEN, .publishers = NOT_GIVEN};
    enum options_result result = OPTIONS_RUN;
    for (size_t i = 0; i < OPTIONS && result == OPTIONS_RUN; i++)
        if (table[i].initial)
            result = set(options, &table[i], table[i].initial);
    if (result == OPTIONS_RUN)
        result = parse_all(options, argc, argv);
    if (result != OPTIONS_RUN)
        return result;
    if (options->urls == 0)
        options->url[options->urls++] = "http://127.0.0.1:3000";
    if (!options->path)
        options->path = options->dialect->path;
    if (check_share(options, "--rooms", &options->rooms) != OPTIONS_RUN)
        return OPTIONS_BAD;
    return check_share(options, "--publishers", &options->publishers);
}
