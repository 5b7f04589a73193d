/* SPDX-License-Identifier: Apache-2.0 */
/* RESP, the Redis protocol: commands into a buffer, replies out of bytes. Replies are parsed by hiredis'
 * redisReader with functions of our own, so that a pushed message costs no memory: its bytes are handed on
 * where they lie in the reader's buffer. hiredis 0.14 to 1.x.
 *
 * Of RESP3 it knows the push, which is what lets one connection carry commands, their replies and messages;
 * the other types of RESP3 do not occur in what is asked here. */
#ifndef GATEWAY_REDIS_RESP_H
#define GATEWAY_REDIS_RESP_H

#include "core/base/buf.h"

/* A command is resp_array() with the number of words, then as many resp_bulk(). Errors stick to the buffer.
 */
void resp_array(struct buf *out, size_t count);
void resp_bulk(struct buf *out, struct slice word);

enum resp_type { RESP_STATUS, RESP_ERROR, RESP_INTEGER, RESP_STRING, RESP_NIL, RESP_ARRAY, RESP_PUSH };

struct resp_reply {
    enum resp_type type;
    long long integer; /* of an array or push: the last integer in it */
    struct slice
        text; /* status, error, string: its first 255 bytes. array, push: those of its first element */
    struct slice channel; /* array, push: its second element */
};

struct resp_handler {
    void *arg;
    /* The push ["message", channel, bytes] arrived. It must not feed or free the reader. */
    void (*message)(void *arg, struct slice channel, struct slice bytes);
    /* Everything else, one call for each reply. Not 0: resp_feed() ends with it. */
    int (*reply)(void *arg, const struct resp_reply *reply);
};

struct resp;
struct resp *resp_new(const struct resp_handler *handler);
void resp_free(struct resp *p);
/* Calls back for every reply that is complete. 0; ERR_PARSE: this is not Redis; ERR_TOO_LARGE; ERR_NOMEM; or
 * what reply() returned. After an error the reader can only be freed. */
int resp_feed(struct resp *p, struct slice bytes) MUST_CHECK;

#endif
