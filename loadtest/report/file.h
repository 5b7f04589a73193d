/* SPDX-License-Identifier: Apache-2.0 */
/* Files with reports. What goes wrong is said on standard error, with the file's name and the option's. */
#ifndef LOADTEST_REPORT_FILE_H
#define LOADTEST_REPORT_FILE_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "loadtest/run/result.h"

#define REPORT_MAX_BYTES (64u << 20)
#define PAGE_MAX_BYTES   (1u << 30)

/* Writes a whole file; name "-" is standard output. err: an error that making the text had, 0 for none. */
bool report_write(const char *option, const char *name, struct slice text, int err) MUST_CHECK;
/* Writes what --json and --html ask for. */
bool report_write_all(const struct result *result) MUST_CHECK;
/* Whether standard output has taken all that was printed there. */
bool report_flush(void) MUST_CHECK;
/* Reads a whole file into *text, of REPORT_MAX_BYTES at most. */
bool report_read(const char *name, struct buf *text) MUST_CHECK;

#endif
