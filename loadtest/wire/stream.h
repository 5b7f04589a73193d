/* SPDX-License-Identifier: Apache-2.0 */
/* A non-blocking TCP connection, made for many of them: all read into one shared buffer, what was received is
 * used in place, and a connection holds memory of its own only for what is cut off at the end of a read, or
 * for what the kernel did not take.
 *
 * A stream is a member of its owner's struct. It may be closed, and connected again, inside its callbacks. */
#ifndef LOADTEST_WIRE_STREAM_H
#define LOADTEST_WIRE_STREAM_H

#include <event2/event_struct.h>

#include "core/base/buf.h"
#include "loadtest/setup/sources.h"
#include "loadtest/setup/target.h"

#define STREAM_MAX_QUEUE (16u << 20) /* bytes that a stream holds for a server that does not read */
#define STREAM_MAX_WHY   128

struct stream;
struct wire_loop;

/* Where connections of one actor go, and where they come from. */
struct endpoint {
    const struct target *target;
    const struct sources *sources;
    uint32_t socket; /* the how-manieth of all sockets its first one is (sources_bind) */
};

struct stream_ops {
    /* *rest is all that was received and not taken before. What is left of it is kept until more comes. */
    void (*received)(struct stream *stream, struct slice *rest);
    /* Once, and not for stream_close(). The socket is closed already. */
    void (*lost)(struct stream *stream, const char *why);
    /* At the end of each read, also of one that ended the connection. */
    void (*after_read)(struct stream *stream);
};

struct stream {
    struct wire_loop *loop;
    const struct stream_ops *ops;
    struct event event;
    int fd; /* -1: closed */
    bool connecting, wants_write, paused;
    uint32_t life; /* counts connections */
    char *rest;    /* what was received and not taken */
    size_t rest_n;
    struct buf out; /* what the kernel has not taken; append here, then stream_flush() */
};

void stream_init(struct stream *stream, struct wire_loop *loop, const struct stream_ops *ops);
/* Begins to connect; `nth` counts the endpoint's sockets. What is put into `out` meanwhile is sent once it is
 * connected. 0, or -1 with errno: then the stream is closed. */
int stream_connect(struct stream *stream, const struct endpoint *to, unsigned nth) MUST_CHECK;
/* Sends what it can. May call lost(). */
void stream_flush(struct stream *stream);
/* Stops reading. Also ends with the connection. */
void stream_pause(struct stream *stream, bool paused);
/* Frees what it holds. Right in any state. */
void stream_close(struct stream *stream);

#endif
