/* SPDX-License-Identifier: Apache-2.0 */
/* What people read: numbers with units, short enough to be read at a glance, and texts that others wrote. */
#ifndef LOADTEST_FORMAT_H
#define LOADTEST_FORMAT_H

#include <stdint.h>

/* Each returns its second argument. */
/* "842 us", "12.3 ms", "4.56 s" */
const char *format_us(uint64_t us, char out[static 16]);
/* Below 10,000 in full: "9876", "2.5"; then "12.3 k", "1.23 M", "4.56 G" */
const char *format_count(double count, char out[static 16]);
/* "842 B", "12.3 kB", "1.23 MB" */
const char *format_bytes(double bytes, char out[static 16]);
/* Control characters become blanks: a server's words must not move the cursor, or begin a new line. */
void format_line(char *text);

#endif
