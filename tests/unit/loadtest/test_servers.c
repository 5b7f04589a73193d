/* SPDX-License-Identifier: Apache-2.0 */
/* What processes use, as /proc tells: this process, and children that end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loadtest/run/servers.h"

static double own_cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void this_process(void **state)
{
    (void)state;
    enum { BALLAST = 32 << 20 };
    struct servers servers;
    char why[200];
    pid_t self = getpid();
    assert_true(servers_init(&servers, &self, 1, why, sizeof why));
    assert_string_equal(servers.server[0].name, "test_servers");
    double began = own_cpu_seconds();
    /* Not by malloc(), whose memory may be kept when it is freed. */
    char *ballast = mmap(NULL, BALLAST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(ballast != MAP_FAILED);
    memset(ballast, 1, BALLAST);
    while (own_cpu_seconds() < began + 0.2)
        ;
    struct server_usage usage = servers_read(&servers);
    double used = usage.cpu_seconds - servers_at_start(&servers).cpu_seconds;
    assert_true(used > 0.15 && used < 0.3);
    assert_true(usage.rss_bytes >= servers_at_start(&servers).rss_bytes + BALLAST / 2);
    assert_true(usage.peak_bytes >= servers_at_start(&servers).rss_bytes + BALLAST / 2);
    assert_int_equal(ballast[BALLAST - 1], 1); /* or the compiler would not write what nobody reads */
    assert_in_range(usage.threads, 1, 10);
    assert_false(servers.server[0].gone);
    munmap(ballast, BALLAST);
    struct server_usage after = servers_read(&servers);
    assert_true(after.peak_bytes >= BALLAST && after.rss_bytes < after.peak_bytes - BALLAST / 2);
}

/* posix_spawn() returns in the midst of exec: the arguments come a little later. */
static void await_arguments(pid_t pid)
{
    char name[40];
    int first = EOF;
    snprintf(name, sizeof name, "/proc/%d/cmdline", (int)pid);
    for (int i = 0; first == EOF && i < 10000; i++) {
        FILE *file = fopen(name, "re");
        assert_non_null(file);
        first = fgetc(file);
        fclose(file);
        usleep(1000);
    }
    assert_int_not_equal(first, EOF);
}

/* The kernel's short name would end after 15 bytes. */
static void a_long_name(void **state)
{
    (void)state;
    char *argv[] = {(char *)"/opt/a-name-of-more-than-15-bytes", (char *)"60", NULL};
    char *environment[] = {NULL};
    struct servers servers;
    char why[200];
    pid_t child;
    assert_int_equal(posix_spawn(&child, "/bin/sleep", NULL, NULL, argv, environment), 0);
    await_arguments(child);
    bool found = servers_init(&servers, &child, 1, why, sizeof why);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_true(found);
    assert_string_equal(servers.server[0].name, "a-name-of-more-than-15-bytes");
}

static void several_are_added(void **state)
{
    (void)state;
    struct servers servers;
    char why[200];
    pid_t pids[] = {getpid(), getppid()};
    assert_true(servers_init(&servers, pids, 2, why, sizeof why));
    struct server_usage sum = servers_read(&servers);
    assert_int_equal(sum.rss_bytes, servers.server[0].usage.rss_bytes + servers.server[1].usage.rss_bytes);
    assert_int_equal(sum.threads, servers.server[0].usage.threads + servers.server[1].usage.threads);
}

/* Ended, its parent knows it or not: what was seen last stays, but it holds no memory any more. */
static void one_that_ends(void **state)
{
    (void)state;
    struct servers servers;
    char why[200];
    int status;
    siginfo_t info;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        pause();
        _exit(0);
    }
    assert_true(servers_init(&servers, &child, 1, why, sizeof why));
    uint64_t rss = servers_read(&servers).rss_bytes;
    kill(child, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(servers_read(&servers).rss_bytes, 0);
    assert_int_equal(servers.server[0].usage.rss_bytes, rss);
    assert_true(servers.server[0].gone);
    char ended[60];
    struct servers late;
    snprintf(ended, sizeof ended, "process %d has ended", (int)child);
    assert_false(servers_init(&late, &child, 1, why, sizeof why));
    assert_string_equal(why, ended);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(servers_read(&servers).rss_bytes, 0);
    assert_int_equal(servers.server[0].usage.rss_bytes, rss);
    assert_true(servers.server[0].gone);
    assert_false(servers_init(&servers, &child, 1, why, sizeof why));
    assert_non_null(strstr(why, "there is no such process"));
}

static void none(void **state)
{
    (void)state;
    struct servers servers;
    char why[200];
    assert_true(servers_init(&servers, NULL, 0, why, sizeof why));
    assert_int_equal(servers_read(&servers).threads, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(this_process), cmocka_unit_test(several_are_added),
                                       cmocka_unit_test(one_that_ends), cmocka_unit_test(none),
                                       cmocka_unit_test(a_long_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
