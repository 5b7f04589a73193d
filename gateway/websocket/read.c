/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket input: from the socket to whole messages, and the answers to pings and close frames. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/base/utf8.h"
#include "core/dialect/dialect.h"
#include "gateway/engineio/probe.h"
#include "gateway/loop.h"
#include "gateway/server/lws_libevent.h"
#include "gateway/server/server.h"
#include "gateway/websocket/websocket.h"

/* Is anybody interested in what it says? */
static bool listening(const struct ws *w)
{
    return w->state == WS_OPEN && (w->upgrades != NULL || (w->conn != NULL && w->conn->state == CONN_OPEN));
}

/* code: of the close frame, where the reason does not say it. */
static void end(struct ws *w, enum close_reason why, int code)
{
    buf_free(&w->message);
    w->code = code;
    if (w->conn != NULL)
        conn_close(w->conn, why);
    else
        probe_failed(w);
}

static void end_for(struct ws *w, int err)
{
    if (err == ERR_NOMEM)
        end(w, CLOSE_NOMEM, 1011);
    else if (err == ERR_TOO_LARGE)
        end(w, CLOSE_TOO_LARGE, 1009);
    else
        end(w, CLOSE_PARSE, 1007);
}

static void deliver(struct ws *w, struct slice bytes, bool binary)
{
    if (!binary && !utf8_valid(bytes))
        end(w, CLOSE_PARSE, 1007);
    else if (w->conn != NULL)
        conn_message(w->conn, bytes, binary);
    else
        probe_message(w, bytes, binary);
}

static void deliver_compressed(struct ws *w, struct slice bytes, bool binary)
{
    int err = ws_inflate(w, &bytes);
    if (err == 0)
        deliver(w, bytes, binary);
    else
        end_for(w, err);
    ws_inflate_done(w->server);
}

/* The usual message comes in one piece and is not copied. */
static void on_data(struct ws *w, const struct ws_piece *piece)
{
    struct buf *m = &w->message;
    struct slice bytes = piece->bytes;
    if (!listening(w))
        return;
    size_t max = piece->compressed ? m->max : server_settings(w->server)->max_message_bytes;
    if (bytes.n > max - m->n || piece->announced > max - m->n - bytes.n) {
        end_for(w, ERR_TOO_LARGE);
        return;
    }
    bool whole = piece->last && m->n == 0;
    if (!whole && buf_add(m, bytes) != 0) {
        end_for(w, ERR_NOMEM);
        return;
    }
    if (!piece->last)
        return;
    if (!whole)
        bytes = buf_slice(m);
    if (piece->compressed)
        deliver_compressed(w, bytes, piece->opcode == WS_BINARY);
    else
        deliver(w, bytes, piece->opcode == WS_BINARY);
    buf_free(m);
}

void ws_send_pong(struct ws *w)
{
    char bytes[2 + WS_CONTROL_MAX];
    size_t head = ws_put_header(bytes, WS_PONG, w->pong_size);
    memcpy(bytes + head, w->pong, w->pong_size);
    w->pong_due = false;
    ws_send_control(w, bytes, head + w->pong_size);
}

/* While the socket is full only the last ping counts (RFC 6455, section 5.5.3): what waits has a bound. */
static void on_ping(struct ws *w, const struct ws_piece *piece)
{
    if (w->state != WS_OPEN)
        return;
    memcpy(w->pong, piece->bytes.p, piece->bytes.n);
    w->pong_size = (uint8_t)piece->bytes.n;
    w->pong_due = true;
    if (!lws_partial_buffered(w->wsi))
        ws_send_pong(w);
}

/* Engine.IO has heartbeats of its own, and only they count. */
static void on_pong(struct ws *w)
{
    if (w->conn != NULL && w->conn->dialect->index != DIALECT_SOCKETIO)
        conn_pong(w->conn);
}

/* What the close frame is answered with: its own code, or what is wrong with it; 0: no code. */
static int code_of_answer(struct slice payload)
{
    if (payload.n == 0)
        return 0;
    if (payload.n == 1)
        return 1002;
    int code = (unsigned char)payload.p[0] << 8 | (unsigned char)payload.p[1];
    bool defined = (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
                   (code >= 3000 && code <= 4999);
    if (!defined)
        return 1002;
    return utf8_valid(slice_from(payload, 2)) ? code : 1007;
}

static void on_close(struct ws *w, const struct ws_piece *piece)
{
    w->answered = true;
    if (w->state == WS_OPEN) {
        ws_close(w, code_of_answer(piece->bytes), "");
        ws_lose(w, CLOSE_PEER);
    }
    if (!lws_partial_buffered(w->wsi))
        ws_cut(w); /* both close frames are on their way: the server ends the connection */
}

static void on_piece(struct ws *w, const struct ws_piece *piece)
{
    switch (piece->opcode) {
    case WS_PING:
        on_ping(w, piece);
        break;
    case WS_PONG:
        on_pong(w);
        break;
    case WS_CLOSE:
        on_close(w, piece);
        break;
    default:
        on_data(w, piece);
        break;
    }
}

/* The peer broke the protocol: nothing it says can be understood any more. */
static void on_violation(struct ws *w)
{
    w->deaf = true;
    if (listening(w))
        end(w, CLOSE_PROTOCOL, 1002);
    else
        ws_cut(w);
}

void ws_take(struct ws *w, char *p, size_t n)
{
    struct ws_piece piece;
    struct server *server = w->server;
    size_t used;
    unsigned frames = 0;
    server->inflated_bytes = 0;
    while (n > 0 && !w->deaf && !w->paused && !w->answered && w->state != WS_DEAD &&
           server->inflated_bytes < WEBSOCKET_INFLATED_PER_TURN && frames++ < WEBSOCKET_FRAMES_PER_TURN) {
        int got = ws_read(&w->reader, p, n, &used, &piece);
        p += used;
        n -= used;
        if (got < 0)
            on_violation(w);
        else if (got == 1)
            on_piece(w, &piece);
    }
    if (n == 0 || w->deaf || w->answered || w->state == WS_DEAD)
        return;
    if (buf_add(&w->unread, (struct slice){p, n}) != 0)
        end(w, CLOSE_NOMEM, 1011);
    else if (!w->paused) /* goes on in the next turn */
        list_append(&server->resumed, &w->resumed);
}

void ws_read_socket(void *arg)
{
    struct ws *w = arg;
    char *input = w->server->input;
    if (w->unread.n > 0) /* that comes first, at the end of the turn */
        return;
    ssize_t n = recv(w->fd, input, SERVER_READ_SIZE, 0);
    if (n > 0)
        ws_take(w, input, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        ws_cut(w);
}

bool websocket_turn(struct server *server, uint64_t until)
{
    struct link now;
    size_t inflated = 0;
    bool worked = !list_empty(&server->resumed);
    list_init(&now);
    list_move_all(&now, &server->resumed);
    while (!list_empty(&now) && inflated < WEBSOCKET_INFLATED_PER_TURN) {
        struct ws *w = container_of(now.next, struct ws, resumed);
        struct buf unread = w->unread;
        list_remove(&w->resumed);
        buf_init(&w->unread, unread.max);
        ws_take(w, unread.p, unread.n);
        inflated += server->inflated_bytes;
        buf_free(&unread);
        if (loop_is_past(until))
            break;
    }
    list_move_all(&now, &server->resumed); /* who has had a share waits behind those who have not */
    list_move_all(&server->resumed, &now);
    return worked;
}
