/* SPDX-License-Identifier: Apache-2.0 */
/* The broker: connections, clients, rooms and routes of one gateway. No sockets, no clock: time comes in with
 * broker_turn(), bytes come in through conn_message() and the bus, and go out through transports' flush(). */
#ifndef CORE_BROKER_BROKER_H
#define CORE_BROKER_BROKER_H

#include "core/base/metrics.h"
#include "core/base/settings.h"
#include "core/base/timer.h"
#include "core/broker/conn.h"
#include "core/bus/bus.h"
#include "core/bus/envelope.h"

struct broker;
struct routes;

/* settings, routes and metrics must outlive the broker. node is settings->node_id, not empty by now. */
struct broker *broker_new(const struct settings *settings, struct routes *routes, struct metrics *metrics,
                          uint64_t now) MUST_CHECK;
/* Handler to make the bus with; then give the bus to the broker, which subscribes its own channels and owns
 * it. */
struct bus_handler broker_bus_handler(struct broker *b);
void broker_set_bus(struct broker *b, struct bus *bus);
/* Other routes from now on (SIGHUP): namespaces must be the same set; ERR_BAD_REQUEST otherwise. The old ones
 * are the caller's to free after the next turn. */
int broker_set_routes(struct broker *b, struct routes *routes) MUST_CHECK;
/* All connections must be lost before. */
void broker_free(struct broker *b);

/* Milliseconds of a monotonic clock, read once at the start of a loop turn, before any event is handled. */
void broker_set_now(struct broker *b, uint64_t now);
uint64_t broker_now(const struct broker *b);

/* End of a loop turn: fires timers, lets the bus work, hands room publications to their members, flushes
 * every touched connection once, frees what died. Returns ms until it must be called again (0: at once, work
 * is left; UINT64_MAX: only after input). */
uint64_t broker_turn(struct broker *b);

/* A nonce published by this node came back through the bus within the last 3 probe intervals (1 s each), and
 * the bus is up. */
bool broker_ready(const struct broker *b);

/* For SIGTERM: how many connections are open, and closing up to n of them with CLOSE_DRAIN, those on polling
 * first. */
size_t broker_connection_count(const struct broker *b);
void broker_drain(struct broker *b, size_t n);

/* HTTP publish. ns and room are decoded names; event->name a JSON token. 0: done(arg, err) comes exactly
 * once; an error: refused, done is not called. */
int broker_publish(struct broker *b, struct slice ns, struct slice room, const struct event *event,
                   unsigned flags, bus_accepted_fn done, void *arg) MUST_CHECK;

/* Sends an event to one client anywhere in the cluster and waits for its ack: done comes exactly once, with
 * the ack's args and attachments in `answer` (err 0), ERR_GONE, ERR_TIMEOUT or ERR_UNAVAILABLE. timeout_ms 0:
 * the setting request_timeout_ms. */
typedef void (*broker_answer_fn)(void *arg, int err, const struct event *answer);
int broker_request(struct broker *b, struct slice ns, struct slice client_id, const struct event *event,
                   uint64_t timeout_ms, broker_answer_fn done, void *arg) MUST_CHECK;
/* The asker is gone: done will not be called for arg any more. Works for broker_publish too. */
void broker_forget(struct broker *b, void *arg);

struct metrics *broker_metrics(struct broker *b);
const struct settings *broker_settings(const struct broker *b);
struct timers *broker_timers(struct broker *b);

#endif
