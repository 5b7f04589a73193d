/* SPDX-License-Identifier: Apache-2.0 */
/* WebSockets that want to take over a polling session. */
#include "gateway/engineio/probe.h"

#include <assert.h>

#include "gateway/engineio/engine.h"
#include "gateway/engineio/polling.h"
#include "gateway/http/http.h"
#include "gateway/server/server.h"
#include "gateway/websocket/websocket.h"

void probe_open(struct http *h, const struct request *r, struct session *s)
{
    if (session_probe_begin(s) != 0) {
        engine_refuse(h, r, EIO_BAD_REQUEST);
        return;
    }
    struct ws *w = ws_new(h->server, r);
    if (w == NULL) {
        session_probe_end(s);
        http_error_of(h, ERR_NOMEM);
        return;
    }
    struct polling *p = s->conn.io;
    assert(p->session == s && p->probe == NULL);
    w->upgrades = p;
    p->probe = w;
    server_timer(h->server, &w->timer, server_settings(h->server)->upgrade_timeout_ms);
    websocket_hand_over(h, r, w);
}

/* Neither knows the other any more. */
static struct session *part(struct ws *w)
{
    struct polling *p = w->upgrades;
    w->upgrades = NULL;
    timer_stop(&w->timer);
    timer_stop(&p->noop);
    p->probe = NULL;
    p->switching = false;
    return p->session;
}

void probe_lost(struct ws *w)
{
    server_count(w->server, M_UPGRADES_FAILED, 1);
    session_probe_end(part(w));
}

void probe_failed(struct ws *w)
{
    probe_lost(w);
    ws_close(w, w->code, "");
}

void probe_switch(struct ws *w)
{
    struct polling *p = w->upgrades;
    struct session *s = part(w);
    server_count(w->server, M_UPGRADES, 1);
    w->conn = &s->conn;
    session_switch(s, &transport_websocket, w);
    if (w->reader.deflate)
        conn_compress(w->conn);
    if (w->paused != s->conn.paused)
        ws_pause(w, s->conn.paused);
    polling_retire(p);
}

/* Clients end their POST before they switch; one that does not waits as long as its packets take. */
static void wait_for_payload(struct ws *w)
{
    w->upgrades->switching = true;
    ws_pause(w, true);
}

void probe_message(struct ws *w, struct slice text, bool binary)
{
    switch (session_probe_message(w->upgrades->session, text, binary)) {
    case PROBE_PONG:
        polling_release(w->upgrades);
        ws_send_text(w, "3probe");
        break;
    case PROBE_SWITCH:
        if (polling_has_payload(w->upgrades))
            wait_for_payload(w);
        else
            probe_switch(w);
        break;
    case PROBE_FAIL:
        probe_failed(w);
        break;
    }
}
