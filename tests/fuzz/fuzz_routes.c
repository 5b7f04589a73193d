/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the compiler of routes: any JSON is compiled, or refused with a reason. */
#include <assert.h>

#include "core/broker/routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct settings settings;
    char why[200];
    if (settings.node_id == NULL)
        settings_init(&settings);
    memset(why, 'x', sizeof why);
    json_t *tree = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
    if (tree == NULL)
        return 0;
    size_t room = size % sizeof why + 1;
    struct routes *routes = routes_compile(tree, &settings, why, room);
    if (routes == NULL)
        assert(memchr(why, '\0', room) != NULL && (room < 13 || memcmp(why, "namespaces", 10) == 0));
    routes_free(routes);
    json_decref(tree);
    return 0;
}
