/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes Engine.IO payloads: the packets, written again and joined, are the payload. */
#include <assert.h>

#include "core/base/err.h"
#include "core/codec/engineio.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size}, rest = text;
    struct eio_packet packet;
    struct buf again;
    bool first = true;
    int rc, count = 0;
    buf_init(&again, size);
    while ((rc = eio_payload_next(&rest, &first, &packet)) == 1) {
        assert(!packet.binary || packet.type == EIO_MESSAGE);
        assert(packet.base64 == packet.binary && packet.type <= EIO_NOOP);
        if (count++ > 0)
            rc = buf_addc(&again, EIO_SEPARATOR);
        assert(rc >= 0);
        rc = buf_addc(&again, packet.binary ? 'b' : (char)('0' + packet.type));
        assert(rc == 0);
        rc = buf_add(&again, packet.data);
        assert(rc == 0);
    }
    assert(rc == ERR_PARSE || (rc == 0 && count > 0 && slice_eq(buf_slice(&again), text)));
    buf_free(&again);
    return 0;
}
