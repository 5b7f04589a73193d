/* SPDX-License-Identifier: Apache-2.0 */
/* Who is where. */
#include "loadtest/setup/plan.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/xalloc.h"

/* How many of 0..count-1 are congruent to `room`. */
static uint32_t share(uint32_t count, uint32_t rooms, uint32_t room)
{
    return count / rooms + (room < count % rooms);
}

void plan_init(struct plan *plan, uint32_t connections, uint32_t rooms, uint32_t publishers, uint32_t urls,
               const char *room_prefix)
{
    assert(rooms >= 1 && rooms <= connections && publishers <= connections && urls >= 1);
    *plan = (struct plan){.connections = connections, .rooms = rooms, .publishers = publishers, .urls = urls};
    plan->room_name = xcalloc(rooms, sizeof *plan->room_name);
    for (uint32_t room = 0; room < rooms; room++) {
        char name[300];
        int n = snprintf(name, sizeof name, "%s%u", room_prefix, room);
        assert(n > 0 && (size_t)n < sizeof name);
        plan->room_name[room] = slice_of(xstrndup((struct slice){name, (size_t)n}));
        plan->pairs += (size_t)plan_members_of_room(plan, room) * plan_publishers_in_room(plan, room);
    }
}

void plan_free(struct plan *plan)
{
    for (uint32_t room = 0; plan->room_name && room < plan->rooms; room++)
        free((char *)plan->room_name[room].p);
    free(plan->room_name);
    *plan = (struct plan){0};
}

uint32_t plan_publishers_in_room(const struct plan *plan, uint32_t room)
{
    return share(plan->publishers, plan->rooms, room);
}

uint32_t plan_members_of_room(const struct plan *plan, uint32_t room)
{
    return share(plan->connections, plan->rooms, room);
}

uint32_t plan_url(const struct plan *plan, uint32_t connection)
{
    return (connection / plan->rooms + connection % plan->rooms) % plan->urls;
}
