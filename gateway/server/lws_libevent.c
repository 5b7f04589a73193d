/* SPDX-License-Identifier: Apache-2.0 */
/* The libevent backend for libwebsockets, with public functions only.
 *
 * A request to write costs no epoll_ctl: its socket goes on a list, which is served at the end of the loop
 * turn as if the socket had reported room. Only when the socket has refused bytes is libevent asked to watch
 * for room.
 *
 * How libwebsockets gets to know it: from 4.3 on by info.event_lib_custom. 4.1 loads a plugin named
 * evlib_event when asked for libevent (lws_hooks.c). */
#include "gateway/server/lws_libevent.h"

#include <assert.h>
#include <stdlib.h>

#include "core/base/xalloc.h"

#if LWS_LIBRARY_VERSION_NUMBER < 4003000
/* Private in 4.1, whose shared object name (17) fixes it; public from 4.3 on. */
enum { LWS_EV_READ = 1, LWS_EV_WRITE = 2, LWS_EV_START = 4, LWS_EV_STOP = 8 };
typedef int io_flags;
struct lws_event_loop_ops {
    const char *name;
    int (*init_context)(struct lws_context *context, const struct lws_context_creation_info *info);
    int (*destroy_context1)(struct lws_context *context);
    int (*destroy_context2)(struct lws_context *context);
    int (*init_vhost_listen_wsi)(struct lws *wsi);
    int (*init_pt)(struct lws_context *context, void *loop, int tsi);
    int (*wsi_logical_close)(struct lws *wsi);
    int (*check_client_connect_ok)(struct lws *wsi);
    void (*close_handle_manually)(struct lws *wsi);
    int (*sock_accept)(struct lws *wsi);
    void (*io)(struct lws *wsi, int flags);
    void (*run_pt)(struct lws_context *context, int tsi);
    void (*destroy_pt)(struct lws_context *context, int tsi);
    void (*destroy_wsi)(struct lws *wsi);
    uint8_t flags;
    uint16_t evlib_size_ctx, evlib_size_pt, evlib_size_vh, evlib_size_wsi;
};
#else
typedef unsigned int io_flags;
#endif

/* One per socket number, made when it is first used and kept for the next socket with that number. */
struct slot {
    struct event *read;
    struct event *write; /* NULL until the socket is full for the first time: most never are */
    struct lws *wsi;     /* NULL: none now */
    int fd;
    bool reading;             /* read is added */
    bool awaiting_room;       /* write is added */
    bool wanted;              /* libwebsockets wants to write */
    bool queued;              /* is on the list of this turn */
    bool full;                /* the socket refused bytes: only its own word counts */
    void (*input)(void *arg); /* who reads, if not libwebsockets */
    void *input_arg;
};

struct lws_libevent {
    struct event_base *base;
    struct lws_context *context;
    void (*enter)(void *arg);
    void *arg;
    struct slot **slots;
    int max_fds;
    int *queue, *serving;
    int queue_size, queue_cap;
    bool worked;
    struct event *timer;
    lws_usec_t timer_due; /* 0: not added */
    lws_dll2_owner_t *timers;
    void *foreign_loops[1];
};

static struct lws_libevent *the_backend;

static struct slot *slot_of(struct lws *wsi)
{
    int fd = lws_get_socket_fd(wsi);
    struct slot *s = fd >= 0 && fd < the_backend->max_fds ? the_backend->slots[fd] : NULL;
    return s != NULL && s->wsi == wsi ? s : NULL;
}

static void enqueue(struct lws_libevent *e, struct slot *s)
{
    if (s->queued)
        return;
    if (e->queue_size == e->queue_cap) {
        e->queue_cap = e->queue_cap == 0 ? 64 : e->queue_cap * 2;
        e->queue = xrealloc(e->queue, (size_t)e->queue_cap * sizeof *e->queue);
        e->serving = xrealloc(e->serving, (size_t)e->queue_cap * sizeof *e->serving);
    }
    e->queue[e->queue_size++] = s->fd;
    s->queued = true;
}

static void watch_read(struct slot *s, bool on)
{
    if (on != s->reading && (on ? event_add(s->read, NULL) : event_del(s->read)) == 0)
        s->reading = on;
}

static void on_room(evutil_socket_t fd, short what, void *arg);

static void watch_room(struct slot *s, bool on)
{
    if (on && s->write == NULL)
        s->write = event_new(the_backend->base, s->fd, EV_WRITE | EV_PERSIST, on_room, s);
    if (on && s->write == NULL)
        abort();
    if (on != s->awaiting_room && (on ? event_add(s->write, NULL) : event_del(s->write)) == 0)
        s->awaiting_room = on;
}

static void service(struct lws_libevent *e, struct slot *s, short revents)
{
    struct lws *wsi = s->wsi;
    struct lws_pollfd p = {.fd = s->fd, .events = LWS_POLLIN | LWS_POLLOUT, .revents = revents};
    e->worked = true;
    if (revents & LWS_POLLOUT)
        s->full = false;
    lws_service_fd(e->context, &p);
    if (s->wsi != wsi)
        return;
    if (!s->wanted)
        return;
    if (lws_partial_buffered(wsi)) {
        s->full = true;
        watch_room(s, true);
    } else if (!s->awaiting_room) {
        enqueue(e, s); /* the wish still stands: it is left on after a pong was sent, for instance */
    }
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
    struct slot *s = arg;
    struct lws_libevent *e = the_backend;
    (void)fd;
    (void)what;
    e->enter(e->arg);
    if (s->input != NULL)
        s->input(s->input_arg);
    else if (s->wsi != NULL)
        service(e, s, LWS_POLLIN);
}

static void on_room(evutil_socket_t fd, short what, void *arg)
{
    struct slot *s = arg;
    (void)fd;
    (void)what;
    the_backend->enter(the_backend->arg);
    if (s->wsi != NULL)
        service(the_backend, s, LWS_POLLOUT);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct lws_libevent *e = arg;
    (void)fd;
    (void)what;
    e->timer_due = 0; /* the end of the turn fires what is due */
    e->worked = true;
    e->enter(e->arg);
}

static int ops_init_pt(struct lws_context *context, void *loop, int tsi)
{
    (void)loop;
    (void)tsi;
    the_backend->context = context;
    return 0;
}

static int ops_sock_accept(struct lws *wsi)
{
    struct lws_libevent *e = the_backend;
    int fd = lws_get_socket_fd(wsi);
    /* By writing to this one other threads would wake the loop. There are none, but libwebsockets writes to
     * it for each connection that it is given. */
    if (lws_get_vhost(wsi) == NULL)
        return 0;
    if (fd < 0 || fd >= e->max_fds)
        return 1;
    struct slot *s = e->slots[fd];
    if (s == NULL) {
        s = xcalloc(1, sizeof *s);
        s->fd = fd;
        s->read = event_new(e->base, fd, EV_READ | EV_PERSIST, on_read, s);
        if (s->read == NULL)
            abort();
        e->slots[fd] = s;
    }
    assert(s->wsi == NULL);
    s->wsi = wsi;
    s->wanted = s->full = false;
    s->input = NULL;
    return 0;
}

static void ops_io(struct lws *wsi, io_flags flags)
{
    struct slot *s = slot_of(wsi);
    if (s == NULL)
        return;
    bool start = (flags & LWS_EV_START) != 0;
    if (flags & LWS_EV_READ)
        watch_read(s, start);
    if (!(flags & LWS_EV_WRITE))
        return;
    s->wanted = start;
    if (!start || s->full)
        watch_room(s, start);
    else
        enqueue(the_backend, s);
}

static int ops_logical_close(struct lws *wsi)
{
    struct slot *s = slot_of(wsi);
    if (s == NULL)
        return 0;
    watch_read(s, false);
    watch_room(s, false);
    s->input = NULL;
    s->wsi = NULL;
    s->wanted = false;
    return 0;
}

static const struct lws_event_loop_ops ops = {
    .name = "roomcast-libevent",
    .init_pt = ops_init_pt,
    .wsi_logical_close = ops_logical_close,
    .sock_accept = ops_sock_accept,
    .io = ops_io,
    .evlib_size_pt = sizeof(void *),
};

const lws_plugin_evlib_t lws_libevent_plugin = {
    .hdr = {.name = "roomcast-libevent", ._class = "lws_evlib_plugin", .api_magic = LWS_PLUGIN_API_MAGIC},
    .ops = &ops,
};

static void serve_queue(struct lws_libevent *e)
{
    int n = e->queue_size, *served = e->queue;
    e->queue = e->serving;
    e->serving = served;
    e->queue_size = 0;
    for (int i = 0; i < n; i++) {
        struct slot *s = e->slots[served[i]];
        s->queued = false;
        if (s->wanted && s->wsi != NULL && !s->full)
            service(e, s, LWS_POLLOUT);
    }
}

static void serve_timers(struct lws_libevent *e)
{
    lws_usec_t now = lws_now_usecs();
    lws_usec_t wait = __lws_sul_service_ripe(e->timers, LWS_COUNT_PT_SUL_OWNERS, now);
    if (wait == 0 || (e->timer_due != 0 && e->timer_due <= now + wait))
        return;
    struct timeval tv = {.tv_sec = wait / LWS_US_PER_SEC, .tv_usec = wait % LWS_US_PER_SEC};
    if (evtimer_add(e->timer, &tv) == 0)
        e->timer_due = now + wait;
}

bool lws_libevent_turn(struct lws_libevent *e)
{
    serve_queue(e);
    /* Input that libwebsockets has read but not looked at. */
    if (lws_service_adjust_timeout(e->context, 1, 0) == 0) {
        _lws_plat_service_forced_tsi(e->context, 0);
        e->worked = true;
    }
    serve_timers(e);
    bool again = e->worked || e->queue_size > 0;
    e->worked = false;
    return again;
}

void lws_libevent_wait_writable(struct lws *wsi)
{
    struct slot *s = slot_of(wsi);
    if (s != NULL)
        s->full = true;
    lws_callback_on_writable(wsi);
}

void lws_libevent_take_input(struct lws *wsi, void (*input)(void *arg), void *arg)
{
    struct slot *s = slot_of(wsi);
    assert(s != NULL);
    s->input = input;
    s->input_arg = arg;
}

void lws_libevent_watch_input(struct lws *wsi, bool on)
{
    struct slot *s = slot_of(wsi);
    if (s != NULL)
        watch_read(s, on);
}

/* Not LWS_TO_KILL_SYNC: it frees the connection under the feet of a caller inside one of its callbacks, and
 * it still waits for buffered output. */
void lws_libevent_kill(struct lws *wsi)
{
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    the_backend->worked = true;
}

struct lws_libevent *lws_libevent_new(struct lws_context_creation_info *info, struct event_base *base,
                                      int max_fds, void (*enter)(void *arg), void *arg)
{
    assert(the_backend == NULL);
    struct lws_libevent *e = xcalloc(1, sizeof *e);
    e->base = base;
    e->enter = enter;
    e->arg = arg;
    e->max_fds = max_fds;
    e->slots = xcalloc((size_t)max_fds, sizeof(struct slot *));
    e->foreign_loops[0] = base;
    info->foreign_loops = e->foreign_loops;
#if LWS_LIBRARY_VERSION_NUMBER < 4003000
    info->options |= LWS_SERVER_OPTION_LIBEVENT;
#else
    info->event_lib_custom = &lws_libevent_plugin;
#endif
    the_backend = e;
    return e;
}

static void nothing(lws_sorted_usec_list_t *sul)
{
    (void)sul;
}

/* Where libwebsockets keeps its timers is not public, but a timer knows the list that it is in. */
void lws_libevent_start(struct lws_libevent *e, struct lws_context *context)
{
    static lws_sorted_usec_list_t probe;
    e->context = context;
    e->timer = evtimer_new(e->base, on_timer, e);
    if (e->timer == NULL)
        abort();
    lws_sul_schedule(context, 0, &probe, nothing, 1);
    e->timers = probe.list.owner;
}

void lws_libevent_free(struct lws_libevent *e)
{
    for (int fd = 0; fd < e->max_fds; fd++) {
        struct slot *s = e->slots[fd];
        if (s == NULL)
            continue;
        event_free(s->read);
        if (s->write != NULL)
            event_free(s->write);
        free(s);
    }
    if (e->timer != NULL)
        event_free(e->timer);
    free(e->slots);
    free(e->queue);
    free(e->serving);
    free(e);
    the_backend = NULL;
}
