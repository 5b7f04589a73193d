/* SPDX-License-Identifier: Apache-2.0 */
/* Routes: what happens when a client emits an event. Configuration compiled at load; nothing is parsed per
 * event. */
#ifndef CORE_BROKER_ROUTES_H
#define CORE_BROKER_ROUTES_H

#include <jansson.h>

#include "core/base/settings.h"

struct routes;

/* Compiles the value of "namespaces" (NULL: the built-in routes of namespace "/"). NULL on error, and `why`
 * says where and what: "namespaces./.routes.join[0].joni: unknown step (expected join, leave, emit, request,
 * ack, reject)". */
struct routes *routes_compile(const json_t *namespaces, const struct settings *limits, char *why,
                              size_t why_size) MUST_CHECK;
void routes_free(struct routes *r);
/* The built-in "namespaces" value, as JSON text. */
extern const char routes_builtin[];

#endif
