/* SPDX-License-Identifier: Apache-2.0 */
/* The pages for whoever runs the gateway: is it alive, may it be given clients, what does it count. */
#include "gateway/gateway.h"

static void answer_json(struct operations_answer *a, int status, const char *what, const char *reason)
{
    a->status = status;
    a->content_type = "application/json";
    if (reason)
        (void)buf_addf(&a->body, "{\"status\":\"%s\",\"reason\":\"%s\"}\n", what, reason);
    else
        (void)buf_addf(&a->body, "{\"status\":\"%s\"}\n", what);
}

/* Why not, or NULL. */
static const char *not_ready(const struct gateway *g)
{
    if (g->draining)
        return "draining: this gateway is leaving";
    if (broker_ready(g->broker))
        return NULL;
    return g->metrics.v[M_BUS_UP] ? "probe late: what this gateway publishes does not come back to it"
                                  : "bus down: publications are refused";
}

static void answer_ready(struct gateway *g, struct operations_answer *a)
{
    const char *reason = not_ready(g);
    if (reason)
        answer_json(a, 503, "not ready", reason);
    else
        answer_json(a, 200, "ready", NULL);
}

static void answer_metrics(struct gateway *g, struct operations_answer *a)
{
    g->metrics.v[M_READY] = not_ready(g) == NULL;
    a->status = 200;
    a->content_type = "text/plain; version=0.0.4";
    if (metrics_print(&g->metrics, slice_of(g->settings.node_id), &a->body) != 0)
        a->status = 500;
}

bool operations_get(struct gateway *g, struct slice path, struct operations_answer *answer)
{
    if (slice_is(path, "/healthz"))
        answer_json(answer, 200, "ok", NULL);
    else if (slice_is(path, "/readyz"))
        answer_ready(g, answer);
    else if (slice_is(path, "/metrics"))
        answer_metrics(g, answer);
    else
        return false;
    return true;
}
