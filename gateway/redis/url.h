/* SPDX-License-Identifier: Apache-2.0 */
/* redis://[user:password@]HOST[:PORT][/DB], percent-decoded. */
#ifndef GATEWAY_REDIS_URL_H
#define GATEWAY_REDIS_URL_H

#include "core/base/slice.h"

struct redis_url {
    char *host;     /* a name or an address, without brackets */
    char *user;     /* NULL: none */
    char *password; /* NULL: none */
    char port[8];   /* "6379" when the URL has none */
    unsigned database;
};

/* 0, or ERR_BAD_REQUEST with `why` filled (it never shows the password); then u is empty. */
int redis_url_parse(struct redis_url *u, const char *url, char *why, size_t why_size) MUST_CHECK;
void redis_url_free(struct redis_url *u);

#endif
