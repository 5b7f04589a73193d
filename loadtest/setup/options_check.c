/* SPDX-License-Identifier: Apache-2.0 */
/* What options mean for each other. */
#include "loadtest/setup/options_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "loadtest/dialect/dialect.h"
#include "loadtest/scenario/scenarios.h"

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

static bool is_chat(const struct options *o)
{
    return o->scenario == &scenario_chat;
}

static bool is_slow(const struct options *o)
{
    return o->scenario == &scenario_slow;
}

static bool is_sse(const struct options *o)
{
    return o->dialect == &load_sse;
}

static bool has_command(const struct options *o)
{
    return o->command != NULL;
}

static bool publishes(const struct options *o)
{
    return o->publishers > 0 && o->rate > 0;
}

static bool searches_not(const struct options *o)
{
    return !o->search;
}

static bool can_be_searched(const struct options *o)
{
    return o->scenario->searchable;
}

static const struct {
    const char *name;
    bool (*has_effect)(const struct options *o);
    const char *otherwise;
} conditions[] = {{"--churn", is_chat, "only for --scenario chat"},
                  {"--typing", is_chat, "only for --scenario chat"},
                  {"--stalled", is_slow, "only for --scenario slow"},
                  {"--publish-path", is_sse, "only for --dialect sse"},
                  {"--command-at", has_command, "needs a --command"},
                  {"--rounds", searches_not, "not with --search"},
                  {"--search", can_be_searched, "only for --scenario broadcast, rooms and chat"},
                  {"--search", publishes, "needs --publishers and a --rate to begin with"},
                  {"--max-p99", publishes, "needs --publishers and a --rate"}};

bool option_has_effect(const struct options *options, const char *name)
{
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++)
        if (strcmp(conditions[i].name, name) == 0 && !conditions[i].has_effect(options))
            return bad("option %s: %s", name, conditions[i].otherwise);
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

/* Typing notices are other events than messages. */
static bool check_typing(const struct options *o)
{
    bool by_event = o->dialect->joining == JOIN_BY_EVENT;
    return !is_chat(o) || o->typing <= 0 || !publishes(o) || !o->dialect->events ||
           strstr(by_event ? o->publish_args : o->publish_path, "{event}") ||
           bad("option --typing: needs {event} in --publish-%s: else typing notices look like messages (or "
               "use "
               "--typing 0)",
               by_event ? "args" : "path");
}

static bool check_files(const struct options *o)
{
    return !o->json_file || !o->html_file || strcmp(o->json_file, o->html_file) != 0 ||
           bad("options --json and --html: expected different files, got \"%s\" for both", o->json_file);
}

bool options_agree(const struct options *o)
{
    return check_share(o, "--rooms", o->rooms) && check_share(o, "--publishers", o->publishers) &&
           check_command(o) && check_burst(o) && check_typing(o) && check_files(o);
}
