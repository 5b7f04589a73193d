/* SPDX-License-Identifier: Apache-2.0 */
/* Validates and slices JSON (RFC 8259, UTF-8) without building a tree and without allocating: what a client
 * sent passes on byte for byte. Depth limited (a value inside n arrays or objects has depth n). Strings must
 * be valid UTF-8; escaped lone surrogates are let through, as JSON.parse does. White space around values is
 * not part of a slice. */
#ifndef CORE_CODEC_JSON_H
#define CORE_CODEC_JSON_H

#include "core/base/buf.h"
#include "core/base/slice.h"

#define JSON_MAX_DEPTH 1024 /* a larger max_depth counts as this */

struct json {
    const char *p, *end;
    unsigned depth; /* how many more levels may be opened */
    bool first;     /* the next element of the container is its first */
};

void json_init(struct json *j, struct slice text, unsigned max_depth);
/* Takes one whole value of any kind. 0, ERR_PARSE or ERR_TOO_DEEP. */
int json_value(struct json *j, struct slice *value) MUST_CHECK;
/* Enters the container that begins with `open`, '[' or '{'. ERR_PARSE if the next value is something else. */
int json_enter(struct json *j, char open) MUST_CHECK;
/* The next element of the entered array. 1, 0 at its end (left then), or an error. */
int json_element(struct json *j, struct slice *value) MUST_CHECK;
/* The next member of the entered object; key is a string token with its quotes. 1, 0 or an error. */
int json_member(struct json *j, struct slice *key, struct slice *value) MUST_CHECK;
/* Nothing but white space is left: 0, else ERR_PARSE. */
int json_end(struct json *j) MUST_CHECK;
/* One whole text that is one value: json_init, json_value, json_end. */
int json_check(struct slice text, unsigned max_depth, struct slice *value) MUST_CHECK;

/* Iterates the values of a comma separated list ("args": the inside of an array) that was validated before.
 * *rest shrinks to where the next value begins. false when no value is left. */
bool json_args_next(struct slice *rest, struct slice *value);

/* Decodes a string token (with its quotes) into out (at least token.n bytes are enough; 3 more than the
 * result are never needed). The number of bytes, or ERR_PARSE for a lone surrogate or not a string. */
long json_unescape(struct slice token, char *out) MUST_CHECK;
/* token is a string token whose decoded value is z (escapes are understood). */
bool json_string_is(struct slice token, const char *z);
/* Appends bytes as a string token. Bytes that are not UTF-8 become U+FFFD. */
int json_quote(struct buf *b, struct slice bytes);
/* How many bytes json_quote appends, quotes included. */
size_t json_quoted_size(struct slice bytes);

/* Socket.IO's binary placeholders. Finds, at any depth in a validated comma separated list of values,
 * the next object after *pos that has a member "_placeholder" whose value is true. 1: *object is the object,
 * *num its "num" member, or -1 when that is missing or no plain non-negative integer below 2^31; 0: no more;
 * ERR_PARSE: one that also holds arrays or objects, or says both true and false: nothing to pass on to
 * anybody, and not looked at further so that depth costs nothing. */
int json_placeholder_next(struct slice args, size_t *pos, struct slice *object, long *num) MUST_CHECK;
/* Likewise for {"$binary":"<base64>"}: an object with that one member, a string. *token has its quotes. */
int json_binary_next(struct slice args, size_t *pos, struct slice *object, struct slice *token) MUST_CHECK;

#endif
