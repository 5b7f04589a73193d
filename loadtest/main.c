/* SPDX-License-Identifier: Apache-2.0 */
/* roomcast-load: drives a cluster with many simulated users and verifies what it delivers. Reading order:
 * setup/ (what can be asked for, who is where), scenario/ (what the clients do), run/ (the conductor:
 * connecting, publishing, waiting, counting, step by step), board/ (what it shares with the load processes),
 * worker/ (a load process and its users), wire/ and dialect/ (a user's connection and its language), message/
 * (what is due, and whether it arrived), report/. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/hash.h"
#include "core/base/random.h"
#include "core/base/xalloc.h"
#include "loadtest/dialect/dialect.h"
#include "loadtest/report/command.h"
#include "loadtest/report/file.h"
#include "loadtest/report/report.h"
#include "loadtest/run/conductor.h"
#include "loadtest/setup/outputs.h"
#include "loadtest/setup/resources.h"
#include "loadtest/wire/wire.h"

enum { EXIT_FINE, EXIT_FAULT, EXIT_USAGE };

static int complain(const char *why)
{
    fprintf(stderr, "roomcast-load: %s\n", why);
    return EXIT_USAGE;
}

static bool find_target(struct target *target, const char *url, bool own, char *why, size_t size)
{
    if (!target_parse(target, url, why, size) || !target_resolve(target, why, size))
        return false;
    if (own || address_is_private((const struct sockaddr *)&target->addr))
        return true;
    snprintf(
        why, size,
        "%s is %s, which is neither a loopback nor a private address: load only what is yours, and say so "
        "with --i-own-this-target",
        url, target->text);
    return false;
}

static bool find_targets(struct target *targets, const struct options *o)
{
    char why[700];
    for (uint32_t i = 0; i < o->urls; i++)
        if (!find_target(&targets[i], o->url[i], o->own_target, why, sizeof why)) {
            fprintf(stderr, "roomcast-load: option --url: %s\n", why);
            return false;
        }
    return true;
}

static bool find_sources(struct sources *sources, const struct target *targets, const struct options *o)
{
    char why[700];
    uint32_t sockets = o->connections * o->dialect->wire->sockets;
    if (!sources_init(sources, o->source, o->sources, why, sizeof why)) {
        fprintf(stderr, "roomcast-load: option --source: %s\n", why);
        return false;
    }
    if (sources_suffice(sources, sockets, sources_ports(), targets, o->urls, why, sizeof why))
        return true;
    fprintf(stderr, "roomcast-load: %s\n", why);
    sources_free(sources);
    return false;
}

static bool is_stdout(const char *file)
{
    return file && strcmp(file, "-") == 0;
}

static int execute(const struct setup *setup)
{
    const struct options *o = setup->options;
    struct result *result = xcalloc(1, sizeof *result);
    char why[200];
    int status = EXIT_USAGE;
    result->options = o;
    if (!servers_init(&result->servers, o->pid, o->pids, why, sizeof why)) {
        fprintf(stderr, "roomcast-load: option --pid: %s\n", why);
    } else if (outputs_can_be_written(o)) {
        conductor_run(setup, result);
        bool taken = is_stdout(o->json_file) || is_stdout(o->html_file);
        report_print(taken || result->error[0] != '\0' ? stderr : stdout, result);
        status = result_failed(result) ? EXIT_FAULT : EXIT_FINE;
        if (!report_flush())
            status = EXIT_USAGE;
        if (!report_write_all(result))
            status = EXIT_USAGE;
        result_free(result);
    }
    free(result);
    return status;
}

/* How many load processes there will be; 0: the limit of open files is too low even so. */
static uint32_t processes(const struct options *o)
{
    uint32_t wanted = o->processes > 0 ? o->processes : 1;
    uint32_t each = (o->connections + wanted - 1) / wanted;
    uint32_t possible = resources_sockets(each * o->dialect->wire->sockets) / o->dialect->wire->sockets;
    if (possible >= each)
        return wanted < o->connections ? wanted : o->connections;
    if (o->processes > 0 || possible == 0)
        return 0;
    return (o->connections + possible - 1) / possible;
}

static int prepare_and_execute(const struct options *o, struct target *targets, struct plan *plan)
{
    char why[400];
    struct setup setup = {.options = o, .plan = plan, .targets = targets, .processes = processes(o)};
    if (!find_targets(targets, o))
        return EXIT_USAGE;
    if (plan->pairs > PLAN_MAX_PAIRS) {
        snprintf(why, sizeof why,
                 "%zu pairs of a subscriber and a publisher of its room are more than the %u that are "
                 "verified: use more --rooms or fewer --publishers",
                 plan->pairs, PLAN_MAX_PAIRS);
        return complain(why);
    }
    if (setup.processes == 0)
        return complain(
            "the limit of open files is too low for so many connections in each load process: raise "
            "it (ulimit -Hn, LimitNOFILE=) or use more --processes");
    if (!find_sources(&setup.sources, targets, o))
        return EXIT_USAGE;
    int status = execute(&setup);
    sources_free(&setup.sources);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    struct plan plan;
    if (argc > 1 && strcmp(argv[1], "report") == 0)
        return report_command(argc - 1, argv + 1);
    enum options_result result = options_parse(&options, argc, argv);
    if (result != OPTIONS_RUN)
        return result == OPTIONS_DONE && report_flush() ? EXIT_FINE : EXIT_USAGE;
    hash_seed(random_u64());
    plan_init(&plan, options.connections, options.rooms, options.publishers, options.urls,
              options.room_prefix);
    plan.no_echo = options.no_echo;
    struct target *targets = xcalloc(options.urls, sizeof *targets);
    int status = prepare_and_execute(&options, targets, &plan);
    free(targets);
    plan_free(&plan);
    return status;
}
