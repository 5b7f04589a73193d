/* SPDX-License-Identifier: Apache-2.0 */
/* The text of answers: heads, CORS headers, errors. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/codec/json.h"
#include "gateway/http/io.h"
#include "gateway/server/server.h"

static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {
        {200, "OK"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Error";
}

char *http_string(struct slice s)
{
    char *z = malloc(s.n + 1);
    if (z == NULL)
        return NULL;
    memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    return z;
}

static bool any_origin(const struct settings *s)
{
    return http_list_has(slice_of(s->allowed_origins), "*");
}

int http_put_cors(const struct server *server, const char *origin, struct buf *b)
{
    const struct settings *s = server_settings(server);
    if (s->allowed_origins[0] == '\0')
        return b->err;
    if (any_origin(s) && (!s->cors_credentials || origin == NULL))
        return buf_adds(b, "Access-Control-Allow-Origin: *\r\n");
    (void)buf_adds(b, "Vary: Origin\r\n"); /* the error sticks */
    if (origin == NULL || !(any_origin(s) || http_list_has(slice_of(s->allowed_origins), origin)))
        return b->err;
    (void)buf_addf(b, "Access-Control-Allow-Origin: %s\r\n", origin);
    if (s->cors_credentials)
        (void)buf_adds(b, "Access-Control-Allow-Credentials: true\r\n");
    return b->err;
}

bool http_origin_refused(const struct server *server, struct slice origin)
{
    struct slice allowed = slice_of(server_settings(server)->allowed_origins), one;
    if (allowed.n == 0 || origin.n == 0)
        return false;
    while (http_list_next(&allowed, &one))
        if (slice_is(one, "*") || http_same(one, origin))
            return false;
    return true;
}

/* Written anew when the second changes. */
static const char *date(void)
{
    static char text[32];
    static time_t of;
    time_t now = time(NULL);
    struct tm tm;
    if (now != of && gmtime_r(&now, &tm) != NULL &&
        strftime(text, sizeof text, "%a, %d %b %Y %T GMT", &tm) > 0)
        of = now;
    return text;
}

int http_put_head(struct http *h, const struct answer *a)
{
    struct buf *b = &h->server->head;
    buf_clear(b);
    (void)buf_addf(b, "HTTP/1.1 %d %s\r\nDate: %s\r\n", a->status, status_text(a->status), date());
    if (a->type != NULL)
        (void)buf_addf(b, "Content-Type: %s\r\n", a->type);
    if (h->state != HTTP_STREAMING && a->status != 304)
        (void)buf_addf(b, "Content-Length: %zu\r\n", a->body.n);
    if (a->headers != NULL)
        (void)buf_adds(b, a->headers);
    (void)http_put_cors(h->server, h->origin, b);
    return buf_adds(b, h->keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

void http_error_with(struct http *h, int status, const char *headers, const char *code, const char *message)
{
    struct buf body;
    buf_init(&body, 4096);
    (void)buf_addf(&body, "{\"error\":{\"code\":\"%s\",\"message\":", code);
    (void)json_quote(&body, slice_of(message));
    (void)buf_adds(&body, "}}");
    http_answer(
        h, &(struct answer){
               .status = status, .type = "application/json", .headers = headers, .body = buf_slice(&body)});
    buf_free(&body);
}

void http_error(struct http *h, int status, const char *code, const char *message)
{
    http_error_with(h, status, NULL, code, message);
}

void http_error_of(struct http *h, int err)
{
    http_error(h, err_http_status(err), err_name(err), err_text(err));
}

void http_not_allowed(struct http *h, const char *allow)
{
    char header[64];
    int n = snprintf(header, sizeof header, "Allow: %s\r\n", allow);
    assert(n > 0 && (size_t)n < sizeof header);
    http_error_with(h, 405, header, "method_not_allowed", "this address does not know the method");
}

void http_refuse(struct http *h, int status, const char *code, const char *message)
{
    http_lost_owner(h);
    h->state = HTTP_HANDLING;
    h->keep_alive = false;
    h->body_unread = true; /* what follows is not understood */
    http_error_with(h, status, NULL, code, message);
}

/* https://fetch.spec.whatwg.org/#cors-preflight-request */
bool http_preflight(struct http *h, const struct request *r)
{
    struct slice wanted = r->head.header[HTTP_REQUESTED_HEADERS];
    if (r->head.method != HTTP_OPTIONS || server_settings(h->server)->allowed_origins[0] == '\0')
        return false;
    struct buf lines;
    buf_init(&lines, HTTP_HEAD_MAX + 256);
    (void)buf_adds(&lines, "Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE\r\n"
                           "Vary: Access-Control-Request-Headers\r\n");
    if (wanted.n > 0)
        (void)buf_addf(&lines, "Access-Control-Allow-Headers: %.*s\r\n", SLICE_FMT(wanted));
    if (buf_addc(&lines, '\0') == 0)
        http_answer(h, &(struct answer){.status = 204, .headers = lines.p});
    else
        http_close(h);
    buf_free(&lines);
    return true;
}
