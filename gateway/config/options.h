/* SPDX-License-Identifier: Apache-2.0 */
/* The command line. */
#ifndef GATEWAY_CONFIG_OPTIONS_H
#define GATEWAY_CONFIG_OPTIONS_H

#include <stdio.h>

#include "core/base/slice.h"

enum options_action {
    OPTIONS_RUN,
    OPTIONS_CHECK_CONFIG,
    OPTIONS_PRINT_CONFIG,
    OPTIONS_PRINT_CONFIG_TABLE,
    OPTIONS_VERSION,
    OPTIONS_HELP
};

/* A setting given as an option. The slices are words of argv, or parts of one. */
struct options_setting {
    const char *flag; /* "--listen", "--set" */
    struct slice key, value;
};

struct options {
    enum options_action action;
    const char *config; /* a word of argv, or NULL */
    struct options_setting *settings;
    size_t setting_count;
};

/* 0, or ERR_BAD_REQUEST with `why` filled. To be freed in either case. */
int options_parse(struct options *o, char **argv, char *why, size_t why_size) MUST_CHECK;
void options_free(struct options *o);
void options_help(FILE *out);

#endif
