/* SPDX-License-Identifier: Apache-2.0 */
/* The wire that receives server-sent events (HTML standard, section 9.2) and sends by POST. A text that comes
 * in is one event as it stands, its lines without the empty one that ends it. A text to be sent is a request
 * target, a line feed, and a JSON body: these are posted one after the other on a second connection, and
 * answered() tells whether the status was 2xx. opened() is called for the head of the stream.
 *
 * Lines end with \n or \r\n. (A \r alone, which the standard also allows, is not understood.) */
#ifndef LOADTEST_WIRE_EVENT_STREAM_H
#define LOADTEST_WIRE_EVENT_STREAM_H

#include "loadtest/wire/http_client.h"
#include "loadtest/wire/wire.h"

struct event_stream {
    struct wire wire; /* first */
    struct http_client get, post;
    bool open;
    struct buf cut;   /* the beginning of an event */
    struct buf out;   /* what waits: for each its size, its id, and the text */
    uint64_t posting; /* the id of the publication that is being posted */
};

/* The next event off the front of *rest, without its end; false when there is no whole one. Empty lines
 * before it are passed over. */
bool event_stream_next(struct slice *rest, struct slice *event);

#endif
