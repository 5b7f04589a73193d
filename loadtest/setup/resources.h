/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine has to give for many connections: file descriptors. Addresses and ports are sources.h. */
#ifndef LOADTEST_RESOURCES_H
#define LOADTEST_RESOURCES_H

/* Raises RLIMIT_NOFILE as far as it goes, up to what so many sockets need, and returns how many sockets a
 * process may open now. */
unsigned resources_sockets(unsigned wanted);

#endif
