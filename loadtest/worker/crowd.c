/* SPDX-License-Identifier: Apache-2.0 */
/* All actors of a run. */
#include "loadtest/worker/crowd.h"

#include <stdlib.h>

#include "core/base/xalloc.h"

#define TEXT_SPARE 65536 /* what an event has beside its payload */

int crowd_init(struct crowd *crowd, struct event_base *base, const struct options *options, size_t max_frame)
{
    wire_loop_init(&crowd->loop, base, max_frame);
    crowd->loop.offer_deflate = options->deflate;
    crowd->loop.ping_first = options->dialect->ping_first;
    timers_init(&crowd->timers);
    buf_init(&crowd->text, max_frame + TEXT_SPARE);
    crowd->actors = xcalloc(crowd->range.count, sizeof *crowd->actors);
    for (uint32_t i = 0; i < crowd->range.count; i++)
        actor_init(&crowd->actors[i], crowd, crowd->range.first + i);
    int err = speech_init(&crowd->speech, options);
    if (err != 0)
        crowd_free(crowd);
    return err;
}

void crowd_free(struct crowd *crowd)
{
    for (uint32_t i = 0; i < crowd->range.count; i++)
        actor_free(&crowd->actors[i]);
    free(crowd->actors);
    buf_free(&crowd->text);
    speech_free(&crowd->speech);
    wire_loop_free(&crowd->loop);
}
