/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: one table of options, from which parsing, checks, defaults and --help come. */
#ifndef LOADTEST_OPTIONS_H
#define LOADTEST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

#define OPTIONS_MAX_URLS    64
#define OPTIONS_MAX_PIDS    64
#define OPTIONS_MAX_SOURCES 64

#define OPTIONS_MAX_AUTH 65536 /* bytes */

struct load_dialect;
struct scenario;

struct options {
    const char *url[OPTIONS_MAX_URLS];
    uint32_t urls;
    const char *source[OPTIONS_MAX_SOURCES]; /* each an address, or several with commas */
    uint32_t sources;
    pid_t pid[OPTIONS_MAX_PIDS]; /* of the servers */
    uint32_t pids;
    const struct load_dialect *dialect;
    const struct scenario *scenario;
    uint32_t connections, rooms, publishers, size, burst, in_flight, rounds;
    uint32_t processes; /* 0: as many as files require */
    double rate, ramp, duration, warmup, connect_rate, connect_timeout, drain_timeout, reconnect_delay,
        interval;
    double max_p99; /* milliseconds; 0: any */
    double stalled; /* share of the readers */
    double churn, typing;
    double command_at;
    const char *command;
    const char *ns, *path, *publish_path, *room_prefix, *join_event, *join_args, *leave_event, *publish_event,
        *publish_args, *message_event, *json_file, *html_file;
    const char *auth; /* NULL: none */
    bool no_acks, no_join, no_join_acks, no_publish_acks, no_echo, deflate, search, no_progress, own_target;
};

enum options_result {
    OPTIONS_RUN,
    OPTIONS_DONE, /* --help or --version: printed */
    OPTIONS_BAD   /* said so on standard error: exit 2 */
};

/* Whether clients join and leave their rooms by events, whether these are answered, and publications. */
bool options_joins(const struct options *options);
bool options_join_acks(const struct options *options);
bool options_publish_acks(const struct options *options);
/* Microseconds after it was due, from which on a message is late: --max-p99, or a second where there is none.
 */
uint64_t options_late_us(const struct options *options);

/* The strings of *options are those of argv, or constants. */
enum options_result options_parse(struct options *options, int argc, char **argv);

#endif
