/* SPDX-License-Identifier: Apache-2.0 */
/* Reports as a page: one file of HTML that needs nothing else. The program writes the reports' JSON into it;
 * what draws from them is in loadtest/report/, which the build puts into page_files. */
#ifndef LOADTEST_REPORT_PAGE_H
#define LOADTEST_REPORT_PAGE_H

#include <stddef.h>

#include "core/base/buf.h"

struct page_run {
    const char *name;
    struct slice json; /* as report_json() made it */
};

/* Appends the page of these runs; the first is the one that others are compared with. `text` is the same for
 * readers without scripts. 0 or an error of core/base/err.h. */
int report_page(struct buf *out, const struct page_run *runs, size_t count, struct slice text) MUST_CHECK;

struct page_file {
    const char *name, *text;
};
extern const struct page_file page_files[]; /* ends with {0} */

#endif
