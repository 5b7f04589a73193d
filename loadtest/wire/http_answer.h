/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 answers (RFC 9112), read in client role. No I/O; the body is decoded where it stands. */
#ifndef LOADTEST_WIRE_HTTP_ANSWER_H
#define LOADTEST_WIRE_HTTP_ANSWER_H

#include "core/base/buf.h"
#include "core/codec/http_chunks.h"

#define HTTP_ANSWER_MAX_HEAD 16384 /* bytes up to the empty line */
#define HTTP_ANSWER_LINE     64    /* of the status line, for messages */

enum http_framing { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED, HTTP_UNTIL_CLOSE };

struct http_answer {
    int status;
    char line[HTTP_ANSWER_LINE]; /* the status line, or how it begins */
    enum http_framing framing;
    bool keep_alive, event_stream;
    unsigned idle_s; /* Keep-Alive: timeout=N; 0 when not said */
    uint64_t left;   /* HTTP_LENGTH: bytes that are still to come */
    struct http_chunks chunks;
};

/* The value of a header in the lines of `head`, without blanks around it; empty if there is none. */
struct slice http_answer_header(struct slice head, const char *name);
/* The bytes of the head that `got` begins with, the empty line included. 0: more is needed; -1: it will never
 * be one, with a sentence in why. */
long http_answer_head_size(struct slice got, char *why, size_t size) MUST_CHECK;
/* "the server answered "HTTP/1.1 404 Not Found": not here", on one line. */
void http_answer_refusal(char *why, size_t size, struct slice line, struct slice body);

/* Takes the head off the front of *rest; answers 1xx before it are passed over. 1: taken; 0: more is needed;
 * -1: as above. */
int http_answer_head(struct http_answer *answer, struct slice *rest, char *why, size_t size) MUST_CHECK;
/* Takes the next part of the body off the front of *rest; *part is its content, which may be empty. The bytes
 * are changed. 1: that was the last one; 0: more is to come; ERR_PARSE: what follows the part is malformed.
 */
int http_answer_body(struct http_answer *answer, struct slice *rest, struct slice *part) MUST_CHECK;

#endif
