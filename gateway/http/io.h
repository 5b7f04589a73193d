/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP files tell each other. Handlers include http.h. */
#ifndef GATEWAY_HTTP_IO_H
#define GATEWAY_HTTP_IO_H

#include "gateway/http/http.h"

/* http.c */
void http_limit_reading(struct http *h); /* starts the timer that HTTP_READING needs now */
void http_free_dead(struct server *server);
void http_limit(struct http *h, uint64_t ms); /* the timer ends the connection after so long */
void http_finished(struct http *h);           /* the whole answer is written */
void http_end(struct http *h);                /* closes; after a request that was not read whole, gently */
void http_lost(struct http *h);               /* closes, and tells the owner */
void http_lost_owner(struct http *h);         /* tells the owner that it is not going to answer */

/* read.c */
void http_on_input(evutil_socket_t fd, short what, void *arg);

/* write.c */
void http_on_room(evutil_socket_t fd, short what, void *arg);

/* answer.c */
/* Answers what is no request, and closes. */
void http_refuse(struct http *h, int status, const char *code, const char *message);
/* True if it was a preflight request, which is answered now. */
bool http_preflight(struct http *h, const struct request *r);
/* The answer's head, ended by an empty line, into the server's scratch buffer. */
int http_put_head(struct http *h, const struct answer *a) MUST_CHECK;

#endif
