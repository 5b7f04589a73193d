/* SPDX-License-Identifier: Apache-2.0 */
/* The program: from the command line to the loop, and out again. */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/log.h"
#include "core/base/random.h"
#include "gateway/config/config.h"
#include "gateway/config/options.h"
#include "gateway/config/reload.h"
#include "gateway/gateway.h"
#include "gateway/loop.h"

#define PROGRAM "roomcast-gateway"

enum { EXIT_CANNOT_LISTEN = 1, EXIT_USAGE = 2, WHY_MAX = 500 };

static void report(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, PROGRAM ": %s\n", text);
}

/* The first signal drains, the second ends it. */
static void on_stop_signal(evutil_socket_t signal, short what, void *arg)
{
    (void)what;
    struct reload *r = arg;
    loop_enter(r->gateway);
    log_info("signal", "signal=%s", signal == SIGTERM ? "SIGTERM" : "SIGINT");
    if (!r->gateway->draining) {
        drain_begin(r->gateway);
        return;
    }
    log_warn("stopping at once, cutting connections", "cut=%zu", broker_connection_count(r->gateway->broker));
    r->gateway->stopping = true;
}

static void on_reload_signal(evutil_socket_t signal, short what, void *arg)
{
    (void)signal, (void)what;
    struct reload *r = arg;
    loop_enter(r->gateway);
    reload_config(r);
}

static struct event *on_signal(struct reload *r, int signal, event_callback_fn fn)
{
    struct event *event = evsignal_new(r->gateway->base, signal, fn, r);
    if (event == NULL || event_add(event, NULL) != 0)
        abort();
    return event;
}

static struct event_base *new_base(void)
{
    struct event_config *c = event_config_new();
    if (c == NULL || event_config_set_flag(c, EVENT_BASE_FLAG_NOLOCK) != 0)
        abort();
    struct event_base *base = event_base_new_with_config(c);
    event_config_free(c);
    if (base == NULL)
        abort();
    return base;
}

static void enter(void *gateway)
{
    loop_enter(gateway);
}

static struct bus *new_bus(struct gateway *g)
{
    const struct bus_handler handler = broker_bus_handler(g->broker);
    if (strcmp(g->settings.bus, "memory") == 0)
        return memory_bus_new(&handler, g->settings.max_bus_queue_bytes);
    return redis_bus_new(g->base, &g->settings, &g->metrics, &handler, enter, g);
}

static uint64_t now_ms(void)
{
    struct timespec t;
    int err = clock_gettime(CLOCK_MONOTONIC, &t);
    assert(err == 0);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* With the events go the handlers: who signals a process that is about to end must not change its status. */
static void block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    int err = sigprocmask(SIG_BLOCK, &set, NULL);
    assert(err == 0);
}

static void serve(struct reload *r)
{
    struct gateway *g = r->gateway;
    struct event *signals[] = {on_signal(r, SIGTERM, on_stop_signal), on_signal(r, SIGINT, on_stop_signal),
                               on_signal(r, SIGHUP, on_reload_signal)};
    printf("listening on %s\n", server_address(g->server));
    fflush(stdout);
    log_info("started", "version=" ROOMCAST_VERSION " node=%s listen=%s bus=%s", g->settings.node_id,
             server_address(g->server), strcmp(g->settings.bus, "memory") == 0 ? "memory" : "redis");
    loop_run(g);
    block_signals();
    drain_end();
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        event_free(signals[i]);
}

/* Takes the settings of c. */
static int run(struct config *c, const struct options *o, char **envp)
{
    char why[WHY_MAX];
    static struct gateway g; /* zeroed; its histograms are large */
    struct reload reload = {
        .gateway = &g, .options = o, .envp = envp, .namespaces = json_incref(c->namespaces)};
    int status = 0;
    config_setup_log(&c->settings);
    config_name_node(&c->settings);
    g.settings = c->settings;
    settings_init(&c->settings);
    g.routes = routes_compile(reload.namespaces, &g.settings, why, sizeof why);
    assert(g.routes); /* config_load() tried */
    g.base = new_base();
    g.broker = broker_new(&g.settings, g.routes, &g.metrics, now_ms());
    broker_set_bus(g.broker, new_bus(&g));
    g.server = server_new(&g, why, sizeof why);
    if (g.server) {
        serve(&reload);
        server_free(g.server);
    } else {
        report(NULL, why);
        status = EXIT_CANNOT_LISTEN;
    }
    broker_free(g.broker);
    event_base_free(g.base);
    routes_free(g.routes);
    settings_free(&g.settings);
    json_decref(reload.namespaces);
    return status;
}

static int with_config(const struct options *o, char **envp)
{
    struct config c;
    struct config_errors errors = {.report = report};
    int status = 0;
    if (config_load(&c, o, envp, &errors) != 0)
        status = EXIT_USAGE;
    else if (o->action == OPTIONS_CHECK_CONFIG)
        printf("%s: ok\n", o->config ? o->config : "built-in configuration");
    else if (o->action == OPTIONS_PRINT_CONFIG)
        config_print(&c, stdout);
    else
        status = run(&c, o, envp);
    config_free(&c);
    return status;
}

static int act(const struct options *o, char **envp)
{
    switch (o->action) {
    case OPTIONS_HELP:
        options_help(stdout);
        return 0;
    case OPTIONS_VERSION:
        puts(PROGRAM " " ROOMCAST_VERSION);
        return 0;
    case OPTIONS_PRINT_CONFIG_TABLE:
        settings_print_markdown(stdout);
        return 0;
    case OPTIONS_RUN:
    case OPTIONS_CHECK_CONFIG:
    case OPTIONS_PRINT_CONFIG:
        break;
    }
    return with_config(o, envp);
}

int main(int argc, char **argv, char **envp)
{
    char why[WHY_MAX];
    struct options o;
    (void)argc;
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        abort();
    hash_seed(random_u64());
    int status = EXIT_USAGE;
    if (options_parse(&o, argv, why, sizeof why) == 0)
        status = act(&o, envp);
    else
        fprintf(stderr, PROGRAM ": %s\nTry " PROGRAM " --help\n", why);
    options_free(&o);
    return status;
}
