/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a run: what load processes count, progress.c shows while it goes on, and report.c at its
 * end. */
#ifndef LOADTEST_STATS_H
#define LOADTEST_STATS_H

#include <stdbool.h>

#include "core/base/histogram.h"

/* Whether a run that shows it has failed. */
enum fault {
    FAULT_NEVER,
    FAULT_ALWAYS,
    FAULT_UNLESS_CUT /* not where the scenario lets connections be cut */
};

/* X(symbol, key in --json, is a fault, what it means) */
#define STATS_TABLE(X)                                                                                       \
    X(STAT_PUBLISHED, "published", FAULT_NEVER, "messages that were sent")                                   \
    X(STAT_ACKNOWLEDGED, "acknowledged", FAULT_NEVER, "messages whose publication the server accepted")      \
    X(STAT_REFUSED, "refused", FAULT_NEVER, "messages that the server refused: nobody has to get them")      \
    X(STAT_DELIVERED, "delivered", FAULT_NEVER, "deliveries, each message to each subscriber counted once")  \
    X(STAT_MEASURED, "measured", FAULT_NEVER, "deliveries of messages that were due after the warm-up")      \
    X(STAT_HEARTBEATS, "heartbeats", FAULT_NEVER, "pings that came from the server, and were answered")      \
    X(STAT_STALE, "stale", FAULT_NEVER,                                                                      \
      "messages and answers that came after the end of their step, which had counted them as faults")        \
    X(STAT_STALLED, "stalled", FAULT_NEVER, "readers that stopped reading on purpose")                       \
    X(STAT_STALLED_CUT, "stalled_cut", FAULT_NEVER, "stalled readers that the server disconnected")          \
    X(STAT_MOVES, "moves", FAULT_NEVER, "times that a client left its room and came back")                   \
    X(STAT_TYPING, "typing", FAULT_NEVER, "typing notices sent; who gets them is not counted")               \
    X(STAT_RECONNECTS, "reconnects", FAULT_NEVER, "connections that were cut, and joined again")             \
    X(STAT_CLIENTS_CUT, "clients_cut", FAULT_NEVER, "clients that were disconnected at least once")          \
    X(STAT_LATE, "late", FAULT_NEVER,                                                                        \
      "measured deliveries that came later after they were due than --max-p99, without it 1 s")              \
    X(STAT_LOST, "lost", FAULT_ALWAYS, "deliveries that did not arrive in time")                             \
    X(STAT_DUPLICATED, "duplicated", FAULT_ALWAYS, "messages that a subscriber got again")                   \
    X(STAT_OUT_OF_ORDER, "out_of_order", FAULT_ALWAYS,                                                       \
      "messages that arrived after a later one of their publisher")                                          \
    X(STAT_WRONG_ROOM, "wrong_room", FAULT_ALWAYS,                                                           \
      "messages that arrived at a member of another room, or at who had left")                               \
    X(STAT_UNEXPECTED, "unexpected", FAULT_ALWAYS,                                                           \
      "messages or answers that nobody sent or asked for, or mangled")                                       \
    X(STAT_DISCONNECTED, "disconnected", FAULT_UNLESS_CUT,                                                   \
      "connections that the server ended, or that broke")                                                    \
    X(STAT_MISSED, "missed", FAULT_UNLESS_CUT, "deliveries that disconnected subscribers did not get")       \
    X(STAT_CONNECT_FAILED, "connect_failed", FAULT_UNLESS_CUT, "attempts to connect or join that failed")    \
    X(STAT_UNANSWERED, "unanswered", FAULT_UNLESS_CUT,                                                       \
      "publications neither acknowledged nor refused: nobody has to get them")                               \
    X(STAT_UNSENT, "unsent", FAULT_UNLESS_CUT,                                                               \
      "messages that could not be sent: no connection, or nobody reads")                                     \
    X(STAT_AWAY, "away", FAULT_ALWAYS, "clients that were cut, and were not back at the end")

enum stat {
#define X(symbol, key, fault, text) symbol,
    STATS_TABLE(X)
#undef X
        STATS
};

/* X(member, key in --json, what it holds). Microseconds; those that end with _by: one value for each client
 * with such messages, how many they were. */
#define HISTOGRAMS_TABLE(X)                                                                                  \
    X(latency, "latency_us", "due to delivered; of messages due after the warm-up")                          \
    X(early, "early_latency_us", "the same of earlier ones: for progress and plots")                         \
    X(answer, "answer_us", "due to acknowledged or refused; of the same")                                    \
    X(lag, "lag_us", "due to sent: how late the generator itself was; of the same")                          \
    X(stall, "stall_us", "how late the load processes' ticks of 10 ms were, while measured")                 \
    X(connect, "connect_us", "connect to joined")                                                            \
    X(outage, "outage_us", "disconnected to joined again")                                                   \
    X(missed_by, "missed_by", "messages that did not come to a client which was disconnected: missed, lost") \
    X(lost_by, "lost_by", "messages that did not come to a client which stayed connected")                   \
    X(late_by, "late_by", "messages that came late to a client")

/* Everything counts up: a step's figures are the difference of two. */
struct stats {
    uint64_t count[STATS];
#define X(member, key, text) struct histogram member;
    HISTOGRAMS_TABLE(X)
#undef X
    uint64_t frames, reads, bytes; /* received */
    char first_refusal[256];       /* the first error that a publication was answered with */
};

struct stat_info {
    const char *key;
    enum fault fault;
    const char *text;
};
extern const struct stat_info stat_info[STATS];

void stats_add(struct stats *sum, const struct stats *stats);
/* What came after `before`. A histogram's max is exact where there was nothing before, else its bucket's
 * bound. The first refusal is that of `now`, if there was one after `before`. */
void stats_difference(struct stats *difference, const struct stats *now, const struct stats *before);

/* Messages whose turn came: those published and those unsent. */
uint64_t stats_tried(const struct stats *stats);
/* Whether these figures show a broken promise: any fault, or messages of which none was accepted. `cut`: the
 * scenario lets connections be cut. `acks`: publications are answered. */
bool stats_failed(const struct stats *stats, bool cut, bool acks);
bool stat_is_fault(enum stat stat, bool cut);

#endif
