/* SPDX-License-Identifier: Apache-2.0 */
/* The loop's side that event callbacks see. */
#ifndef GATEWAY_LOOP_H
#define GATEWAY_LOOP_H

#include <stdint.h>

struct gateway;

/* The first call of every event callback that works for clients: the first one of a turn reads the clock, and
 * after many of them the turn ends, so that a storm of input does not keep the output waiting. */
void loop_enter(struct gateway *g);

#endif
