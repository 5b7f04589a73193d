/* SPDX-License-Identifier: Apache-2.0 */
/* Templates. */
#include "loadtest/dialect/template.h"

#include "core/codec/json.h"

#define MAX_TEXT  4096
#define MAX_DEPTH 64

static const struct {
    enum template_piece_kind kind;
    struct slice name;
    const char *probe; /* stands for it when the text is checked */
} places[] = {{PIECE_ROOM, {"{room}", 6}, "x"},
              {PIECE_EVENT, {"{event}", 7}, "x"},
              {PIECE_MESSAGE, {"{message}", 9}, "0"}};

#define PLACES (sizeof places / sizeof *places)

/* Which place the text begins with; PLACES: none. */
static size_t place_at(struct slice text)
{
    size_t i = 0;
    while (i < PLACES &&
           !(text.n >= places[i].name.n && memcmp(text.p, places[i].name.p, places[i].name.n) == 0))
        i++;
    return i;
}

static bool add_piece(struct template *template, enum template_piece_kind kind, struct slice text)
{
    if (kind == PIECE_TEXT && text.n == 0)
        return true;
    if (template->pieces == TEMPLATE_MAX_PIECES)
        return false;
    template->piece[template->pieces++] = (struct template_piece){kind, text};
    return true;
}

/* Whether the end of `text`, which is the beginning of valid JSON, is inside of a string. */
static bool inside_string(struct slice text)
{
    bool inside = false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            inside = !inside;
        else if (text.p[i] == '\\' && inside)
            i++;
    }
    return inside;
}

static bool take_apart(struct template *template, struct slice text)
{
    size_t from = 0;
    template->pieces = 0;
    for (size_t at = 0; at < text.n;) {
        size_t i = place_at(slice_from(text, at));
        if (i == PLACES) {
            at++;
            continue;
        }
        enum template_piece_kind kind = places[i].kind;
        if (kind == PIECE_MESSAGE && inside_string((struct slice){text.p, at}))
            kind = PIECE_QUOTED_MESSAGE;
        if (!add_piece(template, PIECE_TEXT, (struct slice){text.p + from, at - from}) ||
            !add_piece(template, kind, SLICE_NONE))
            return false;
        from = at += places[i].name.n;
    }
    return add_piece(template, PIECE_TEXT, slice_from(text, from));
}

static int escape(struct buf *out, struct slice value)
{
    size_t at = out->n;
    int err = json_quote(out, value);
    if (err != 0)
        return err;
    out->n -= 2; /* the quotes are in the template */
    memmove(out->p + at, out->p + at + 1, out->n - at);
    return 0;
}

int percent_encode(struct buf *out, struct slice value)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
    for (size_t i = 0; i < value.n; i++) {
        if (value.p[i] != '\0' && strchr(plain, value.p[i]))
            buf_addc(out, value.p[i]);
        else
            buf_addf(out, "%%%02X", (unsigned char)value.p[i]);
    }
    return out->err;
}

/* NULL, or what is wrong with where the places are. */
static const char *check_places(struct slice text, bool message)
{
    unsigned messages = 0;
    for (size_t at = 0; at < text.n; at++) {
        size_t i = place_at(slice_from(text, at));
        if (i == PLACES)
            continue;
        if (places[i].kind != PIECE_MESSAGE && !inside_string((struct slice){text.p, at}))
            return "{room} and {event} inside of quotes";
        messages += places[i].kind == PIECE_MESSAGE;
    }
    if (messages != message)
        return message ? "{message} in it, once" : "no {message} in it";
    return NULL;
}

static const char *probe_of(enum template_piece_kind kind)
{
    size_t i = 0;
    while (i < PLACES - 1 && places[i].kind != kind)
        i++;
    return places[i].probe; /* of {message} both in and out of quotes */
}

static bool is_array(const struct template *template, struct slice *array)
{
    struct buf text;
    buf_init(&text, MAX_TEXT);
    for (unsigned i = 0; i < template->pieces; i++) {
        const struct template_piece *piece = &template->piece[i];
        if (piece->kind == PIECE_TEXT)
            buf_add(&text, piece->text);
        else
            buf_adds(&text, probe_of(piece->kind));
    }
    int err = text.err ? text.err : json_check(buf_slice(&text), MAX_DEPTH, array);
    bool found = err == 0 && array->p[0] == '[';
    buf_free(&text);
    return found;
}

const char *template_args(struct template *template, const char *text, bool message)
{
    struct slice inside = slice_of(text), array;
    template->encode = escape;
    if (!take_apart(template, inside))
        return "fewer places for values";
    const char *wrong = check_places(inside, message);
    if (!is_array(template, &array))
        return wrong ? wrong : "a JSON array of arguments";
    if (wrong)
        return wrong;
    inside.n = (size_t)((const char *)memrchr(inside.p, ']', inside.n) - inside.p);
    const char *begin = memchr(inside.p, '[', inside.n);
    inside = slice_from(inside, (size_t)(begin + 1 - inside.p));
    while (inside.n > 0 && strchr(" \t\r\n", inside.p[0]))
        inside = slice_from(inside, 1);
    return take_apart(template, inside) ? NULL : "fewer places for values";
}

const char *template_target(struct template *template, const char *text)
{
    template->encode = percent_encode;
    if (text[0] != '/' || strlen(text) > 200)
        return "a text that begins with / and has at most 200 bytes";
    if (strpbrk(text, " #\r\n\t"))
        return "a path without blanks and #";
    if (!take_apart(template, slice_of(text)))
        return "fewer places for values";
    struct slice rest = slice_of(text);
    for (; rest.n > 0; rest = slice_from(rest, 1)) {
        if (rest.p[0] == '{' && !slice_starts(rest, "{room}") && !slice_starts(rest, "{event}"))
            return "no other { in it than {room}";
    }
    return NULL;
}

int template_put(const struct template *template, struct buf *out, const struct template_values *values)
{
    for (unsigned i = 0; i < template->pieces; i++) {
        const struct template_piece *piece = &template->piece[i];
        int err = 0;
        switch (piece->kind) {
        case PIECE_TEXT:
            err = buf_add(out, piece->text);
            break;
        case PIECE_ROOM:
            err = template->encode(out, values->room);
            break;
        case PIECE_EVENT:
            err = template->encode(out, values->event);
            break;
        case PIECE_MESSAGE:
            err = buf_add(out, values->message);
            break;
        case PIECE_QUOTED_MESSAGE:
            err = escape(out, values->message);
            break;
        }
        if (err != 0)
            return err;
    }
    return 0;
}
