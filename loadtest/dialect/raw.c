/* SPDX-License-Identifier: Apache-2.0 */
/* A WebSocket per room: a text message is the payload and nothing else. Nothing is answered, and events have
 * no names, so everything that arrives has to be one of the messages that are counted. A client that wants to
 * know when it is a member sends a ping: a gateway completes the handshake first, then joins the room, and
 * reads only when that is done. */
#include "loadtest/dialect/dialect.h"
#include "loadtest/wire/wire.h"

static int prepare(struct speech *speech)
{
    (void)speech;
    return 0;
}

static int put_params(const struct speech *speech, struct buf *target)
{
    return slice_is(speech->ns, "/") ? 0 : speech_put_param(target, "ns", speech->ns);
}

static int put(const struct speech *speech, struct buf *out, enum act act,
               const struct template_values *values, const uint64_t *id)
{
    (void)speech;
    (void)act;
    (void)id;
    return buf_add(out, values->message);
}

static void hear(const struct speech *speech, struct slice room, struct slice text, struct heard *heard)
{
    (void)room;
    *heard = (struct heard){.kind = HEARD_NOTHING};
    speech_hear_payload(speech, text, heard);
}

const struct load_dialect load_raw = {.name = "raw",
                                      .about = "a WebSocket per room, messages as they are, no acks",
                                      .wire = &wire_websocket,
                                      .path = "/raw/{room}",
                                      .joining = JOIN_BY_ADDRESS,
                                      .ping_first = true,
                                      .prepare = prepare,
                                      .put_params = put_params,
                                      .put = put,
                                      .hear = hear};
