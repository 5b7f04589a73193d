/* SPDX-License-Identifier: Apache-2.0 */
/* What all buses share: the table of wanted channels, and the checks of the interface's rules. */
#include "core/bus/bus.h"

#include <assert.h>

#include "core/base/err.h"

struct bus_channel *bus_find(struct bus *bus, struct slice name)
{
    struct bus_channel *channel;
    HASH_FIND(hh, bus->channels, name.p, name.n, channel);
    return channel;
}

static void forget(struct bus *bus, struct bus_channel *channel)
{
    HASH_DEL(bus->channels, channel);
    channel->state = BUS_IDLE;
    channel->request = NULL;
}

void bus_subscribe(struct bus *bus, struct bus_channel *channel)
{
    assert(channel->state == BUS_IDLE);
    assert(channel->name.n > 0 && bus_find(bus, channel->name) == NULL);
    channel->state = BUS_SUBSCRIBING;
    channel->request = NULL;
    HASH_ADD_KEYPTR(hh, bus->channels, channel->name.p, channel->name.n, channel);
    bus->ops->subscribe(bus, channel);
}

void bus_unsubscribe(struct bus *bus, struct bus_channel *channel)
{
    assert(channel->state != BUS_IDLE);
    bus->ops->unsubscribe(bus, channel);
    forget(bus, channel);
}

int bus_publish(struct bus *bus, struct slice channel, struct slice bytes, bus_accepted_fn fn, void *arg)
{
    assert(channel.n > 0);
    if (!bus->up)
        return ERR_UNAVAILABLE;
    return bus->ops->publish(bus, channel, bytes, fn, arg);
}

void bus_turn(struct bus *bus)
{
    bus->ops->turn(bus);
}

bool bus_pending(const struct bus *bus)
{
    return bus->ops->pending != NULL && bus->ops->pending(bus);
}

void bus_destroy(struct bus *bus)
{
    bus->up = false;
    while (bus->channels)
        forget(bus, bus->channels);
    bus->ops->destroy(bus);
}
