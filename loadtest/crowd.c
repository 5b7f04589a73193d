/* SPDX-License-Identifier: Apache-2.0 */
/* All actors of a run. */
#include "loadtest/crowd.h"

#include <stdlib.h>

#include "core/base/xalloc.h"
#include "loadtest/handshake.h"

static int make_requests(struct crowd *crowd, const char *path)
{
    struct buf target;
    buf_init(&target, 4096);
    buf_adds(&target, path);
    int err = crowd->speech.dialect->put_query(&crowd->speech, &target);
    if (err == 0)
        err = target.err;
    for (uint32_t i = 0; i < crowd->plan->urls; i++) {
        char host[300];
        target_host_header(&crowd->targets[i], host, sizeof host);
        buf_init(&crowd->requests[i], 8192);
        if (err == 0)
            err = handshake_request(&crowd->requests[i], host, buf_slice(&target));
    }
    buf_free(&target);
    return err;
}

int crowd_init(struct crowd *crowd, struct event_base *base, const struct options *options, size_t max_frame)
{
    const struct plan *plan = crowd->plan;
    crowd->speech = (struct speech){.dialect = options->dialect,
                                    .ns = slice_of(options->ns),
                                    .join_event = slice_of(options->join_event),
                                    .publish_event = slice_of(options->publish_event),
                                    .message_event = slice_of(options->message_event),
                                    .payload_size = options->size};
    wsc_loop_init(&crowd->loop, base, max_frame);
    timers_init(&crowd->timers);
    buf_init(&crowd->text, max_frame);
    crowd->requests = xcalloc(plan->urls, sizeof *crowd->requests);
    crowd->actors = xcalloc(crowd->range.count, sizeof *crowd->actors);
    for (uint32_t i = 0; i < crowd->range.count; i++)
        actor_init(&crowd->actors[i], crowd, crowd->range.first + i);
    int err = speech_init(&crowd->speech);
    if (err == 0)
        err = make_requests(crowd, options->path);
    if (err != 0)
        crowd_free(crowd);
    return err;
}

void crowd_free(struct crowd *crowd)
{
    for (uint32_t i = 0; i < crowd->range.count; i++)
        actor_stop(&crowd->actors[i]);
    for (uint32_t i = 0; i < crowd->plan->urls; i++)
        buf_free(&crowd->requests[i]);
    free(crowd->actors);
    free(crowd->requests);
    buf_free(&crowd->text);
    speech_free(&crowd->speech);
    wsc_loop_free(&crowd->loop);
}
