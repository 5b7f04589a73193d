/* SPDX-License-Identifier: Apache-2.0 */
/* Where each option of roomcast-load is allowed: all of them, in each scenario with each dialect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "loadtest/dialect/dialect.h"
#include "loadtest/scenario/scenario.h"
#include "loadtest/setup/options.h"
#include "loadtest/setup/options_table.h"

#define ALL        "broadcast rooms chat storm idle slow failover"
#define PUBLISHING "broadcast rooms chat slow failover"
#define ANY        "socketio polling json raw sse"
#define BY_EVENT   "socketio polling json"
#define NAMED      "socketio polling json sse"

/* Options that are not here are allowed everywhere. */
static const struct {
    const char *argument, *scenarios, *dialects;
} allowed[] = {{"--publishers=1", PUBLISHING, ANY},
               {"--rate=99", PUBLISHING, ANY},
               {"--ramp=1", PUBLISHING, ANY},
               {"--burst=2", PUBLISHING, ANY},
               {"--max-p99=5", PUBLISHING, ANY},
               {"--size=99", PUBLISHING, ANY},
               {"--search", "broadcast rooms chat", ANY},
               {"--stalled=0.5", "slow", ANY},
               {"--churn=1", "chat", BY_EVENT},
               {"--typing=2", "chat", BY_EVENT},
               {"--command-at=1", "failover", ANY}, /* the only one that is given a command here */
               {"--reconnect-delay=1", "storm failover", ANY},
               {"--reconnect-delay=1", "chat", BY_EVENT},
               {"--join-event=x", ALL, BY_EVENT},
               {"--join-args=[]", ALL, BY_EVENT},
               {"--leave-event=x", "chat", BY_EVENT},
               {"--publish-event=x", PUBLISHING, BY_EVENT},
               {"--publish-args=[\"{event}\",{message}]", PUBLISHING, BY_EVENT},
               {"--publish-path=/x?{event}", PUBLISHING, "sse"},
               {"--no-join", ALL, BY_EVENT},
               {"--no-acks", ALL, NAMED},
               {"--no-join-acks", ALL, BY_EVENT},
               {"--no-publish-acks", PUBLISHING, NAMED},
               {"--no-echo", PUBLISHING, ANY},
               {"--auth={}", ALL, "socketio polling"},
               {"--message-event=x", ALL, NAMED},
               {"--deflate", ALL, "socketio json raw"}};

#define ROWS (sizeof allowed / sizeof *allowed)

static bool has_word(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += n)
        if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    return false;
}

/* What was said on standard error. */
static enum options_result parse(const char *scenario, const char *dialect, const char *argument, char *said,
                                 size_t size)
{
    static struct options options;
    const char *argv[] = {"roomcast-load", "--scenario", scenario,    "--dialect",
                          dialect,         argument,     "--command", "true"};
    int argc = strcmp(scenario, "failover") == 0 ? 8 : 6, saved = dup(STDERR_FILENO);
    FILE *file = tmpfile();
    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    enum options_result result = options_parse(&options, argc, (char **)argv);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    said[fread(said, 1, size - 1, file)] = '\0';
    fclose(file);
    return result;
}

static void try_one(const struct option *option, const char *argument, const char *scenario,
                    const char *dialect, bool expected)
{
    char said[500], place[80], beginning[80];
    enum options_result result = parse(scenario, dialect, argument, said, sizeof said);
    if ((result == OPTIONS_RUN) != expected)
        fail_msg("%s in scenario %s with dialect %s: expected it to be %s: %s", argument, scenario, dialect,
                 expected ? "allowed" : "refused", said);
    if (expected)
        return;
    snprintf(beginning, sizeof beginning, "roomcast-load: option %s: has no effect", option->name);
    snprintf(place, sizeof place, "(scenario %s, dialect %s), it needs ", scenario, dialect);
    assert_ptr_equal(strstr(said, beginning), said);
    assert_non_null(strstr(said, place));
}

static const char *some_value(enum option_kind kind)
{
    switch (kind) {
    case COUNT:
    case PID:
        return "1";
    case NUMBER:
        return "30";
    case URL:
        return "http://a";
    case NAMESPACE:
    case PATH:
        return "/x";
    case ARGS:
        return "[]";
    default:
        return "x";
    }
}

static void try_everywhere(const struct option *option)
{
    char argument[80];
    const struct scenario *scenario;
    const struct load_dialect *dialect;
    snprintf(argument, sizeof argument, "%s%s%s", option->name, option->argument ? "=" : "",
             option->argument ? some_value(option->kind) : "");
    for (size_t row = 0; row < ROWS; row++)
        if (strncmp(allowed[row].argument, option->name, strlen(option->name)) == 0 &&
            strchr("=", allowed[row].argument[strlen(option->name)]))
            snprintf(argument, sizeof argument, "%s", allowed[row].argument);
    for (size_t s = 0; (scenario = scenario_at(s)); s++)
        for (size_t d = 0; (dialect = load_dialect_at(d)); d++) {
            if (strcmp(scenario->name, "chat") == 0 && !has_word(BY_EVENT, dialect->name))
                continue; /* refused as a whole */
            bool listed = false, expected = false;
            for (size_t row = 0; row < ROWS; row++) {
                if (strcmp(allowed[row].argument, argument) != 0)
                    continue;
                listed = true;
                expected = expected || (has_word(allowed[row].scenarios, scenario->name) &&
                                        has_word(allowed[row].dialects, dialect->name));
            }
            try_one(option, argument, scenario->name, dialect->name, expected || !listed);
        }
}

static void every_option_everywhere(void **state)
{
    (void)state;
    size_t tried = 0;
    for (size_t i = 0; i < option_count; i++) {
        enum option_kind kind = option_table[i].kind;
        if (kind == HELP || kind == LIST || kind == VERSION || kind == SCENARIO || kind == DIALECT)
            continue;
        try_everywhere(&option_table[i]);
        tried++;
    }
    assert_true(tried > ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_option_everywhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
