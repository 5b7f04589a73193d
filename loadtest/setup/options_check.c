/* SPDX-License-Identifier: Apache-2.0 */
/* What options mean for each other. */
#include "loadtest/setup/options_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "loadtest/dialect/dialect.h"
#include "loadtest/scenario/scenarios.h"
#include "loadtest/wire/wire.h"

static bool bad(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool bad(const char *format, ...)
{
    va_list ap;
    fputs("roomcast-load: ", stderr);
    va_start(ap, format);
    vfprintf(stderr, format, ap);
    va_end(ap);
    fputc('\n', stderr);
    return false;
}

/* ---- options that only some runs have a use for */

static bool has_rate(const struct options *o)
{
    return o->rate > 0 || o->publishers == 0;
}

static bool has_publishers(const struct options *o)
{
    return o->publishers > 0 || o->rate <= 0;
}

static bool publishes(const struct options *o)
{
    return o->publishers > 0 && o->rate > 0;
}

static bool has_listeners(const struct options *o)
{
    return o->publishers < o->connections;
}

static bool is_chat(const struct options *o)
{
    return o->scenario == &scenario_chat;
}

static bool is_slow(const struct options *o)
{
    return o->scenario == &scenario_slow;
}

static bool moves(const struct options *o)
{
    return is_chat(o) && o->churn > 0;
}

static bool joins_by_event(const struct options *o)
{
    return o->dialect->joining == JOIN_BY_EVENT;
}

bool options_joins(const struct options *o)
{
    return joins_by_event(o) && !o->no_join;
}

bool options_join_acks(const struct options *o)
{
    return options_joins(o) && !o->no_acks && !o->no_join_acks;
}

bool options_publish_acks(const struct options *o)
{
    return o->dialect->acks && !o->no_acks && !o->no_publish_acks;
}

static bool joins(const struct options *o)
{
    return !o->no_join;
}

static bool is_socketio(const struct options *o)
{
    return o->dialect == &load_socketio || o->dialect == &load_polling;
}

static bool returns(const struct options *o)
{
    return o->scenario->retries || o->search || (moves(o) && joins(o));
}

static bool can_be_searched(const struct options *o)
{
    return o->scenario->searchable;
}

static bool searches_not(const struct options *o)
{
    return !o->search;
}

static bool has_command(const struct options *o)
{
    return o->command != NULL;
}

static bool names_events(const struct options *o)
{
    return o->dialect->events;
}

static bool has_acks(const struct options *o)
{
    return o->dialect->acks;
}

static bool posts(const struct options *o)
{
    return o->dialect == &load_sse;
}

static bool is_websocket(const struct options *o)
{
    return o->dialect->wire == &wire_websocket;
}

static const struct {
    enum option_needs need;
    bool (*is_met)(const struct options *o);
    const char *text;
} needs[] = {{CHAT, is_chat, "--scenario chat"},
             {SLOW, is_slow, "--scenario slow"},
             {MOVES, moves, "--scenario chat with a --churn above 0"},
             {SEARCHABLE, can_be_searched, "--scenario broadcast, rooms or chat"},
             {ROOM_EVENTS, joins_by_event, "--dialect socketio, polling or json"},
             {NAMED_EVENTS, names_events, "--dialect socketio, polling, json or sse"},
             {ACKS, has_acks, "--dialect socketio, polling, json or sse"},
             {POSTS, posts, "--dialect sse"},
             {JOINS, joins, "a run without --no-join"},
             {SOCKETIO, is_socketio, "--dialect socketio or polling"},
             {WEBSOCKET, is_websocket, "--dialect socketio, json or raw"},
             {RATE, has_rate, "a --rate above 0"},
             {PUBLISHERS, has_publishers, "--publishers"},
             {MESSAGES, publishes, "--publishers and a --rate above 0"},
             {LISTENERS, has_listeners, "more --connections than --publishers"},
             {RETURNS, returns, "--scenario storm, failover or chat (with --churn), or --search"},
             {NO_SEARCH, searches_not, "a run without --search"},
             {COMMAND, has_command, "a --command"}};

bool option_has_effect(const struct options *options, const struct option *option)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if ((option->needs & needs[i].need) && !needs[i].is_met(options))
            return bad("option %s: has no effect here (scenario %s, dialect %s), it needs %s", option->name,
                       options->scenario->name, options->dialect->name, needs[i].text);
    return true;
}

/* ---- values that must fit together */

static bool check_share(const struct options *o, const char *name, uint32_t count)
{
    return count <= o->connections ||
           bad("option %s: expected at most --connections (%u), got %u", name, o->connections, count);
}

static bool check_command(const struct options *o)
{
    double publishing = o->ramp + o->warmup + o->duration;
    if (o->scenario == &scenario_failover && !o->command)
        return bad("scenario failover: needs a --command that breaks something");
    return !o->command || o->command_at < publishing ||
           bad("option --command-at: expected less than --ramp, --warmup and --duration together (%.12g s), "
               "got "
               "%.12g",
               publishing, o->command_at);
}

/* A larger one would be sent whole, and so more than the rate allows. */
static bool check_burst(const struct options *o)
{
    double most = o->rate * o->duration;
    return !publishes(o) || o->burst == 1 || o->burst <= most * (1 + 1e-9) ||
           bad("option --burst: expected at most --rate times --duration (%.12g), got %u", most, o->burst);
}

/* Else there would be nothing to verify. */
static bool check_echo(const struct options *o)
{
    return !o->no_echo || o->connections > o->rooms ||
           bad("option --no-echo: expected more --connections than --rooms (%u): else nobody gets a message",
               o->rooms);
}

/* Where the room is in the address, who leaves it disconnects. */
static bool check_chat(const struct options *o)
{
    return !is_chat(o) || joins_by_event(o) ||
           bad("scenario chat: clients leave their room and come back over the same connection, which "
               "dialect %s cannot: it needs --dialect socketio, polling or json",
               o->dialect->name);
}

/* Typing notices are other events than messages. */
static bool check_typing(const struct options *o)
{
    return !is_chat(o) || o->typing <= 0 || !publishes(o) || strstr(o->publish_args, "{event}") ||
           bad("option --typing: needs {event} in --publish-args: else typing notices look like messages (or "
               "use --typing 0)");
}

static bool check_files(const struct options *o)
{
    return !o->json_file || !o->html_file || strcmp(o->json_file, o->html_file) != 0 ||
           bad("options --json and --html: expected different files, got \"%s\" for both", o->json_file);
}

bool options_agree(const struct options *o)
{
    return check_share(o, "--rooms", o->rooms) && check_share(o, "--publishers", o->publishers) &&
           check_command(o) && check_burst(o) && check_echo(o) && check_chat(o) && check_typing(o) &&
           check_files(o);
}
