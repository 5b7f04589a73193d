/* SPDX-License-Identifier: Apache-2.0 */
/* Who is where: which connection goes to which URL, is in which room, and which of them publish. Pure
 * arithmetic over the counts that the options give; nothing here changes during a run. */
#ifndef LOADTEST_PLAN_H
#define LOADTEST_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/slice.h"

/* (subscriber, publisher of its room) pairs that the judge keeps 4 bytes for, each. */
#define PLAN_MAX_PAIRS (64u << 20)

struct plan {
    uint32_t connections, rooms, publishers, urls;
    bool no_echo;            /* publishers are not to get their own messages; false, for the owner to set */
    struct slice *room_name; /* rooms of them */
    size_t pairs;
};

/* 1 <= rooms <= connections, publishers <= connections, urls >= 1. */
void plan_init(struct plan *plan, uint32_t connections, uint32_t rooms, uint32_t publishers, uint32_t urls,
               const char *room_prefix);
void plan_free(struct plan *plan);

/* Connections first .. first + count - 1: those of one load process. */
struct plan_range {
    uint32_t first, count;
};

static inline struct plan_range plan_range(const struct plan *plan, uint32_t process, uint32_t processes)
{
    uint32_t first = (uint32_t)((uint64_t)plan->connections * process / processes);
    uint32_t end = (uint32_t)((uint64_t)plan->connections * (process + 1) / processes);
    return (struct plan_range){first, end - first};
}

static inline bool plan_range_has(struct plan_range range, uint32_t connection)
{
    return connection - range.first < range.count;
}

static inline uint32_t plan_room(const struct plan *plan, uint32_t connection)
{
    return connection % plan->rooms;
}

/* Publisher k is connection k: as connections go round the rooms, so do publishers. */
static inline uint32_t plan_connection_of_publisher(uint32_t publisher)
{
    return publisher;
}

static inline bool plan_publishes(const struct plan *plan, uint32_t connection)
{
    return connection < plan->publishers;
}

static inline uint32_t plan_publisher_of_connection(uint32_t connection)
{
    return connection;
}

static inline uint32_t plan_room_of_publisher(const struct plan *plan, uint32_t publisher)
{
    return plan_room(plan, plan_connection_of_publisher(publisher));
}

/* Of two in the same room: whether the subscriber is to get what the publisher publishes. */
static inline bool plan_owes(const struct plan *plan, uint32_t subscriber, uint32_t publisher)
{
    return !plan->no_echo || subscriber != plan_connection_of_publisher(publisher);
}

/* The how-manieth publisher of its room it is, from 0. */
static inline uint32_t plan_slot_of_publisher(const struct plan *plan, uint32_t publisher)
{
    return publisher / plan->rooms;
}

static inline uint32_t plan_publisher_in_slot(const struct plan *plan, uint32_t room, uint32_t slot)
{
    return slot * plan->rooms + room;
}

uint32_t plan_publishers_in_room(const struct plan *plan, uint32_t room);
uint32_t plan_members_of_room(const struct plan *plan, uint32_t room);
/* The members of one room go round the URLs, and so do those of the next one, starting one further: every
 * room is on every URL as evenly as can be, even when rooms and URLs have a common divisor. */
uint32_t plan_url(const struct plan *plan, uint32_t connection);

#endif
