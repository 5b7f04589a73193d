/* SPDX-License-Identifier: Apache-2.0 */
/* The conductor of a run. */
#include "loadtest/run/conductor.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/xalloc.h"
#include "loadtest/clock.h"
#include "loadtest/worker/worker.h"

#define TURN_US 5000
#define GIVE_UP 3  /* interrupts */
#define END_S   20 /* that a load process may take to end */

static volatile sig_atomic_t interrupts;

static void on_interrupt(int number)
{
    (void)number;
    interrupts++;
}

int conductor_interrupts(void)
{
    return interrupts;
}

void conductor_fail(struct conductor *c, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (!c->failed)
        vsnprintf(c->result->error, sizeof c->result->error, format, ap);
    va_end(ap);
    c->failed = true;
}

/* ---- what is seen while it runs */

static double generator_cpu(const struct board *board)
{
    double sum = 0;
    for (uint32_t i = 0; i < board->places; i++)
        sum += board->place[i].cpu_seconds;
    return sum;
}

void conductor_snapshot(struct conductor *c, struct snapshot *snapshot, uint64_t now)
{
    snapshot->time = now;
    board_stats(c->board, &snapshot->stats);
    snapshot->generator_cpu = generator_cpu(c->board);
    snapshot->server_cpu = servers_read(&c->result->servers).cpu_seconds;
}

static void show_progress(struct conductor *c, const struct sample *sample)
{
    struct progress_figures figures = {.phase = c->doing,
                                       .seconds = sample->at,
                                       .joined = sample->joined,
                                       .connections = c->options->connections,
                                       .publish_rate = (double)sample->published / sample->seconds,
                                       .delivery_rate = (double)sample->delivered / sample->seconds,
                                       .delivered = c->shown.stats.count[STAT_DELIVERED],
                                       .lost = sample->lost,
                                       .outstanding = sample->outstanding,
                                       .p99_us = sample->p99};
    progress_show(&c->progress, &figures);
}

/* All connections may be closed and be there again within one sample. */
static void note_joined(struct conductor *c, uint64_t now)
{
    uint32_t joined = board_joined(c->board);
    if (joined < c->fewest) {
        c->fewest = joined;
        c->fewest_at = now;
    }
}

static void sample(struct conductor *c, uint64_t now)
{
    struct snapshot *last = &c->shown;
    struct snapshot *fresh = xcalloc(1, sizeof *fresh);
    struct stats *since = xcalloc(1, sizeof *since);
    conductor_snapshot(c, fresh, now);
    stats_difference(since, &fresh->stats, &last->stats);
    histogram_merge(&since->latency, &since->early); /* over time the warm-up is of interest, too */
    struct audit audit = board_audit(c->board);
    struct server_usage usage = servers_read(&c->result->servers);
    double time = seconds_between(last->time, now);
    note_joined(c, now);
    struct sample s = {.at = seconds_between(c->began, now),
                       .seconds = time,
                       .phase = c->doing,
                       .joined = board_joined(c->board),
                       .fewest = c->fewest,
                       .fewest_at = seconds_between(c->began, c->fewest_at),
                       .published = since->count[STAT_PUBLISHED],
                       .delivered = since->count[STAT_DELIVERED],
                       .lost = audit.lost + audit.missed,
                       .outstanding = audit.outstanding,
                       .p50 = histogram_quantile(&since->latency, 0.5),
                       .p90 = histogram_quantile(&since->latency, 0.9),
                       .p99 = histogram_quantile(&since->latency, 0.99),
                       .max = since->latency.max,
                       .generator_cpu = (fresh->generator_cpu - last->generator_cpu) / time,
                       .server_cpu = (fresh->server_cpu - last->server_cpu) / time,
                       .server_rss = usage.rss_bytes};
    timeline_add(&c->result->timeline, &s);
    c->fewest = UINT32_MAX;
    *last = *fresh;
    free(fresh);
    free(since);
    show_progress(c, &s);
}

/* ---- children */

static void look_after_children(struct conductor *c)
{
    int status;
    for (uint32_t i = 0; i < c->setup->processes; i++) {
        if (c->child[i] <= 0 || waitpid(c->child[i], &status, WNOHANG) != c->child[i])
            continue;
        c->child[i] = 0;
        if (WIFSIGNALED(status))
            conductor_fail(c, "a load process was ended by signal %d (%s)", WTERMSIG(status),
                           strsignal(WTERMSIG(status)));
        else if (board_error(c->board))
            conductor_fail(c, "%s", board_error(c->board));
        else
            conductor_fail(c, "a load process ended by itself with status %d", WEXITSTATUS(status));
    }
    if (c->command > 0 && waitpid(c->command, &status, WNOHANG) == c->command) {
        c->command = 0;
        c->result->command.ended = true;
        c->result->command.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        progress_say(&c->progress, "the command ended with status %d", c->result->command.status);
    }
}

void conductor_run_command(struct conductor *c, uint64_t now)
{
    progress_say(&c->progress, "running: %s", c->options->command);
    c->result->command.at = seconds_between(c->began, now);
    c->command = fork();
    if (c->command == 0) {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        dup2(STDERR_FILENO, STDOUT_FILENO);
        execl("/bin/sh", "sh", "-c", c->options->command, (char *)NULL);
        _exit(127);
    }
    c->result->command.pid = c->command;
    if (c->command < 0)
        conductor_fail(c, "cannot run the command: %s", strerror(errno));
}

bool conductor_turn(struct conductor *c)
{
    struct timespec pause = {.tv_nsec = TURN_US * 1000};
    nanosleep(&pause, NULL);
    uint64_t now = clock_us();
    look_after_children(c);
    note_joined(c, now);
    if (now >= c->next_sample) {
        sample(c, now);
        c->next_sample = now + (uint64_t)(c->options->interval * 1e6);
    }
    if (board_error(c->board))
        conductor_fail(c, "%s", board_error(c->board));
    if (interrupts >= GIVE_UP)
        conductor_fail(c, "interrupted %d times: gave up", GIVE_UP);
    if (ledger_is_full(c->board->ledger))
        conductor_fail(c, "more than %u publications were refused, not sent or not answered: stopped",
                       LEDGER_MAX_VOIDS);
    return !c->failed;
}

bool conductor_order(struct conductor *c, enum phase phase)
{
    board_order(c->board, phase);
    while (conductor_turn(c))
        if (board_obeyed(c->board)) {
            note_joined(c, clock_us());
            return true;
        }
    return false;
}

/* ---- set-up */

static void begin_child(const struct conductor *c, uint32_t process, pid_t conductor)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != conductor) /* it died before that */
        _exit(EXIT_FAILURE);
    signal(SIGINT, SIG_IGN); /* Ctrl-C goes to all; the conductor decides */
    signal(SIGTERM, SIG_IGN);
    worker_run(c->setup, c->board, process);
}

static bool start_children(struct conductor *c)
{
    pid_t self = getpid();
    fflush(NULL);
    for (uint32_t i = 0; i < c->setup->processes; i++) {
        c->child[i] = fork();
        if (c->child[i] == 0) {
            begin_child(c, i, self);
            exit(EXIT_SUCCESS);
        }
        if (c->child[i] < 0) {
            conductor_fail(c, "cannot start a load process: %s", strerror(errno));
            return false;
        }
    }
    return true;
}

/* Waits until it has ended. false: it does not. */
static bool await(pid_t child, int *status, uint64_t deadline)
{
    struct timespec pause = {.tv_nsec = TURN_US * 1000};
    while (waitpid(child, status, WNOHANG) == 0) {
        if (clock_us() >= deadline)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

static void end_children(struct conductor *c)
{
    int status = 0;
    uint64_t deadline = clock_us() + (c->failed ? 0 : END_S * 1000000);
    board_order(c->board, PHASE_END);
    for (uint32_t i = 0; i < c->setup->processes; i++) {
        if (c->child[i] <= 0)
            continue;
        if (!await(c->child[i], &status, deadline)) {
            conductor_fail(c, "a load process did not end within %d s", END_S);
            kill(c->child[i], SIGKILL);
            waitpid(c->child[i], &status, 0);
        } else if (WIFSIGNALED(status)) {
            conductor_fail(c, "a load process was ended by signal %d at its end", WTERMSIG(status));
        } else if (WEXITSTATUS(status) != 0) {
            conductor_fail(c, "a load process ended with status %d", WEXITSTATUS(status));
        }
    }
}

static void catch_interrupts(void)
{
    struct sigaction action = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

void conductor_run(const struct setup *setup, struct result *result)
{
    struct conductor *c = xcalloc(1, sizeof *c);
    c->setup = setup;
    c->options = setup->options;
    c->scenario = setup->options->scenario;
    c->result = result;
    c->child = xcalloc(setup->processes, sizeof *c->child);
    result->started = time(NULL);
    c->began = clock_us();
    c->next_sample = c->began + (uint64_t)(c->options->interval * 1e6);
    c->fewest = UINT32_MAX;
    c->doing = "connecting";
    progress_init(&c->progress, !c->options->no_progress);
    timeline_init(&result->timeline);
    c->board = board_new(setup->processes, setup->plan->publishers);
    if (!c->board) {
        conductor_fail(c, "cannot make the shared memory: %s", strerror(errno));
    } else {
        conductor_snapshot(c, &c->shown, c->began);
        catch_interrupts();
        if (start_children(c)) {
            if (c->options->search)
                run_search(c);
            else
                run_rounds(c);
        }
        if (clock_us() > c->shown.time)
            sample(c, clock_us());
        end_children(c);
        board_free(c->board);
    }
    progress_end(&c->progress);
    result->seconds = seconds_between(c->began, clock_us());
    free(c->child);
    free(c);
}
