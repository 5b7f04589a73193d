/* SPDX-License-Identifier: Apache-2.0 */
/* Processes in /proc. The format is proc(5)'s. */
#include "loadtest/run/servers.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *open_file(pid_t pid, const char *name)
{
    char path[80];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    return fopen(path, "re");
}

/* Clock ticks, which is coarse, but ended threads count. false with errno; ESRCH: it has ended. */
static bool read_stat(pid_t pid, struct server_usage *usage)
{
    char text[1024];
    FILE *file = open_file(pid, "stat");
    if (!file)
        return false;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = '\0';
    const char *after_name = strrchr(text, ')');
    unsigned long user, system;
    long threads, pages;
    char state;
    if (!after_name || sscanf(after_name + 1,
                              " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %ld %*d "
                              "%*u %*u %ld",
                              &state, &user, &system, &threads, &pages) != 5) {
        errno = n > 0 ? EBADMSG : ESRCH; /* it ended after the file was opened */
        return false;
    }
    if (state == 'Z' || state == 'X') { /* only its parent has not looked */
        errno = ESRCH;
        return false;
    }
    usage->cpu_seconds = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    usage->rss_bytes = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
    usage->threads = (uint32_t)threads;
    return true;
}

/* 0 where the kernel does not tell. */
static uint64_t read_peak(pid_t pid)
{
    char line[200];
    uint64_t kilobytes = 0;
    FILE *file = open_file(pid, "status");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %" SCNu64, &kilobytes) == 1)
            break;
    if (file)
        fclose(file);
    return kilobytes * 1024;
}

/* Nanoseconds of the threads that live; 0 where the kernel does not tell. */
static double live_threads_seconds(pid_t pid)
{
    char name[64];
    uint64_t sum = 0, ns;
    snprintf(name, sizeof name, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(name);
    if (!tasks)
        return 0;
    for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
        snprintf(name, sizeof name, "task/%.20s/schedstat", task->d_name);
        FILE *file = task->d_name[0] == '.' ? NULL : open_file(pid, name);
        if (file && fscanf(file, "%" SCNu64, &ns) == 1)
            sum += ns;
        if (file)
            fclose(file);
    }
    closedir(tasks);
    return (double)sum / 1e9;
}

static bool read_server(struct server *server)
{
    struct server_usage usage;
    if (!read_stat(server->pid, &usage))
        return false;
    usage.peak_bytes = read_peak(server->pid);
    double fine = live_threads_seconds(server->pid);
    if (fine > usage.cpu_seconds)
        usage.cpu_seconds = fine;
    if (usage.cpu_seconds < server->usage.cpu_seconds) /* the two may differ by a tick */
        usage.cpu_seconds = server->usage.cpu_seconds;
    server->usage = usage;
    return true;
}

/* Its first argument, without folders; "" when there is none. "comm" would be cut to 15 bytes. */
static void read_name(struct server *server)
{
    char text[4096];
    FILE *file = open_file(server->pid, "cmdline");
    size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
    text[n] = '\0';
    const char *slash = strrchr(text, '/');
    snprintf(server->name, sizeof server->name, "%.*s", (int)sizeof server->name - 1,
             slash ? slash + 1 : text);
    if (file)
        fclose(file);
}

/* For threads of the kernel, which have no arguments. */
static void read_short_name(struct server *server)
{
    FILE *file = open_file(server->pid, "comm");
    if (!file || !fgets(server->name, sizeof server->name, file))
        snprintf(server->name, sizeof server->name, "?");
    server->name[strcspn(server->name, "\n")] = '\0';
    if (file)
        fclose(file);
}

static void say_unreadable(pid_t pid, char *why, size_t size)
{
    if (errno == ESRCH)
        snprintf(why, size, "process %d has ended", (int)pid);
    else
        snprintf(why, size, "cannot read what process %d uses: %s", (int)pid,
                 errno == ENOENT ? "there is no such process" : strerror(errno));
}

bool servers_init(struct servers *servers, const pid_t *pids, uint32_t count, char *why, size_t size)
{
    *servers = (struct servers){.count = count};
    for (uint32_t i = 0; i < count; i++) {
        struct server *server = &servers->server[i];
        server->pid = pids[i];
        read_name(server);
        if (server->name[0] == '\0')
            read_short_name(server);
        if (!read_server(server)) {
            say_unreadable(pids[i], why, size);
            return false;
        }
        server->at_start = server->usage;
    }
    return true;
}

static void add(struct server_usage *sum, const struct server_usage *usage)
{
    sum->cpu_seconds += usage->cpu_seconds;
    sum->rss_bytes += usage->rss_bytes;
    sum->peak_bytes += usage->peak_bytes;
    sum->threads += usage->threads;
}

struct server_usage servers_read(struct servers *servers)
{
    struct server_usage sum = {0};
    for (uint32_t i = 0; i < servers->count; i++) {
        struct server *server = &servers->server[i];
        server->gone = server->gone || !read_server(server);
        add(&sum, &server->usage);
        if (server->gone)
            sum.rss_bytes -= server->usage.rss_bytes;
    }
    return sum;
}

struct server_usage servers_at_start(const struct servers *servers)
{
    struct server_usage sum = {0};
    for (uint32_t i = 0; i < servers->count; i++)
        add(&sum, &servers->server[i].at_start);
    return sum;
}
