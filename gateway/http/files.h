/* SPDX-License-Identifier: Apache-2.0 */
/* The files under static_dir. */
#ifndef GATEWAY_HTTP_FILES_H
#define GATEWAY_HTTP_FILES_H

#include "gateway/http/http.h"

struct files;

#define FILES_MAX_SIZE  4194304  /* bytes of one file */
#define FILES_MAX_CACHE 67108864 /* bytes of all that are kept in memory */

/* setting: static_dir. NULL, with `why` filled, when the folder cannot be opened; an object that holds
 * nothing for "none", or when there is no default folder. */
struct files *files_new(const char *setting, char *why, size_t why_size) MUST_CHECK;
void files_free(struct files *f);
/* Answers a GET or HEAD of the file at this relative path, or 404. */
void files_answer(struct http *h, const struct request *r, struct slice path);

#endif
