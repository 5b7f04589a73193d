/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket clients: connecting, reading, writing, and the frames in between. */
#include "loadtest/wsc.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/err.h"
#include "core/base/random.h"
#include "core/base/xalloc.h"
#include "loadtest/clock.h"
#include "loadtest/handshake.h"

#define READ_SIZE (256u << 10)

void wsc_loop_init(struct wsc_loop *loop, struct event_base *base, size_t max_frame)
{
    *loop = (struct wsc_loop){.base = base, .max_frame = max_frame};
    loop->in_size = max_frame + WS_MAX_HEADER + READ_SIZE;
    loop->in = xcalloc(1, loop->in_size);
    loop->mask_state = random_u64() | 1;
}

void wsc_loop_free(struct wsc_loop *loop)
{
    free(loop->in);
}

void wsc_init(struct wsc *client, struct wsc_loop *loop, const struct wsc_ops *ops)
{
    *client = (struct wsc){.loop = loop, .ops = ops, .fd = -1, .state = WSC_IDLE};
    buf_init(&client->out, WSC_MAX_QUEUE);
    buf_init(&client->message, loop->max_frame);
}

static void release(struct wsc *client)
{
    if (client->fd >= 0) {
        event_del(&client->event);
        close(client->fd);
    }
    client->fd = -1;
    client->state = WSC_CLOSED;
    free(client->rest);
    client->rest = NULL;
    client->rest_n = 0;
    buf_free(&client->out);
    buf_free(&client->message);
}

static void fail(struct wsc *client, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct wsc *client, const char *format, ...)
{
    char why[WSC_MAX_WHY];
    va_list ap;
    va_start(ap, format);
    vsnprintf(why, sizeof why, format, ap);
    va_end(ap);
    release(client);
    client->ops->closed(client, why);
}

static void on_event(evutil_socket_t fd, short what, void *arg);

static void watch(struct wsc *client, bool write)
{
    short what = write ? EV_READ | EV_WRITE | EV_PERSIST : EV_READ | EV_PERSIST;
    if (event_initialized(&client->event))
        event_del(&client->event);
    event_assign(&client->event, client->loop->base, client->fd, what, on_event, client);
    event_add(&client->event, NULL);
    client->wants_write = write;
}

int wsc_connect(struct wsc *client, int fd, const struct sockaddr *to, socklen_t to_len, struct slice request)
{
    assert(client->state == WSC_IDLE);
    if (connect(fd, to, to_len) != 0 && errno != EINPROGRESS) {
        int err = errno;
        close(fd);
        errno = err;
        return -1;
    }
    client->fd = fd;
    client->request = request;
    client->state = WSC_CONNECTING;
    watch(client, true);
    return 0;
}

/* xorshift64: masks must not be guessable by what is carried, they are no secret towards the server. */
static uint32_t next_mask(struct wsc_loop *loop)
{
    uint64_t x = loop->mask_state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    loop->mask_state = x;
    return (uint32_t)(x >> 32);
}

int wsc_queue(struct wsc *client, enum ws_opcode opcode, struct slice payload)
{
    assert(client->state == WSC_OPEN);
    struct buf *out = &client->out;
    int err = buf_reserve(out, WS_MAX_HEADER + payload.n);
    if (err != 0) {
        out->err = 0; /* the frame is refused, what was queued before still goes out */
        return err;
    }
    uint32_t mask = next_mask(client->loop);
    out->n += ws_put_masked_header(out->p + out->n, opcode, payload.n, mask);
    size_t start = out->n;
    err = buf_add(out, payload);
    assert(err == 0);
    ws_mask(out->p + start, payload.n, mask);
    return 0;
}

void wsc_flush(struct wsc *client)
{
    struct buf *out = &client->out;
    if (client->state == WSC_CLOSED || out->n == 0)
        return;
    ssize_t sent = send(client->fd, out->p, out->n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        fail(client, "write: %s", strerror(errno));
        return;
    }
    if (sent > 0)
        buf_consume(out, (size_t)sent);
    bool left = out->n > 0;
    if (!left)
        buf_free(out);
    if (left != client->wants_write)
        watch(client, left);
}

void wsc_close(struct wsc *client)
{
    if (client->state == WSC_OPEN && client->out.n == 0 && wsc_queue(client, WS_CLOSE, SLICE_NONE) == 0)
        send(client->fd, client->out.p, client->out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    release(client);
}

static void close_frame(struct wsc *client, struct slice payload)
{
    if (payload.n < 2) {
        fail(client, "the server closed the WebSocket without a code");
        return;
    }
    unsigned code = (unsigned)(unsigned char)payload.p[0] << 8 | (unsigned char)payload.p[1];
    struct slice reason = slice_from(payload, 2);
    fail(client, "the server closed the WebSocket, code %u%s%.*s", code, reason.n ? ", " : "",
         SLICE_FMT(reason));
}

/* A fragment: the first (its opcode says of what), or a continuation. */
static void fragment(struct wsc *client, const struct ws_frame *frame)
{
    bool first = frame->opcode != WS_CONTINUATION;
    if (first == client->in_message) {
        fail(client, "the server sent fragments in the wrong order");
        return;
    }
    if (first) {
        client->text_message = frame->opcode == WS_TEXT;
        client->in_message = true;
    }
    if (buf_add(&client->message, frame->payload) != 0) {
        fail(client, "the server sent a message of more than %zu bytes", client->loop->max_frame);
        return;
    }
    if (!frame->fin)
        return;
    client->in_message = false;
    if (client->text_message)
        client->ops->text(client, buf_slice(&client->message));
    buf_free(&client->message);
}

static void control(struct wsc *client, const struct ws_frame *frame)
{
    if (frame->opcode == WS_CLOSE) {
        close_frame(client, frame->payload);
    } else if (frame->opcode == WS_PING) {
        if (wsc_queue(client, WS_PONG, frame->payload) == 0)
            wsc_flush(client);
    }
}

static void take_frames(struct wsc *client, struct slice *rest)
{
    struct wsc_loop *loop = client->loop;
    struct ws_frame frame;
    size_t need;
    int got = 0;
    while (client->state == WSC_OPEN && (got = ws_frame_next(rest, loop->max_frame, &frame, &need)) == 1) {
        loop->frames++;
        if (frame.rsv1)
            fail(client, "the server sent a compressed frame, though no compression was negotiated");
        else if (frame.opcode == WS_TEXT && frame.fin && !client->in_message)
            client->ops->text(client, frame.payload);
        else if (frame.opcode >= WS_CLOSE)
            control(client, &frame);
        else if (frame.opcode != WS_BINARY || !frame.fin)
            fragment(client, &frame);
    }
    if (client->state == WSC_OPEN && got < 0)
        fail(client, "the server sent a bad WebSocket frame: %s", err_text(got));
}

static void take_handshake(struct wsc *client, struct slice *rest)
{
    char why[WSC_MAX_WHY];
    size_t used = 0;
    int got = handshake_answer(*rest, &used, why, sizeof why);
    if (got < 0) {
        fail(client, "%s", why);
    } else if (got > 0) {
        *rest = slice_from(*rest, used);
        client->state = WSC_OPEN;
    }
}

static void keep_rest(struct wsc *client, struct slice rest)
{
    if (client->state == WSC_CLOSED || rest.n == 0)
        return;
    client->rest = malloc(rest.n);
    if (!client->rest) {
        fail(client, "out of memory");
        return;
    }
    memcpy(client->rest, rest.p, rest.n);
    client->rest_n = rest.n;
}

static void on_readable(struct wsc *client)
{
    struct wsc_loop *loop = client->loop;
    size_t kept = client->rest_n;
    ssize_t got = recv(client->fd, loop->in + kept, loop->in_size - kept, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got < 0)
        fail(client, "read: %s", strerror(errno));
    else if (got == 0)
        fail(client, "the server closed the connection");
    if (got <= 0)
        return;
    loop->now = clock_us();
    loop->reads++;
    loop->bytes += (uint64_t)got;
    if (kept > 0) {
        memcpy(loop->in, client->rest, kept);
        free(client->rest);
        client->rest = NULL;
        client->rest_n = 0;
    }
    struct slice rest = {loop->in, kept + (size_t)got};
    if (client->state == WSC_HANDSHAKE)
        take_handshake(client, &rest);
    if (client->state == WSC_OPEN)
        take_frames(client, &rest);
    keep_rest(client, rest);
}

static void on_connected(struct wsc *client)
{
    int err = 0;
    socklen_t size = sizeof err;
    if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &err, &size) != 0)
        err = errno;
    if (err != 0) {
        fail(client, "connect: %s", strerror(err));
        return;
    }
    client->state = WSC_HANDSHAKE;
    if (buf_add(&client->out, client->request) != 0)
        fail(client, "out of memory");
    else
        wsc_flush(client);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct wsc *client = arg;
    (void)fd;
    if (client->state == WSC_CONNECTING) {
        on_connected(client);
        return;
    }
    if (what & EV_WRITE)
        wsc_flush(client);
    if ((what & EV_READ) && client->state != WSC_CLOSED) {
        on_readable(client);
        client->ops->after_read(client);
    }
}
