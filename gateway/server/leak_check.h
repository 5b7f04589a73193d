/* SPDX-License-Identifier: Apache-2.0 */
/* libwebsockets never frees one block (840 bytes) that it allocates with its context. In builds with
 * AddressSanitizer, what is allocated between these two calls is not looked for at exit; in others they do
 * nothing. */
#ifndef GATEWAY_SERVER_LEAK_CHECK_H
#define GATEWAY_SERVER_LEAK_CHECK_H

void leak_check_off(void);
void leak_check_on(void);

#endif
