/* SPDX-License-Identifier: Apache-2.0 */
/* All options, and --help. */
#include "loadtest/setup/options_table.h"

#include <stdio.h>
#include <string.h>

#include "loadtest/dialect/dialect.h"
#include "loadtest/scenario/scenario.h"
#include "loadtest/setup/options.h"

#define AT(member) offsetof(struct options, member)
#define INDENT     25 /* of texts in --help */
#define COLUMNS    100

const struct option option_table[] = {
    {"--scenario", "NAME", SCENARIO, AT(scenario), "broadcast", 0, 0, NOTHING,
     "what the clients do; it sets defaults of other options, see --list"},
    {"--list", NULL, LIST, 0, NULL, 0, 0, NOTHING, "list the scenarios with their defaults"},
    {"--url", "URL", URL, AT(url), NULL, 0, 0, NOTHING,
     "http://HOST[:PORT]; may be given several times, connections are spread over them "
     "[http://127.0.0.1:3000]"},
    {"--dialect", "NAME", DIALECT, AT(dialect), "socketio", 0, 0, NOTHING, "how to connect, see below"},
    {"--connections", "N", COUNT, AT(connections), NULL, 1, 1000000, NOTHING, "clients; each joins one room"},
    {"--rooms", "N", COUNT, AT(rooms), NULL, 1, 1000000, NOTHING, "rooms; connection i is in room i mod N"},
    {"--publishers", "N", COUNT, AT(publishers), NULL, 0, 1000000, RATE,
     "how many of the clients publish, each into its own room, spread over the rooms"},
    {"--rate", "N", NUMBER, AT(rate), "0", 0, 1e7, PUBLISHERS,
     "messages per second, of all publishers together"},
    {"--ramp", "S", NUMBER, AT(ramp), "0", 0, 1e6, MESSAGES,
     "seconds in which the rate rises from 0 to --rate; before the warm-up"},
    {"--burst", "N", COUNT, AT(burst), "1", 1, 100000, MESSAGES,
     "messages that one publisher sends at once, in one write; the rate stays the same"},
    {"--search", NULL, FLAG, AT(search), NULL, 0, 0, SEARCHABLE | MESSAGES,
     "find the highest rate, beginning with --rate, with nothing lost and p99 below --max-p99; each rate is "
     "tried for --warmup and --duration"},
    {"--max-p99", "MS", NUMBER, AT(max_p99), NULL, 0.001, 1e6, MESSAGES,
     "milliseconds: if p99 of latency is above it, the run fails; 100 for --search. Messages that take "
     "longer "
     "are counted as late; without this option those that take longer than 1 s"},
    {"--size", "BYTES", COUNT, AT(size), "64", PAYLOAD_MIN, PAYLOAD_MAX, MESSAGES,
     "of one message (a JSON object)"},
    {"--duration", "S", NUMBER, AT(duration), "10", 0.001, 1e7, NOTHING,
     "seconds of publishing, after the warm-up"},
    {"--warmup", "S", NUMBER, AT(warmup), "0", 0, 1e6, NOTHING,
     "seconds of publishing before it; verified, but not counted for latency and rates"},
    {"--rounds", "N", COUNT, AT(rounds), "1", 1, 10000, NO_SEARCH,
     "how often all that is done; the scenario storm connects anew in each"},
    {"--stalled", "SHARE", NUMBER, AT(stalled), "0", 0, 1, SLOW | LISTENERS,
     "scenario slow: so many of the clients stop reading when publishing begins"},
    {"--churn", "N", NUMBER, AT(churn), "0", 0, 1e6, CHAT | ROOM_EVENTS | JOINS | LISTENERS,
     "scenario chat: so many clients a second leave their room, and come back after --reconnect-delay"},
    {"--typing", "N", NUMBER, AT(typing), "0", 0, 1000, CHAT | NAMED_EVENTS | MESSAGES,
     "scenario chat: typing notices for each message"},
    {"--command", "TEXT", TEXT, AT(command), NULL, 0, 0, NOTHING,
     "a shell command that is run once while messages are published, e.g. one that kills a gateway; it "
     "goes on if it has not ended when the run has"},
    {"--command-at", "S", NUMBER, AT(command_at), "0", 0, 1e7, COMMAND, "seconds after publishing has begun"},
    {"--reconnect-delay", "S", NUMBER, AT(reconnect_delay), "1", 0.01, 3600, RETURNS,
     "a client that was cut (storm, failover, --search) or left its room (chat) is back after it, give or "
     "take a half"},
    {"--connect-rate", "N", NUMBER, AT(connect_rate), "0", 0, 1e7, NOTHING,
     "new connections per second; 0: as fast as --in-flight lets them"},
    {"--in-flight", "N", COUNT, AT(in_flight), "100", 1, 1000000, NOTHING,
     "connections that may be connecting or joining at the same time"},
    {"--connect-timeout", "S", NUMBER, AT(connect_timeout), "20", 0.001, 1e6, NOTHING,
     "for one connection, until its join is acknowledged"},
    {"--drain-timeout", "S", NUMBER, AT(drain_timeout), "10", 0, 1e6, NOTHING,
     "how long after the end of publishing a message may arrive before it is lost, and (failover) a client "
     "that was cut may come back"},
    {"--processes", "N", COUNT, AT(processes), "0", 0, 256, NOTHING,
     "load processes that share the work; 0: as many as the limit of open files makes necessary"},
    {"--source", "ADDRESS", SOURCE, AT(source), NULL, 0, 0, NOTHING,
     "a local address to connect from, or several with commas; may be given several times, connections are "
     "spread over them [the kernel's choice, and several for loopback targets]; one is enough for about "
     "28,000 connections to one URL"},
    {"--pid", "PID", PID, AT(pid), NULL, 0, 0, NOTHING,
     "a process of the server, for its CPU time and memory; may be given several times. What a connection "
     "needs shows only if it has just been started: what earlier ones have left is used again"},
    {"--namespace", "NAME", NAMESPACE, AT(ns), "/", 0, 0, NOTHING,
     "Socket.IO namespace (other dialects: ?ns=)"},
    {"--path", "PATH", PATH, AT(path), NULL, 0, 0, NOTHING,
     "of the URL; {room} in it is the name of the client's room [see the dialects]"},
    {"--publish-path", "PATH", PATH, AT(publish_path), "/rooms/{room}?event={event}", 0, 0, POSTS | MESSAGES,
     "sse: where messages are posted to; {event} in it is the message event"},
    {"--room-prefix", "TEXT", NAME, AT(room_prefix), "room-", 0, 0, NOTHING,
     "rooms are called TEXT0, TEXT1, ..."},
    {"--auth", "JSON", AUTH, AT(auth), NULL, 0, 0, SOCKETIO,
     "what clients connect to the namespace with (socket.handshake.auth), a JSON object; not in reports"},
    {"--no-join", NULL, FLAG, AT(no_join), NULL, 0, 0, ROOM_EVENTS,
     "there is no join event: a client is in its room once it is connected (see --rooms, --path)"},
    {"--join-event", "NAME", NAME, AT(join_event), "join", 0, 0, ROOM_EVENTS | JOINS,
     "emitted to join, acknowledged"},
    {"--join-args", "JSON", ARGS, AT(join_args), "[\"{room}\"]", 0, 0, ROOM_EVENTS | JOINS,
     "the arguments of joins and leaves"},
    {"--leave-event", "NAME", NAME, AT(leave_event), "leave", 0, 0, MOVES | ROOM_EVENTS | JOINS,
     "emitted to leave, acknowledged"},
    {"--publish-event", "NAME", NAME, AT(publish_event), "publish", 0, 0, ROOM_EVENTS | MESSAGES,
     "emitted to publish, acknowledged"},
    {"--publish-args", "JSON", ARGS, AT(publish_args), "[\"{room}\",\"{event}\",{message}]", 1, 1,
     ROOM_EVENTS | MESSAGES,
     "its arguments; {event} is the message event, {message} the message: a JSON object, or in quotes, "
     "\"{message}\", a string"},
    {"--no-acks", NULL, FLAG, AT(no_acks), NULL, 0, 0, ACKS,
     "the server acknowledges nothing: joins count when they are sent, and only loss shows what was refused"},
    {"--no-join-acks", NULL, FLAG, AT(no_join_acks), NULL, 0, 0, ROOM_EVENTS | JOINS,
     "the same of joins and leaves only"},
    {"--no-publish-acks", NULL, FLAG, AT(no_publish_acks), NULL, 0, 0, ACKS | MESSAGES,
     "the same of publications only"},
    {"--message-event", "NAME", NAME, AT(message_event), "load", 0, 0, NAMED_EVENTS,
     "what members of the room then receive; the message may stand anywhere in its arguments"},
    {"--no-echo", NULL, FLAG, AT(no_echo), NULL, 0, 0, MESSAGES,
     "publishers do not get their own messages, as with socket.to(room).emit()"},
    {"--deflate", NULL, FLAG, AT(deflate), NULL, 0, 0, WEBSOCKET,
     "offer permessage-deflate: messages from the server may be compressed"},
    {"--interval", "S", NUMBER, AT(interval), "1", 0.05, 1e6, NOTHING, "seconds between progress lines"},
    {"--no-progress", NULL, FLAG, AT(no_progress), NULL, 0, 0, NOTHING, "no progress lines"},
    {"--json", "FILE", TEXT, AT(json_file), NULL, 0, 0, NOTHING,
     "write the report as JSON too; - is standard output"},
    {"--html", "FILE", TEXT, AT(html_file), NULL, 0, 0, NOTHING, "write the report as a page with plots"},
    {"--i-own-this-target", NULL, FLAG, AT(own_target), NULL, 0, 0, NOTHING,
     "allow targets other than loopback and private addresses"},
    {"--help", NULL, HELP, 0, NULL, 0, 0, NOTHING, "print this text; also -h"},
    {"--version", NULL, VERSION, 0, NULL, 0, 0, NOTHING, "print the version"},
};

const size_t option_count = sizeof option_table / sizeof *option_table;

/* Headings of --help, each before the option that it begins with. */
static const struct {
    const char *option, *heading;
} groups[] = {{"--scenario", "What to run"},
              {"--connections", "Load"},
              {"--stalled", "Scenarios"},
              {"--connect-rate", "Connecting, waiting, load processes"},
              {"--pid", "Servers"},
              {"--namespace", "What the server expects"},
              {"--interval", "Progress and reports"},
              {"--i-own-this-target", "Others"}};

static const char intro[] =
    "usage: roomcast-load [OPTION]...\n"
    "       roomcast-load report [--html FILE] REPORT.json...   (runs side by side, see report --help)\n\n"
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
    "  roomcast-load --url http://127.0.0.1:4000 --join-event enter --publish-event say \\\n"
    "      --publish-args '[{\"to\":\"{room}\",\"text\":{message}}]' --message-event said\n"
    "      a Socket.IO server with events of its own; it may send {text: message} or the like to the room\n"
    "  roomcast-load --url http://127.0.0.1:4000 --auth '{\"token\":\"...\"}' --no-join --rooms 1 --no-echo "
    "\\\n"
    "      --no-publish-acks --publish-event chat --publish-args '[\"{message}\"]' --message-event chat\n"
    "      one that takes text, has everybody in one room, acknowledges nothing, and leaves out the sender\n"
    "  roomcast-load --connections 5000 --publishers 0 --duration 120\n"
    "      connections that only wait\n\n"
    "Ctrl-C ends publishing early and shows the summary; a second one does not wait for what is under way, a "
    "third one\n"
    "for nothing.\n"
    "Exit status: 0 all was delivered once and in order; 1 something was lost, duplicated, out of order, in "
    "the\n"
    "wrong room or unanswered, no publication was accepted, a client was disconnected (failover: and did not "
    "come\n"
    "back), or it could not connect; or the load generator came to less than 98 % of what was due, p99 is "
    "above\n"
    "--max-p99, no rate of a --search held, or the --command failed; 2 bad usage.\n";

/* "  head   text", whose further lines begin where its first one does; text is cut at spaces. */
static void print_entry(const char *head, const char *text)
{
    int used = printf("  %-*s", INDENT - 2, head);
    for (size_t n; *text != '\0'; text += n + strspn(text + n, " ")) {
        n = strcspn(text, " ");
        if (used + 1 + (int)n > COLUMNS) {
            printf("\n%*s", INDENT, "");
            used = INDENT;
        }
        used += printf(" %.*s", (int)n, text);
    }
    putchar('\n');
}

static bool is_set_by_scenarios(const char *option)
{
    const struct scenario *scenario;
    for (size_t i = 0; (scenario = scenario_at(i)); i++)
        if (scenario_default(scenario, option))
            return true;
    return false;
}

static void print_option(const struct option *o)
{
    char head[64], text[400], initial[100] = "";
    const char *standard = o->initial;
    if (is_set_by_scenarios(o->name)) {
        const char *own = scenario_default(scenario_at(0), o->name);
        snprintf(initial, sizeof initial, "by scenario; %s: ", scenario_at(0)->name);
        standard = own ? own : standard;
    }
    snprintf(head, sizeof head, "%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
    if (standard)
        snprintf(text, sizeof text, "%s [%s%s]", o->help, initial, standard);
    else
        snprintf(text, sizeof text, "%s", o->help);
    print_entry(head, text);
}

void options_print_help(void)
{
    fputs(intro, stdout);
    for (size_t i = 0; i < option_count; i++) {
        for (size_t k = 0; k < sizeof groups / sizeof *groups; k++)
            if (strcmp(groups[k].option, option_table[i].name) == 0)
                printf("\n%s:\n", groups[k].heading);
        print_option(&option_table[i]);
    }
    const struct load_dialect *dialect;
    puts("\nDialects, and their [default --path]:");
    for (size_t i = 0; (dialect = load_dialect_at(i)); i++) {
        char text[400];
        snprintf(text, sizeof text, "%s [%s]", dialect->about, dialect->path);
        print_entry(dialect->name, text);
    }
    fputs(outro, stdout);
}
