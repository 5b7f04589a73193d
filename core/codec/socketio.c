/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes one Socket.IO packet's text, strictly: what socket.io-parser closes the connection for is an error
 * here, too. Its accidents (numbers such as 0x1 or a blank where digits belong) are not copied. */
#include "core/codec/socketio.h"

#include <assert.h>

#include "core/base/err.h"
#include "core/base/utf8.h"
#include "core/codec/json.h"

/* The largest integer up to which a JavaScript number counts without gaps. */
#define MAX_ACK_ID (UINT64_C(1) << 53)

static const struct slice RESERVED[] = {
    SLICE_LIT("connect"),       SLICE_LIT("connect_error"), SLICE_LIT("disconnect"),
    SLICE_LIT("disconnecting"), SLICE_LIT("newListener"),   SLICE_LIT("removeListener"),
};

#define N_RESERVED (sizeof RESERVED / sizeof RESERVED[0])

static bool is_binary(enum sio_type type)
{
    return type == SIO_BINARY_EVENT || type == SIO_BINARY_ACK;
}

bool sio_reserved(struct slice name)
{
    for (size_t i = 0; i < N_RESERVED; i++) {
        if (slice_eq(name, RESERVED[i]))
            return true;
    }
    return false;
}

/* The same for a string token, which may spell the name with escapes. */
static bool reserved_token(struct slice token)
{
    if (memchr(token.p, '\\', token.n) == NULL)
        return sio_reserved((struct slice){token.p + 1, token.n - 2});
    for (size_t i = 0; i < N_RESERVED; i++) {
        if (json_string_is(token, RESERVED[i].p))
            return true;
    }
    return false;
}

/* Takes decimal digits off the front of *rest. 1: *number is their value; 0: there are none; ERR_PARSE: above
 * max. */
static int take_number(struct slice *rest, uint64_t max, uint64_t *number)
{
    size_t i = 0;
    uint64_t v = 0;
    for (; i < rest->n && rest->p[i] >= '0' && rest->p[i] <= '9'; i++) {
        v = v * 10 + (uint64_t)(rest->p[i] - '0');
        if (v > max)
            return ERR_PARSE;
    }
    *number = v;
    *rest = slice_from(*rest, i);
    return i > 0;
}

static int take_attachments(struct slice *rest, unsigned max, unsigned *attachments)
{
    uint64_t n = 0;
    int rc = take_number(rest, max, &n);
    if (rc < 0 || n == 0 || rest->n == 0 || rest->p[0] != '-')
        return ERR_PARSE;
    *attachments = (unsigned)n;
    *rest = slice_from(*rest, 1);
    return 0;
}

static int take_namespace(struct slice *rest, struct slice *ns)
{
    *ns = SLICE_LIT("/");
    if (rest->n == 0 || rest->p[0] != '/')
        return 0;
    const char *comma = memchr(rest->p, ',', rest->n);
    *ns = (struct slice){rest->p, comma == NULL ? rest->n : (size_t)(comma - rest->p)};
    *rest = slice_from(*rest, ns->n + (comma != NULL));
    return utf8_valid(*ns) ? 0 : ERR_PARSE;
}

/* The first element of an event: a number, or a string that is not reserved. */
static int check_name(struct slice token)
{
    char c = token.p[0];
    if (c == '"')
        return reserved_token(token) ? ERR_PARSE : 0;
    return c == '-' || (c >= '0' && c <= '9') ? 0 : ERR_PARSE;
}

/* Every placeholder names an attachment that is announced. */
static int check_placeholders(const struct sio_packet *packet)
{
    struct slice object;
    size_t pos = 0;
    long num;
    int rc;
    while ((rc = json_placeholder_next(packet->args, &pos, &object, &num)) == 1) {
        if (num < 0 || num >= (long)packet->attachments)
            return ERR_PARSE;
    }
    return rc;
}

/* Splits the array that events and acks carry, validating it. */
static int slice_array(struct json *j, struct sio_packet *packet, bool event)
{
    struct slice element;
    int rc = json_enter(j, '[');
    if (rc == 0 && event) {
        rc = json_element(j, &packet->name);
        if (rc == 0)
            rc = ERR_PARSE; /* an event without a name */
        if (rc == 1)
            rc = check_name(packet->name);
    }
    if (rc != 0)
        return rc;
    while ((rc = json_element(j, &element)) == 1) {
        if (packet->args.p == NULL)
            packet->args.p = element.p;
        packet->args.n = (size_t)(element.p + element.n - packet->args.p);
    }
    return rc;
}

static int decode_array(struct slice text, const struct sio_limits *limits, struct sio_packet *packet)
{
    struct json j;
    json_init(&j, text, limits->max_depth);
    bool event = packet->type == SIO_EVENT || packet->type == SIO_BINARY_EVENT;
    int rc = slice_array(&j, packet, event);
    if (rc != 0)
        return rc;
    const char *start = memchr(text.p, '[', text.n);
    packet->data = (struct slice){start, (size_t)(j.p - start)};
    rc = json_end(&j);
    return rc == 0 && is_binary(packet->type) ? check_placeholders(packet) : rc;
}

static int decode_value(struct slice text, const struct sio_limits *limits, struct sio_packet *packet)
{
    int rc = json_check(text, limits->max_depth, &packet->data);
    if (rc != 0)
        return rc;
    char c = packet->data.p[0];
    return c == '{' || (c == '"' && packet->type == SIO_CONNECT_ERROR) ? 0 : ERR_PARSE;
}

static int decode_data(struct slice text, const struct sio_limits *limits, struct sio_packet *packet)
{
    if (text.n == 0)
        return 0;
    switch (packet->type) {
    case SIO_DISCONNECT:
        return ERR_PARSE;
    case SIO_CONNECT:
    case SIO_CONNECT_ERROR:
        return decode_value(text, limits, packet);
    default:
        return decode_array(text, limits, packet);
    }
}

int sio_decode(struct slice text, const struct sio_limits *limits, struct sio_packet *packet)
{
    assert(limits->max_attachments <= SIO_MAX_ATTACHMENTS);
    if (text.n == 0 || text.p[0] < '0' || text.p[0] > '0' + SIO_BINARY_ACK)
        return ERR_PARSE;
    *packet = (struct sio_packet){.type = (enum sio_type)(text.p[0] - '0')};
    struct slice rest = slice_from(text, 1);
    int rc =
        is_binary(packet->type) ? take_attachments(&rest, limits->max_attachments, &packet->attachments) : 0;
    if (rc == 0)
        rc = take_namespace(&rest, &packet->ns);
    if (rc == 0)
        rc = take_number(&rest, MAX_ACK_ID, &packet->id);
    if (rc < 0)
        return rc;
    packet->has_id = rc == 1;
    return decode_data(rest, limits, packet);
}

/* Writes v in decimal so that it ends before `end`; returns where it begins. */
static char *put_decimal(char *end, uint64_t v)
{
    do {
        *--end = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    return end;
}

void sio_head(struct sio_head *h, enum sio_type type, unsigned attachments, struct slice ns, bool has_id,
              uint64_t id)
{
    assert(is_binary(type) == (attachments > 0));
    assert(ns.n > 0 && ns.p[0] == '/');
    char *const before_end = h->before + sizeof h->before, *const after_end = h->after + sizeof h->after;
    char *p = before_end, *q = after_end;
    if (attachments > 0) {
        *--p = '-';
        p = put_decimal(p, attachments);
    }
    *--p = (char)('0' + type);
    if (has_id)
        q = put_decimal(q, id);
    if (ns.n == 1)
        ns.n = 0;
    else
        *--q = ',';
    h->part[0] = (struct slice){p, (size_t)(before_end - p)};
    h->part[1] = ns;
    h->part[2] = (struct slice){q, (size_t)(after_end - q)};
}

int sio_put_head(struct buf *b, enum sio_type type, unsigned attachments, struct slice ns, bool has_id,
                 uint64_t id)
{
    struct sio_head h;
    sio_head(&h, type, attachments, ns, has_id, id);
    int rc = buf_reserve(b, h.part[0].n + h.part[1].n + h.part[2].n);
    for (unsigned i = 0; i < 3 && rc == 0; i++)
        rc = buf_add(b, h.part[i]);
    return rc;
}
