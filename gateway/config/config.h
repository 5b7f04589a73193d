/* SPDX-License-Identifier: Apache-2.0 */
/* What is in force: defaults, then the file, then ROOMCAST_ variables, then options; and the routes. */
#ifndef GATEWAY_CONFIG_CONFIG_H
#define GATEWAY_CONFIG_CONFIG_H

#include <jansson.h>
#include <stdio.h>

#include "core/base/settings.h"
#include "gateway/config/options.h"

struct config {
    struct settings settings;
    json_t *namespaces; /* of the file; NULL: the built-in routes */
};

/* Where errors go: one call each, a line without its end that names the file, the place in it, and what was
 * expected. */
struct config_errors {
    void (*report)(void *arg, const char *text);
    void *arg;
    unsigned count;
};

/* Reads everything and checks it, routes included. 0, or ERR_BAD_REQUEST after one or more reports. To be
 * freed in either case. */
int config_load(struct config *c, const struct options *o, char **envp,
                struct config_errors *errors) MUST_CHECK;
void config_free(struct config *c);
/* A configuration file that means the same. */
void config_print(const struct config *c, FILE *out);

/* An empty node_id becomes host name and process id. */
void config_name_node(struct settings *s);
/* Logs as log_level and log_format say. */
void config_setup_log(const struct settings *s);

/* check.c: what a setting's kind does not say about its value. 0, or ERR_BAD_REQUEST with `why`
 * filled: "log_level: expected error, warn, info or debug, got \"loud\"". */
int config_check(const char *key, const char *value, char *why, size_t why_size) MUST_CHECK;

#endif
