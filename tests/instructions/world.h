/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway's broker without sockets, and the same in every run: the hash seed, the clock and what the kernel
 * calls random are fixed. Its transport's sockets take everything at once. */
#ifndef TESTS_INSTRUCTIONS_WORLD_H
#define TESTS_INSTRUCTIONS_WORLD_H

#include <assert.h>
#include <stdlib.h>

#include "core/broker/broker.h"
#include "core/dialect/dialect.h"
#include "core/dialect/engineio.h"
#include "core/dialect/plain.h"

/* The message of the tests: what a chat program sends. As JSON, and as the text that raw clients see. */
#define EVENT_NAME "\"chat\""
#define EVENT_TEXT "Does anybody know when the next boat to the island leaves?"
#define EVENT_ARGS "{\"user\":\"alice\",\"text\":\"" EVENT_TEXT "\"}"

#define ROOM_NAME_MAX 16

struct world {
    struct settings settings;
    struct metrics metrics;
    struct broker *broker;
    struct bus *bus;
    struct bus_handler handler; /* with which the bus hands publications to the broker */
};

extern struct world world;

void world_init(void);
/* One turn of the loop; until nothing is left to do at once. */
void turn(void);
void settle(void);

extern const struct transport transport_sink;

/* Connected to "/", not in any room. */
struct conn *open_socketio(const struct transport *t);
struct conn *open_member(enum dialect_index dialect, struct slice room);
void say(struct conn *c, const char *text);
/* "room-00042"; name has ROOM_NAME_MAX bytes. */
struct slice room_name(char *name, unsigned i);

#endif
