/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are to be written later. */
#include "loadtest/setup/outputs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that there was not is not left behind. Pipes are not tried: who reads would see the end of it. */
static bool can_write(const char *option, const char *name)
{
    struct stat status;
    if (!name || strcmp(name, "-") == 0)
        return true;
    bool there = stat(name, &status) == 0;
    if (there && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode))
        return true;
    FILE *file = fopen(name, "ae");
    if (!file) {
        fprintf(stderr, "roomcast-load: option %s: cannot write \"%s\": %s\n", option, name, strerror(errno));
        return false;
    }
    fclose(file);
    if (!there)
        unlink(name);
    return true;
}

bool outputs_can_be_written(const struct options *options)
{
    return can_write("--json", options->json_file) && can_write("--html", options->html_file);
}
