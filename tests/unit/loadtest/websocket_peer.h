/* SPDX-License-Identifier: Apache-2.0 */
/* A wire over WebSocket, and the server that it talks to: a socket that the test itself answers on. All waits
 * are for a condition, and end after some seconds. */
#ifndef TEST_WEBSOCKET_PEER_H
#define TEST_WEBSOCKET_PEER_H

#include "loadtest/wire/websocket.h"

#define ANSWER "HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

extern struct event_base *base;
extern struct wire_loop loop;
extern struct wire *wire;
extern struct websocket *client; /* the same */
extern int server;               /* the server's end of the connection; -1: the test has closed it */
/* The texts that came, each followed by "|"; why it was closed. The wire is closed by the text "close now",
 * and closed and started again by "again". */
extern char heard[1000], why[WIRE_MAX_WHY];
extern unsigned opened_count, closed_count;

/* For cmocka; the server has got the request. `deflate`, `ping`: with loop.offer_deflate, loop.ping_first. */
int setup(void **state);
int setup_deflate(void **state);
int setup_ping(void **state);
int teardown(void **state);

/* Connects, and accepts that. */
void start(void);
void take_request(void);
/* The server completes the handshake, and the client has read it. */
void open_it(void);
void send_bytes(const char *p, size_t n);
#define SEND(literal) send_bytes(literal, sizeof(literal) - 1)
/* Turns the loop until the client has read all that was sent. */
void await_read(void);
/* Turns the loop until what was sent last waits in the client's socket, and once more. */
void await_unread(void);
/* Turns the loop until the client was told so often that it is closed. */
void await_closed(unsigned count);
/* The one small frame that the client sends next, unmasked. */
size_t receive_frame(char *payload, enum ws_opcode *opcode);
void assert_ended(const char *expected);

#endif
