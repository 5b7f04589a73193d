/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes a connection of the JSON dialect with everything behind it: whatever a client sends, others hear
 * well formed packets only. */
#include "tests/fuzz/broker_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_json(struct world_peer *p)
{
    world_open_plain(p, &dialect_json, "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    world_run((struct slice){(const char *)data, size}, open_json);
    return 0;
}
