/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 in client role: one request at a time on a connection that is kept and opened anew when it has to
 * be. No request is sent twice: when a connection ends before the answer, that request has failed.
 *
 * A client is a part of a wire: when there will be no answer, the wire fails, with the request named; and the
 * wire's owner hears of the end of each read. In its callbacks it may be closed, and the next request sent.
 */
#ifndef LOADTEST_WIRE_HTTP_CLIENT_H
#define LOADTEST_WIRE_HTTP_CLIENT_H

#include "loadtest/wire/http_answer.h"
#include "loadtest/wire/stream.h"

struct http_client;
struct wire;

struct http_client_ops {
    /* The whole answer: client->answer, and its body. */
    void (*done)(struct http_client *client, struct slice body);
    /* For answers that do not end: the head of one with status 200, and then each part of its body. When it
     * does end, done() gets an empty body. NULL: answers are collected, all of them. */
    void (*head)(struct http_client *client);
    void (*part)(struct http_client *client, struct slice part);
};

enum http_client_state { HTTP_IDLE, HTTP_HEAD_AWAITED, HTTP_BODY_AWAITED };

struct http_client {
    struct stream stream;
    struct wire *wire;
    const struct http_client_ops *ops;
    unsigned nth; /* of the endpoint's sockets */
    enum http_client_state state;
    bool paused;
    uint32_t requests;   /* counts them, and closes */
    uint64_t idle_until; /* microseconds: past it the server may have closed the connection; 0: unknown */
    char what[80];       /* the request at hand, for messages: "GET /socket.io/" */
    struct http_answer answer;
    struct buf body; /* as far as it was received */
};

struct http_request {
    const char *method;
    struct slice target;
    const char *type; /* Content-Type; NULL: no body */
    struct slice body;
};

/* Bodies that are collected may have max_body bytes. */
void http_client_init(struct http_client *client, struct wire *wire, const struct http_client_ops *ops,
                      unsigned nth, size_t max_body);
static inline bool http_client_idle(const struct http_client *client)
{
    return client->state == HTTP_IDLE;
}
/* For an idle client. May make the wire fail. 0, or -1 with errno: no connection can be opened. */
int http_client_send(struct http_client *client, const struct endpoint *to,
                     const struct http_request *request) MUST_CHECK;
/* Stops reading, or goes on. Ends with http_client_close(). */
void http_client_pause(struct http_client *client, bool paused);
void http_client_close(struct http_client *client);

#endif
