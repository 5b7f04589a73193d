/* SPDX-License-Identifier: Apache-2.0 */
/* Values of routes, from jansson's tree to the compiled form: $0, $id and so on, literals, and templates,
 * which are lists and objects with such values inside. */
#include <stdlib.h>

#include "core/base/xalloc.h"
#include "core/broker/routes_parse.h"
#include "core/codec/json.h"

static const struct {
    const char *text;
    enum value_kind kind;
    bool lifecycle; /* has a value in life-cycle routes */
} named_values[] = {{"$event", VALUE_EVENT, false}, {"$args", VALUE_REST, false},
                    {"$id", VALUE_ID, true},        {"$user", VALUE_USER, true},
                    {"$rooms", VALUE_ROOMS, true},  {"$room", VALUE_ROOM, true},
                    {"$auth", VALUE_AUTH, true},    {"$reason", VALUE_REASON, true}};

/* "$0" and "$2..": 0 and the value, or ERR_PARSE. */
static int parse_index(const char *text, struct value *v)
{
    char *end;
    if (text[1] < '0' || text[1] > '9')
        return ERR_PARSE;
    unsigned long n = strtoul(text + 1, &end, 10);
    if (n > 1000 || (*end != '\0' && strcmp(end, "..") != 0))
        return ERR_PARSE;
    v->kind = *end == '\0' ? VALUE_ARG : VALUE_REST;
    v->index = (unsigned)n;
    return 0;
}

static int parse_dollar(struct parser *p, const char *text, struct value *v)
{
    for (size_t i = 0; i < sizeof named_values / sizeof named_values[0]; i++) {
        if (strcmp(text, named_values[i].text) != 0)
            continue;
        if (p->lifecycle && !named_values[i].lifecycle)
            return parse_fail(p, "a life-cycle route has no event: no $event, $args, $0...");
        v->kind = named_values[i].kind;
        return 0;
    }
    if (parse_index(text, v) == 0)
        return p->lifecycle ? parse_fail(p, "a life-cycle route has no event: no $event, $args, $0...") : 0;
    return parse_fail(
        p, "unknown value (expected $0, $1.., $args, $event, $id, $user, $rooms, $room, $auth, $reason; "
           "write $$ for a literal $)");
}

static struct value *part_new(struct value *v)
{
    v->parts = xrealloc(v->parts, (v->part_count + 1) * sizeof *v->parts);
    memset(&v->parts[v->part_count], 0, sizeof *v->parts);
    return &v->parts[v->part_count++];
}

/* A string, a number, true, false or null as JSON text. "$$x" is "$x". NULL when jansson cannot write it. */
static char *scalar_text(const json_t *json)
{
    const char *text = json_string_value(json);
    json_t *unescaped = text != NULL && text[0] == '$' ? json_string(text + 1) : NULL;
    char *dump = json_dumps(unescaped != NULL ? unescaped : json, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(unescaped);
    return dump;
}

static bool is_dollar(const json_t *json)
{
    const char *text = json_string_value(json);
    return text != NULL && text[0] == '$' && text[1] != '$';
}

/* The JSON text gathered so far becomes a part. */
static void end_literal(struct value *v, struct buf *text)
{
    if (text->n > 0)
        *part_new(v) = (struct value){.kind = VALUE_LITERAL, .json = xstrndup(buf_slice(text))};
    buf_clear(text);
}

static int put_tree(struct parser *p, const json_t *json, struct value *v, struct buf *text);

static int put_array(struct parser *p, const json_t *json, struct value *v, struct buf *text)
{
    int err = buf_addc(text, '[');
    for (size_t i = 0; i < json_array_size(json) && err == 0; i++) {
        size_t mark = parse_enter_index(p, i);
        if (i > 0)
            err = buf_addc(text, ',');
        if (err == 0)
            err = put_tree(p, json_array_get(json, i), v, text);
        if (err == 0)
            parse_leave(p, mark);
    }
    return err != 0 ? err : buf_addc(text, ']');
}

static int put_object(struct parser *p, const json_t *json, struct value *v, struct buf *text)
{
    const char *key, *before = "{";
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)json, key, member)
    {
        size_t mark = parse_enter(p, key);
        /* beside attachments receivers would take it for one */
        if (strcmp(key, "_placeholder") == 0)
            return parse_fail(p, "a literal must not contain \"_placeholder\"");
        int err = buf_adds(text, before);
        if (err == 0)
            err = json_quote(text, slice_of(key));
        if (err == 0)
            err = buf_addc(text, ':');
        if (err == 0)
            err = put_tree(p, member, v, text);
        if (err != 0)
            return err;
        parse_leave(p, mark);
        before = ",";
    }
    return buf_adds(text, before[0] == '{' ? "{}" : "}");
}

/* Appends to the parts of v, and to the text that comes after them. */
static int put_tree(struct parser *p, const json_t *json, struct value *v, struct buf *text)
{
    if (json_is_array(json))
        return put_array(p, json, v, text);
    if (json_is_object(json))
        return put_object(p, json, v, text);
    if (is_dollar(json)) {
        end_literal(v, text);
        return parse_dollar(p, json_string_value(json), part_new(v));
    }
    char *scalar = scalar_text(json);
    int err = scalar != NULL ? buf_adds(text, scalar) : parse_fail(p, "cannot be written as JSON");
    free(scalar);
    return err;
}

/* A literal, or a template: JSON text with values in between. */
static int parse_tree(struct parser *p, const json_t *json, struct value *v)
{
    struct buf text;
    buf_init(&text, SIZE_MAX);
    v->kind = VALUE_TEMPLATE;
    int err = put_tree(p, json, v, &text);
    if (err == 0 && v->part_count == 0) {
        v->kind = VALUE_LITERAL;
        v->json = xstrndup(buf_slice(&text));
        const char *string = json_string_value(json);
        v->text = string != NULL ? xstrndup(slice_of(string[0] == '$' ? string + 1 : string)) : NULL;
    } else if (err == 0) {
        end_literal(v, &text);
    }
    buf_free(&text);
    return err;
}

int parse_value(struct parser *p, const json_t *json, struct value *v)
{
    return is_dollar(json) ? parse_dollar(p, json_string_value(json), v) : parse_tree(p, json, v);
}

void value_free(struct value *v)
{
    for (unsigned i = 0; i < v->part_count; i++)
        value_free(&v->parts[i]);
    free(v->parts);
    free(v->json);
    free(v->text);
}

/* The literal text of a list that needs nothing from the event. */
static void fold_literals(struct value_list *list)
{
    struct buf b;
    buf_init(&b, SIZE_MAX);
    for (unsigned i = 0; i < list->count; i++) {
        if (list->v[i].kind != VALUE_LITERAL) {
            buf_free(&b);
            return;
        }
        if ((i > 0 && buf_addc(&b, ',') != 0) || buf_adds(&b, list->v[i].json) != 0)
            abort();
    }
    list->literal = xstrndup(buf_slice(&b));
    buf_free(&b);
}

int parse_list(struct parser *p, const json_t *json, struct value_list *list)
{
    size_t count = json == NULL ? 0 : json_is_array(json) ? json_array_size(json) : 1;
    list->v = xcalloc(count + 1, sizeof *list->v);
    for (size_t i = 0; i < count; i++) {
        size_t mark = json_is_array(json) ? parse_enter_index(p, i) : p->path.n;
        list->count++;
        if (parse_value(p, json_is_array(json) ? json_array_get(json, i) : json, &list->v[i]) != 0)
            return ERR_BAD_REQUEST;
        parse_leave(p, mark);
    }
    fold_literals(list);
    return 0;
}

void value_list_free(struct value_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        value_free(&list->v[i]);
    free(list->v);
    free(list->literal);
}
