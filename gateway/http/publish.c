/* SPDX-License-Identifier: Apache-2.0 */
/* POST /rooms/ROOM: the body is one argument of an event, answered when the bus has it; or, with ack=1, of an
 * event to one client, answered with what that client says. */
#include <stdlib.h>

#include "core/base/utf8.h"
#include "core/codec/json.h"
#include "core/dialect/frames.h"
#include "gateway/http/handlers.h"
#include "gateway/server/server.h"

#define MAX_TIMEOUT_MS 3600000

/* A request whose answer depends on others. */
struct publishing {
    struct broker *broker;
    struct http *http;
};

/* The event under construction, and where its parts lie. */
struct draft {
    struct event event;
    struct buf name, text, bytes;
};

static bool token_ok(struct slice given, const char *wanted)
{
    size_t n = strlen(wanted);
    unsigned char differ = given.n != n;
    for (size_t i = 0; i < given.n && i < n; i++) /* as long for a wrong token as for a right one */
        differ |= (unsigned char)(given.p[i] ^ wanted[i]);
    return !differ;
}

bool publish_admit(struct http *h, const struct request *r)
{
    const struct settings *set = server_settings(h->server);
    h->body_max = set->max_http_body_bytes;
    if (!set->http_publish) {
        http_error(h, 404, "not_found", "publishing by HTTP is off");
    } else if (r->head.method != HTTP_POST) {
        http_not_allowed(h, "POST");
    } else if (set->publish_token[0] != '\0' && !token_ok(request_bearer(r), set->publish_token)) {
        server_refused(h->server, ERR_FORBIDDEN);
        http_error_with(h, 401, "WWW-Authenticate: Bearer\r\n", err_name(ERR_FORBIDDEN),
                        "Authorization: Bearer with the right publish_token is needed");
    } else if (r->head.length > h->body_max) {
        server_refused(h->server, ERR_TOO_LARGE);
        http_error(h, 413, err_name(ERR_TOO_LARGE), "the body is larger than max_http_body_bytes");
    } else {
        return true;
    }
    return false;
}

static int take_binary(struct draft *d, struct slice body)
{
    d->event.args = SLICE_LIT("{\"_placeholder\":true,\"num\":0}");
    d->event.attachments = 1;
    d->event.attachment[0] = body;
    return 0;
}

static int take_text(struct draft *d, struct slice body)
{
    if (!utf8_valid(body))
        return ERR_PARSE;
    int err = json_quote(&d->text, body);
    d->event.args = buf_slice(&d->text);
    return err;
}

static int take_json(struct draft *d, struct slice body, const struct settings *set)
{
    struct slice value;
    int err = json_check(body, (unsigned)set->max_json_depth, &value);
    if (err != 0)
        return err;
    struct slice name = d->event.name;
    err = take_args(value, (unsigned)set->max_attachments, &d->text, &d->bytes, &d->event);
    d->event.name = name;
    return err;
}

/* The type says what the body is; an unknown one (curl -d has one by default) leaves it to the bytes. */
static int take_body(struct draft *d, const struct request *r, struct slice body, const struct settings *set)
{
    struct slice type = r->head.header[HTTP_CONTENT_TYPE];
    const char *end = type.n > 0 ? memchr(type.p, ';', type.n) : NULL;
    if (end != NULL)
        type.n = (size_t)(end - type.p);
    while (type.n > 0 && type.p[type.n - 1] == ' ')
        type.n--;
    struct slice family = {type.p, type.n < 5 ? type.n : 5};
    if (http_same(type, SLICE_LIT("application/octet-stream")))
        return take_binary(d, body);
    if (http_same(type, SLICE_LIT("application/json")))
        return take_json(d, body, set);
    if (http_same(family, SLICE_LIT("text/")))
        return take_text(d, body);
    int err = take_json(d, body, set);
    if (err != ERR_PARSE)
        return err;
    buf_clear(&d->text);
    return take_text(d, body) == 0 ? 0 : take_binary(d, body);
}

static void answer_ok(struct publishing *p, const struct event *answer)
{
    struct http *h = p->http;
    struct buf body;
    buf_init(&body, SIZE_MAX);
    (void)buf_adds(&body, "{\"ok\":true");
    if (answer != NULL) {
        (void)buf_adds(&body, ",\"args\":[");
        if (put_args(&body, answer) == 0) /* the error sticks */
            (void)buf_addc(&body, ']');
    }
    if (buf_addc(&body, '}') == 0)
        http_answer(h, &(struct answer){.status = 200,
                                        .type = "application/json",
                                        .headers = "Cache-Control: no-store\r\n",
                                        .body = buf_slice(&body)});
    else
        http_error_of(h, ERR_NOMEM);
    buf_free(&body);
}

static void answered(void *arg, int err, const struct event *answer)
{
    struct publishing *p = arg;
    http_own(p->http, NULL, NULL);
    if (err == 0)
        answer_ok(p, answer);
    else
        http_error_of(p->http, err);
    free(p);
}

static void accepted(void *arg, int err)
{
    answered(arg, err, NULL);
}

static void gone(void *arg, struct http *h)
{
    struct publishing *p = arg;
    (void)h;
    broker_forget(p->broker, p);
    free(p);
}

static const struct http_owner owner = {.gone = gone};

/* Milliseconds; 0: not given. */
static int parse_timeout(struct slice text, uint64_t *ms)
{
    *ms = 0;
    if (text.n > 7)
        return ERR_BAD_REQUEST;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return ERR_BAD_REQUEST;
        *ms = *ms * 10 + (uint64_t)(text.p[i] - '0');
    }
    return *ms > MAX_TIMEOUT_MS || (text.n > 0 && *ms == 0) ? ERR_BAD_REQUEST : 0;
}

static int ask(struct publishing *p, const struct request *r, struct slice ns, struct slice room,
               const struct event *event)
{
    uint64_t ms;
    int err = parse_timeout(request_param(r, "timeout_ms"), &ms);
    return err != 0 ? err : broker_request(p->broker, ns, room, event, ms, answered, p);
}

static bool flag(const struct request *r, const char *name)
{
    struct slice value = request_param(r, name);
    return slice_is(value, "1") || slice_is(value, "true");
}

static int send_event(struct publishing *p, const struct request *r, const struct event *event)
{
    struct slice ns = request_param(r, "ns"), room = request_rest(r, "/rooms/");
    if (ns.n == 0)
        ns = SLICE_LIT("/");
    if (flag(r, "ack"))
        return ask(p, r, ns, room, event);
    return broker_publish(p->broker, ns, room, event, flag(r, "volatile") ? PUB_VOLATILE : 0, accepted, p);
}

static int publish_body(struct publishing *p, const struct request *r, struct slice body, struct draft *d)
{
    const struct settings *set = server_settings(p->http->server);
    struct slice name = SLICE_LIT("message");
    size_t at = 0;
    (void)request_param_next(r, "event", &at, &name);
    int err = name.n == 0 ? ERR_EVENT_NAME : json_quote(&d->name, name);
    d->event.name = buf_slice(&d->name);
    if (err == 0)
        err = take_body(d, r, body, set);
    if (err == 0)
        return send_event(p, r, &d->event);
    server_refused(p->http->server, err);
    return err;
}

void publish_handle(struct http *h, const struct request *r, struct slice body)
{
    struct publishing *p = malloc(sizeof *p);
    struct draft d = {.event = {.args = SLICE_NONE}};
    if (p == NULL) {
        http_error_of(h, ERR_NOMEM);
        return;
    }
    server_count(h->server, M_HTTP_PUBLISHES, 1);
    server_count(h->server, M_BYTES_IN, body.n);
    *p = (struct publishing){.broker = h->server->gateway->broker, .http = h};
    buf_init(&d.name, 8 * HTTP_HEAD_MAX);
    buf_init(&d.text, SIZE_MAX);
    buf_init(&d.bytes, SIZE_MAX);
    int err = publish_body(p, r, body, &d);
    buf_free(&d.name);
    buf_free(&d.text);
    buf_free(&d.bytes);
    if (err == 0) {
        http_hold(h, &owner, p);
        return;
    }
    free(p);
    http_error_of(h, err);
}
