/* SPDX-License-Identifier: Apache-2.0 */
/* The leak check's blind moment. A suppression by name would not do: stacks end inside libwebsockets, whether
 * it allocated or one of our callbacks that it called. */
#include "gateway/server/leak_check.h"

#if defined __has_feature
#if __has_feature(address_sanitizer)
#define WITH_LEAK_CHECK 1
#endif
#endif

#if defined __SANITIZE_ADDRESS__ || defined WITH_LEAK_CHECK
#include <sanitizer/lsan_interface.h>

void leak_check_off(void)
{
    __lsan_disable();
}

void leak_check_on(void)
{
    __lsan_enable();
}
#else
void leak_check_off(void)
{
}

void leak_check_on(void)
{
}
#endif
