/* SPDX-License-Identifier: Apache-2.0 */
/* Logs to standard error, one line per message: key=value text, or one JSON object with `log_format=json`.
 *   2026-11-21T15:04:05.123Z info  listening host=0.0.0.0 port=3000
 * The message is a constant; what varies goes into the fields, in printf form, each `key=value` pair
 * separated by one space: log_info("bus connected", "host=%s port=%d", host, port). Values that may hold
 * blanks, quotes, or bytes from a peer go through log_quote(). fields may be NULL. At most 2048 bytes of
 * fields are kept. In JSON the members are time, level, message and the fields; plain numbers, true and false
 * appear as such, other values as strings. */
#ifndef CORE_BASE_LOG_H
#define CORE_BASE_LOG_H

#include <stdint.h>

#include "core/base/slice.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

void log_setup(enum log_level level, enum log_format format);
bool log_enabled(enum log_level level);
void log_write(enum log_level level, const char *message, const char *fields, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)                                                                                       \
    do {                                                                                                     \
        if (log_enabled(LOG_DEBUG))                                                                          \
            log_write(LOG_DEBUG, __VA_ARGS__);                                                               \
    } while (0)

/* A quoted, escaped and, past 128 bytes, shortened copy in one of four rotating static buffers. */
const char *log_quote(struct slice s);

/* Repeated faults: true for the first in each second of `now_ms`; then *suppressed is how many were
 * swallowed since the last line. One static struct per place: if (log_limit(&l, now, &n)) log_warn(...) */
struct log_limit {
    uint64_t second;
    uint64_t suppressed;
};
bool log_limit(struct log_limit *l, uint64_t now_ms, uint64_t *suppressed);

#endif
