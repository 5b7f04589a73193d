/* SPDX-License-Identifier: Apache-2.0 */
/* What to do about an error that Redis answered. */
#ifndef GATEWAY_REDIS_ERRORS_H
#define GATEWAY_REDIS_ERRORS_H

#include "core/base/slice.h"

/* Never NULL; "" when there is nothing to say. */
const char *redis_error_hint(struct slice error);

#endif
