/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 request heads (RFC 9112), read strictly: what two readers could understand differently (a bare
 * line feed, a folded header, two lengths, control characters) is refused, so that no proxy in front and this
 * program disagree about where a request ends. */
#ifndef CORE_CODEC_HTTP_H
#define CORE_CODEC_HTTP_H

#include "core/base/slice.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER_METHOD
};

/* The headers that are kept; all others are checked and passed over. */
#define HTTP_HEADER_TABLE(X)                                                                                 \
    X(HTTP_CONNECTION, "connection")                                                                         \
    X(HTTP_CONTENT_LENGTH, "content-length")                                                                 \
    X(HTTP_TRANSFER_ENCODING, "transfer-encoding")                                                           \
    X(HTTP_CONTENT_TYPE, "content-type")                                                                     \
    X(HTTP_EXPECT, "expect")                                                                                 \
    X(HTTP_UPGRADE, "upgrade")                                                                               \
    X(HTTP_ORIGIN, "origin")                                                                                 \
    X(HTTP_AUTHORIZATION, "authorization")                                                                   \
    X(HTTP_IF_NONE_MATCH, "if-none-match")                                                                   \
    X(HTTP_X_FORWARDED_FOR, "x-forwarded-for")                                                               \
    X(HTTP_X_ROOMCAST_AFFINITY, "x-roomcast-affinity")                                                       \
    X(HTTP_WS_KEY, "sec-websocket-key")                                                                      \
    X(HTTP_WS_VERSION, "sec-websocket-version")                                                              \
    X(HTTP_WS_PROTOCOL, "sec-websocket-protocol")                                                            \
    X(HTTP_REQUESTED_HEADERS, "access-control-request-headers")

enum http_header {
#define X(sym, name) sym,
    HTTP_HEADER_TABLE(X)
#undef X
        HTTP_HEADERS
};

/* All slices point into the bytes that were parsed. */
struct http_head {
    enum http_method method;
    struct slice target;      /* as it was sent, without a leading http://host */
    struct slice path, query; /* of the target, still encoded; the query without its '?' */
    /* Values without white space around them. Of several lines with one name the last counts; but for
     * connection all of them are looked at. p is NULL for a header that is missing. */
    struct slice header[HTTP_HEADERS];
    struct slice lines; /* all header lines, checked */
    bool keep_alive;    /* the connection may serve another request afterwards */
    bool wants_upgrade; /* Connection: upgrade */
    bool has_length, chunked;
    uint64_t length; /* of the body; 0 without Content-Length */
};

/* Where the head that `bytes` begins with ends: the number of its bytes, with the empty line, or 0 when more
 * are needed. Empty lines before it belong to it. The first `seen` bytes were looked through before. */
size_t http_head_end(struct slice bytes, size_t seen);
/* Parses one whole head. 0, ERR_PARSE, or ERR_VERSION (an HTTP version that is not 1.0 or 1.1). */
int http_head_parse(struct slice bytes, struct http_head *head) MUST_CHECK;

/* The next line of a header that may stand on several: *lines is head->lines before the first call. false: no
 * more. */
bool http_header_next(struct slice *lines, const char *name, struct slice *value);
/* What names are made of: a token of RFC 9110, section 5.6.2. */
bool http_token_char(char c);
/* A comma separated list (a header's value) has this element. Letter case does not count. */
bool http_list_has(struct slice list, const char *element);
/* The next element of such a list, without the white space around it; empty elements are passed over. */
bool http_list_next(struct slice *rest, struct slice *element);

/* The next pair of a query; key and value are still encoded. *rest shrinks. false: no more. */
bool http_query_next(struct slice *rest, struct slice *key, struct slice *value);
/* Decodes %XX into out (in.n bytes are enough); in a query + is a blank. A % that is no escape stays as it
 * is. Returns the number of bytes. */
size_t http_decode(struct slice in, bool in_query, char *out);
/* Two names or values are the same but for the case of ASCII letters. */
bool http_same(struct slice a, struct slice b);

#endif
