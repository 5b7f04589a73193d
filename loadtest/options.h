/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: one table of options, from which parsing, checks, defaults and --help come. */
#ifndef LOADTEST_OPTIONS_H
#define LOADTEST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_MAX_URLS 64

struct load_dialect;

struct options {
    const char *url[OPTIONS_MAX_URLS];
    uint32_t urls;
    const struct load_dialect *dialect;
    uint32_t connections, rooms, publishers, size, in_flight;
    double rate, duration, warmup, connect_rate, connect_timeout, drain_timeout, interval;
    const char *ns, *path, *room_prefix, *join_event, *publish_event, *message_event, *json_file;
    bool no_progress, own_target;
};

enum options_result {
    OPTIONS_RUN,
    OPTIONS_DONE, /* --help or --version: printed */
    OPTIONS_BAD   /* said so on standard error: exit 2 */
};

/* The strings of *options are those of argv, or constants. */
enum options_result options_parse(struct options *options, int argc, char **argv);

#endif
