/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket clients on non-blocking sockets, made for many of them and for many small frames: all read into
 * one shared buffer, frames are used in place, and a connection holds memory of its own only for a frame that
 * is cut or a write that the kernel did not take.
 *
 * A client is a member of its owner's struct and is never freed in here; nothing is freed in a callback. */
#ifndef LOADTEST_WSC_H
#define LOADTEST_WSC_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/socket.h>

#include "core/base/buf.h"
#include "core/codec/websocket.h"

#define WSC_MAX_QUEUE (16u << 20) /* bytes that one client holds for a server that does not read */
#define WSC_MAX_WHY   320

enum wsc_state { WSC_IDLE, WSC_CONNECTING, WSC_HANDSHAKE, WSC_OPEN, WSC_CLOSED };

struct wsc;

struct wsc_ops {
    /* A text message. (That the handshake is through is not told: in both dialects the server speaks first.)
     */
    void (*text)(struct wsc *client, struct slice text);
    /* Once, and not for wsc_close(). The socket is closed already. */
    void (*closed)(struct wsc *client, const char *why);
    /* After the callbacks above were called for what one read brought. */
    void (*after_read)(struct wsc *client);
};

struct wsc_loop {
    struct event_base *base;
    char *in; /* the shared receive buffer */
    size_t in_size, max_frame;
    uint64_t now; /* microseconds, when the current read was made */
    uint64_t mask_state;
    uint64_t reads, frames, bytes;
};

struct wsc {
    struct wsc_loop *loop;
    const struct wsc_ops *ops;
    struct slice request; /* until the handshake is sent; not owned */
    struct event event;
    int fd;
    uint8_t state; /* enum wsc_state */
    bool wants_write;
    bool in_message; /* fragments of a message are being collected */
    bool text_message;
    char *rest; /* the beginning of a frame whose end has not been received */
    size_t rest_n;
    struct buf out;     /* what the kernel has not taken */
    struct buf message; /* the fragments */
};

/* Frames from the server up to max_frame bytes of payload, and as much for a fragmented message. `base` must
 * outlive the loop. */
void wsc_loop_init(struct wsc_loop *loop, struct event_base *base, size_t max_frame);
void wsc_loop_free(struct wsc_loop *loop);

void wsc_init(struct wsc *client, struct wsc_loop *loop, const struct wsc_ops *ops);
/* Starts connecting on a fresh non-blocking socket, which the client owns from now on. `request` is the
 * handshake and must live until the client is open. 0, or -1 with errno; then the client is idle and the
 * socket is closed. */
int wsc_connect(struct wsc *client, int fd, const struct sockaddr *to, socklen_t to_len,
                struct slice request) MUST_CHECK;
/* Queues one masked message; wsc_flush() sends what is queued. ERR_TOO_LARGE when too much waits already. */
int wsc_queue(struct wsc *client, enum ws_opcode opcode, struct slice payload) MUST_CHECK;
/* May call closed(). */
void wsc_flush(struct wsc *client);
/* Says goodbye as well as it can without waiting, and frees what the client holds. Right in any state. */
void wsc_close(struct wsc *client);

#endif
