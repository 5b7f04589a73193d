/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes a Socket.IO session with everything behind it: whatever a client sends, others hear well formed
 * packets only. */
#include "tests/fuzz/broker_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_session(struct world_peer *p)
{
    world_open_session(p);
    conn_message(p->conn, SLICE_LIT("40{\"u\":\"ann\",\"x\":[1]}"), false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    world_run((struct slice){(const char *)data, size}, open_session);
    return 0;
}
