/* SPDX-License-Identifier: Apache-2.0 */
/* A request's body with Transfer-Encoding: chunked (RFC 9112, section 7.1), decoded where it stands. */
#ifndef CORE_CODEC_HTTP_CHUNKS_H
#define CORE_CODEC_HTTP_CHUNKS_H

#include "core/base/slice.h"

#define HTTP_CHUNKS_LINE_MAX    1024 /* bytes of a size with its extensions */
#define HTTP_CHUNKS_TRAILER_MAX 8192 /* bytes of the headers after the body, which are not looked at */

enum http_chunks_state {
    CHUNKS_SIZE,
    CHUNKS_EXTENSION,
    CHUNKS_SIZE_END,
    CHUNKS_DATA,
    CHUNKS_DATA_CR,
    CHUNKS_DATA_END,
    CHUNKS_TRAILER,      /* at the beginning of a line */
    CHUNKS_TRAILER_LINE, /* inside one */
    CHUNKS_TRAILER_LINE_END,
    CHUNKS_LAST_END,
    CHUNKS_DONE
};

/* All zeros at the beginning. */
struct http_chunks {
    enum http_chunks_state state;
    uint64_t left; /* bytes of the chunk at hand */
    unsigned line; /* bytes of the line at hand, or of the trailer */
    bool digits;   /* the size has one */
};

/* Decodes the next n bytes at p: *used of them are done with, and their content, *made bytes, stands at p
 * now. 1: the body is complete; 0: more is needed; ERR_PARSE. c->left says what the chunk at hand still
 * brings. */
int http_chunks_decode(struct http_chunks *c, char *p, size_t n, size_t *used, size_t *made) MUST_CHECK;

#endif
