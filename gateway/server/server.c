/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the server together: file limit, libwebsockets, files, listener; and its part of a loop turn. */
#include "gateway/server/server.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/log.h"
#include "core/base/xalloc.h"
#include "core/codec/deflate.h"
#include "gateway/engineio/polling.h"
#include "gateway/http/files.h"
#include "gateway/http/io.h"
#include "gateway/loop.h"
#include "gateway/server/leak_check.h"
#include "gateway/server/listener.h"
#include "gateway/server/lws_libevent.h"
#include "gateway/websocket/websocket.h"

static void enter(void *arg)
{
    loop_enter(arg);
}

/* Its own words are for its developers. */
static void log_line(int level, const char *line)
{
    size_t n = strlen(line);
    if (strstr(line, ": calling service") != NULL) /* said, as an error, at every hand-over of a socket */
        return;
    while (n > 0 && line[n - 1] == '\n')
        n--;
    log_debug("libwebsockets", "level=%d text=%s", level, log_quote((struct slice){line, n}));
}

/* lws_context_creation_info's members that matter; the others' defaults are meant for small devices or for
 * files. */
static bool start_lws(struct server *s, int max_fds)
{
    /* No validity checks: their timers are one list that is searched from its beginning for every connection.
     */
    static const lws_retry_bo_t no_checks = {0};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = websocket_protocols,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .retry_and_idle_policy = &no_checks,
        .pt_serv_buf_size =
            4 * HTTP_HEAD_MAX, /* the hand-over's request and 101 answer, with all CORS headers */
        .user = s,
        /* Not fd_limit_per_thread: with it every lookup of a socket becomes a search. */
    };
    lws_set_log_level(LLL_ERR | LLL_WARN, log_line);
    s->events = lws_libevent_new(&info, s->gateway->base, max_fds, enter, s->gateway);
    leak_check_off();
    s->lws = lws_create_context(&info);
    leak_check_on();
    if (s->lws == NULL)
        return false;
    lws_libevent_start(s->events, s->lws);
    s->vhost = lws_create_vhost(s->lws, &info);
    return s->vhost != NULL;
}

static bool start(struct server *s, char *why, size_t why_size)
{
    const struct settings *set = server_settings(s);
    int max_fds;
    unsigned connections = listener_raise_limit(set->max_connections, &max_fds);
    if (proxies_compile(&s->proxies, set->trusted_proxies, why, why_size) != 0)
        return false;
    s->files = files_new(set->static_dir, why, why_size);
    if (s->files == NULL)
        return false;
    if (!start_lws(s, max_fds)) {
        snprintf(why, why_size, "libwebsockets did not start");
        return false;
    }
    s->listener = listener_new(s, set->listen, connections, why, why_size);
    return s->listener != NULL;
}

struct server *server_new(struct gateway *g, char *why, size_t why_size)
{
    struct server *s = xcalloc(1, sizeof *s);
    s->gateway = g;
    list_init(&s->http);
    list_init(&s->unread);
    list_init(&s->dead);
    list_init(&s->resumed);
    list_init(&s->polling);
    list_init(&s->payloads);
    buf_init(&s->head, 4 * HTTP_HEAD_MAX);
    buf_init(&s->request.text, HTTP_HEAD_MAX + 1);
    buf_init(&s->inflated, server_settings(s)->max_message_bytes);
    if (start(s, why, why_size))
        return s;
    server_free(s);
    return NULL;
}

const char *server_address(const struct server *s)
{
    return listener_address(s->listener);
}

bool server_turn(struct server *s)
{
    uint64_t until = loop_time() + LOOP_INPUT_US;
    bool websocket = websocket_turn(s, until), polling = polling_turn(s, until);
    bool http = http_turn(s, until); /* last: the others may have answered requests that some wait behind */
    return lws_libevent_turn(s->events) || http || websocket || polling;
}

void server_stop_listening(struct server *s)
{
    listener_stop(s->listener);
}

static void close_all(struct server *s)
{
    while (!list_empty(&s->http))
        http_lost(container_of(s->http.next, struct http, all));
    polling_free_all(s);
    http_free_dead(s);
}

void server_free(struct server *s)
{
    if (s->listener != NULL)
        listener_free(s->listener);
    close_all(s);
    if (s->lws != NULL)
        lws_context_destroy(s->lws); /* closes all WebSockets */
    if (s->events != NULL)
        lws_libevent_free(s->events);
    if (s->files != NULL)
        files_free(s->files);
    proxies_free(&s->proxies);
    buf_free(&s->head);
    buf_free(&s->request.text);
    buf_free(&s->inflated);
    inflater_free(s->inflater);
    free(s);
}
