/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the load generator's HTTP polling: answers to polls, payloads and their packets. */
#include "core/codec/http.h"
#include "tests/fuzz/wire_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(struct slice sent)
{
    struct http_head head;
    int err = http_head_parse((struct slice){sent.p, http_head_end(sent, 0)}, &head);
    assert(err == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wire_world.ops = &wire_polling;
    wire_world.address = SLICE_LIT("/socket.io/?EIO=4&transport=polling");
    wire_world.publication = SLICE_LIT("4hello");
    wire_world.look = look;
    wire_world.tells_why = true;
    wire_world_compare(wire_world_http, (struct slice){(const char *)data, size});
    return 0;
}
