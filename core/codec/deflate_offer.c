/* SPDX-License-Identifier: Apache-2.0 */
/* Reads extension lists: NAME *( ";" PARAMETER [ "=" VALUE ] ), separated by commas. */
#include "core/codec/deflate_offer.h"

#include "core/base/err.h"
#include "core/codec/http.h"

#define ANSWER "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

enum parameter { SERVER_ALONE, CLIENT_ALONE, SERVER_BITS, CLIENT_BITS, PARAMETERS };

struct offer {
    bool acceptable;
    bool seen[PARAMETERS];
};

static void skip_blanks(struct slice *s)
{
    while (s->n > 0 && (s->p[0] == ' ' || s->p[0] == '\t'))
        *s = slice_from(*s, 1);
}

/* c, with blanks around it. */
static bool take_char(struct slice *s, char c)
{
    skip_blanks(s);
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = slice_from(*s, 1);
    skip_blanks(s);
    return true;
}

static bool take_token(struct slice *s, struct slice *token)
{
    size_t n = 0;
    while (n < s->n && http_token_char(s->p[n]))
        n++;
    *token = (struct slice){s->p, n};
    *s = slice_from(*s, n);
    return n > 0;
}

/* A value in quotes is a token too, and its escapes, which nobody needs, stay as they are. */
static bool take_value(struct slice *s, struct slice *value)
{
    if (s->n == 0 || s->p[0] != '"')
        return take_token(s, value);
    *s = slice_from(*s, 1);
    size_t n = 0;
    while (n < s->n && (http_token_char(s->p[n]) || (s->p[n] == '\\' && n + 1 < s->n)))
        n += s->p[n] == '\\' ? 2 : 1;
    *value = (struct slice){s->p, n};
    *s = slice_from(*s, n);
    if (n == 0 || s->n == 0 || s->p[0] != '"')
        return false;
    *s = slice_from(*s, 1);
    return true;
}

/* 8 to 15, without a leading zero. */
static bool is_bits(struct slice v)
{
    if (v.n == 1)
        return v.p[0] == '8' || v.p[0] == '9';
    return v.n == 2 && v.p[0] == '1' && v.p[1] >= '0' && v.p[1] <= '5';
}

/* value.p is NULL: there was none. */
static bool is_acceptable(struct offer *o, struct slice name, struct slice value)
{
    static const char *const names[PARAMETERS] = {"server_no_context_takeover", "client_no_context_takeover",
                                                  "server_max_window_bits", "client_max_window_bits"};
    unsigned which = 0;
    while (which < PARAMETERS && !slice_is(name, names[which]))
        which++;
    if (which == PARAMETERS || o->seen[which])
        return false;
    o->seen[which] = true;
    if (which == SERVER_BITS)
        return slice_is(value, "15");
    if (which == CLIENT_BITS)
        return value.p == NULL || is_bits(value);
    return value.p == NULL;
}

/* One extension with its parameters. false: malformed. */
static bool take_offer(struct slice *s, struct offer *o)
{
    struct slice name, parameter;
    if (!take_token(s, &name))
        return false;
    *o = (struct offer){.acceptable = slice_is(name, "permessage-deflate")};
    while (take_char(s, ';')) {
        struct slice value = SLICE_NONE;
        if (!take_token(s, &parameter) || (take_char(s, '=') && !take_value(s, &value)))
            return false;
        o->acceptable = o->acceptable && is_acceptable(o, parameter, value);
    }
    return true;
}

int deflate_offer_take(struct slice line, const char **answer)
{
    bool taken = false;
    struct offer o;
    do {
        skip_blanks(&line);
        if (line.n == 0 || line.p[0] == ',') /* a list may have empty elements */
            continue;
        if (!take_offer(&line, &o) || (line.n > 0 && line.p[0] != ','))
            return ERR_PARSE;
        if (!o.acceptable || taken)
            continue;
        taken = true;
        *answer = o.seen[SERVER_BITS] ? ANSWER "; server_max_window_bits=15" : ANSWER;
    } while (take_char(&line, ','));
    return taken;
}
