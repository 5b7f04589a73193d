/* SPDX-License-Identifier: Apache-2.0 */
/* The loop's side that event callbacks see, and how much one turn takes in. Output and heartbeats come at the
 * end of a turn, so nobody waits for others much longer than that takes, however much they send. What is cut
 * off waits: in the kernel's buffers, where it slows down its sender, or for the next turn. */
#ifndef GATEWAY_LOOP_H
#define GATEWAY_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct gateway;

#define LOOP_EVENTS_PER_TURN 256 /* sockets that have something to say; libevent hands out up to 4096 */
#define LOOP_INPUT_US                                                                                        \
    10000 /* of one turn; after it no further event is handled. The same again for the rest                  \
             of what came earlier */
#define HTTP_REQUESTS_PER_TURN    16  /* of one connection, of those that came together */
#define POLLING_PACKETS_PER_TURN  128 /* of one POST */
#define WEBSOCKET_FRAMES_PER_TURN 256 /* of one read */
#define WEBSOCKET_INFLATED_PER_TURN                                                                          \
    262144 /* bytes that come out of one read of compressed messages, and one message more */
/* Elsewhere: LISTENER_BATCH connections are accepted in one event, a read takes SERVER_READ_SIZE (256 KiB
 * from Redis), TIMERS_PER_RUN timers fire. Frames for one receiver are written together, so that the output
 * of a turn is about one write for each connection. */

/* The first call of every event callback that works for clients: the first one of a turn reads the clock, and
 * when the turn has had its share of input it ends. */
void loop_enter(struct gateway *g);

/* Microseconds of a monotonic clock. */
uint64_t loop_time(void);
static inline bool loop_is_past(uint64_t until)
{
    return loop_time() > until;
}

#endif
