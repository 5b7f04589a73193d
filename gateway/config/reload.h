/* SPDX-License-Identifier: Apache-2.0 */
/* SIGHUP: the configuration is read again. */
#ifndef GATEWAY_CONFIG_RELOAD_H
#define GATEWAY_CONFIG_RELOAD_H

#include "gateway/config/config.h"
#include "gateway/gateway.h"

struct reload {
    struct gateway *gateway;
    const struct options *options;
    char **envp;
    json_t *namespaces; /* those in force, as in struct config */
};

/* Takes over what can be; says in the log what that was, and what needs a restart. A bad configuration
 * changes nothing, and the log says what is wrong with it. */
void reload_config(struct reload *r);

#endif
