/* SPDX-License-Identifier: Apache-2.0 */
/* Steps and values of routes, from jansson's tree to the compiled form. */
#include "core/broker/routes_parse.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/xalloc.h"
#include "core/codec/json.h"

void parse_init(struct parser *p, const struct settings *limits, char *why, size_t why_size)
{
    memset(p, 0, sizeof *p);
    p->limits = limits;
    p->why = why;
    p->why_size = why_size;
    buf_init(&p->path, 65536);
    (void)buf_adds(&p->path, "namespaces");
}

void parse_free(struct parser *p)
{
    buf_free(&p->path);
}

size_t parse_enter(struct parser *p, const char *key)
{
    size_t mark = p->path.n;
    (void)buf_addf(&p->path, ".%s", key); /* a path cut short only makes a message shorter */
    return mark;
}

size_t parse_enter_index(struct parser *p, size_t index)
{
    size_t mark = p->path.n;
    (void)buf_addf(&p->path, "[%zu]", index);
    return mark;
}

void parse_leave(struct parser *p, size_t mark)
{
    p->path.n = mark;
}

int parse_fail(struct parser *p, const char *message)
{
    (void)snprintf(p->why, p->why_size, "%.*s: %s", SLICE_FMT(buf_slice(&p->path)), message);
    return ERR_BAD_REQUEST;
}

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

/* {"_placeholder": ...} in what goes out beside attachments would be taken for one. */
static bool has_placeholder(const char *json)
{
    size_t pos = 0;
    struct slice object;
    long num;
    return json_placeholder_next(slice_of(json), &pos, &object, &num) != 0;
}

static int parse_literal(struct parser *p, const json_t *json, struct value *v)
{
    const char *text = json_string_value(json);
    json_t *unescaped = text != NULL && text[0] == '$' ? json_string(text + 1) : NULL; /* "$$x" is "$x" */
    char *dump = json_dumps(unescaped != NULL ? unescaped : json, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(unescaped);
    if (dump == NULL)
        return parse_fail(p, "cannot be written as JSON");
    v->kind = VALUE_LITERAL;
    v->json = xstrndup(slice_of(dump));
    v->text = text != NULL ? xstrndup(slice_of(text[0] == '$' ? text + 1 : text)) : NULL;
    free(dump);
    return has_placeholder(v->json) ? parse_fail(p, "a literal must not contain \"_placeholder\"") : 0;
}

static int parse_value(struct parser *p, const json_t *json, struct value *v)
{
    const char *text = json_string_value(json);
    if (text != NULL && text[0] == '$' && text[1] != '$')
        return parse_dollar(p, text, v);
    return parse_literal(p, json, v);
}

static void value_free(struct value *v)
{
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

/* A list, or one value that stands for a list of one. Missing: empty. */
static int parse_list(struct parser *p, const json_t *json, struct value_list *list)
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

static void list_free(struct value_list *list)
{
    for (unsigned i = 0; i < list->count; i++)
        value_free(&list->v[i]);
    free(list->v);
    free(list->literal);
}

/* May the value name a room or a client? */
static int check_name(struct parser *p, const struct value *v, bool rooms)
{
    if (v->kind == VALUE_LITERAL) {
        if (v->text == NULL || v->text[0] == '\0' || strlen(v->text) > p->limits->max_room_name_bytes)
            return parse_fail(p, "expected a room name: a string of 1 to max_room_name_bytes bytes");
        return 0;
    }
    if (v->kind == VALUE_ARG || v->kind == VALUE_ID || v->kind == VALUE_ROOM || v->kind == VALUE_USER ||
        (rooms && v->kind == VALUE_ROOMS))
        return 0;
    return parse_fail(
        p, "this value cannot name a room or a client (expected a string, $0, $id, $room, $user or $rooms)");
}

static int parse_names(struct parser *p, const json_t *json, const char *key, struct value_list *list)
{
    size_t mark = parse_enter(p, key);
    if (parse_list(p, json, list) != 0)
        return ERR_BAD_REQUEST;
    for (unsigned i = 0; i < list->count; i++)
        if (check_name(p, &list->v[i], true) != 0)
            return ERR_BAD_REQUEST;
    parse_leave(p, mark);
    return 0;
}

static int parse_event_name(struct parser *p, const json_t *json, struct value *v)
{
    if (parse_value(p, json, v) != 0)
        return ERR_BAD_REQUEST;
    if (v->kind == VALUE_ARG || v->kind == VALUE_EVENT)
        return 0;
    if (v->kind != VALUE_LITERAL || v->text == NULL)
        return parse_fail(p, "expected an event name: a string, $event or $0, $1, ...");
    if (strlen(v->text) > p->limits->max_event_name_bytes)
        return parse_fail(p, "longer than max_event_name_bytes");
    if (v->text[0] == '$' || sio_reserved(slice_of(v->text)))
        return parse_fail(p, "this event name is reserved");
    return 0;
}

static int check_keys(struct parser *p, const json_t *json, const char *const *allowed)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        const char *const *a = allowed;
        while (*a != NULL && strcmp(*a, key) != 0)
            a++;
        if (*a == NULL) {
            (void)parse_enter(p, key);
            return parse_fail(p, "unknown key in this step");
        }
    }
    return 0;
}

static int parse_room_step(struct parser *p, const json_t *json, struct step *s, const json_t *subject)
{
    static const char *const join[] = {"join", NULL}, *const leave[] = {"leave", NULL};
    if (check_keys(p, json, s->op == STEP_JOIN ? join : leave) != 0)
        return ERR_BAD_REQUEST;
    if (!p->may_join)
        return parse_fail(p, "no join or leave in $disconnect, $join and $leave");
    if (parse_value(p, subject, &s->subject) != 0)
        return ERR_BAD_REQUEST;
    if (s->subject.kind == VALUE_LITERAL && s->subject.text != NULL && s->subject.text[0] == '~')
        return parse_fail(p, "room names that begin with ~ are client ids");
    return check_name(p, &s->subject, false);
}

static int parse_args(struct parser *p, const json_t *json, struct value_list *list)
{
    size_t mark = parse_enter(p, "args");
    if (json != NULL && !json_is_array(json) && (!json_is_string(json) || json_string_value(json)[0] != '$'))
        return parse_fail(p, "expected a list of values, or one of $args, $0.., $0");
    int err = parse_list(p, json, list);
    parse_leave(p, err == 0 ? mark : p->path.n);
    return err;
}

static int parse_emit(struct parser *p, const json_t *json, struct step *s, const json_t *subject)
{
    static const char *const keys[] = {"emit", "to", "except", "volatile", "args", NULL};
    const json_t *to = json_object_get(json, "to"), *is_volatile = json_object_get(json, "volatile");
    if (check_keys(p, json, keys) != 0)
        return ERR_BAD_REQUEST;
    if (to == NULL)
        return parse_fail(
            p, "\"to\" is missing (expected \"*\", a room, a client id, $rooms, $id, $0 or a list of these)");
    if (is_volatile != NULL && !json_is_boolean(is_volatile))
        return parse_fail(p, "volatile: expected true or false");
    s->is_volatile = json_is_true(is_volatile);
    s->everybody = json_is_string(to) && strcmp(json_string_value(to), "*") == 0;
    int err = parse_event_name(p, subject, &s->subject);
    if (err == 0 && !s->everybody)
        err = parse_names(p, to, "to", &s->to);
    if (err == 0)
        err = parse_names(p, json_object_get(json, "except"), "except", &s->except);
    return err != 0 ? err : parse_args(p, json_object_get(json, "args"), &s->args);
}

static int parse_request(struct parser *p, const json_t *json, struct step *s, const json_t *subject)
{
    static const char *const keys[] = {"request", "to", "args", NULL};
    const json_t *to = json_object_get(json, "to");
    if (check_keys(p, json, keys) != 0)
        return ERR_BAD_REQUEST;
    if (p->lifecycle)
        return parse_fail(p, "no request in a life-cycle route: there is nothing to ack");
    if (!json_is_string(to) || strcmp(json_string_value(to), "$rooms") == 0)
        return parse_fail(p, "\"to\": expected one client id, e.g. $0");
    int err = parse_event_name(p, subject, &s->subject);
    if (err == 0)
        err = parse_names(p, to, "to", &s->to);
    return err != 0 ? err : parse_args(p, json_object_get(json, "args"), &s->args);
}

static int parse_ack(struct parser *p, const json_t *json, struct step *s, const json_t *subject)
{
    static const char *const keys[] = {"ack", NULL};
    if (check_keys(p, json, keys) != 0)
        return ERR_BAD_REQUEST;
    if (p->lifecycle)
        return parse_fail(p, "nothing to ack in a life-cycle route");
    return parse_args(p, subject, &s->args);
}

static int parse_reject(struct parser *p, const json_t *json, struct step *s, const json_t *subject)
{
    static const char *const keys[] = {"reject", NULL};
    if (check_keys(p, json, keys) != 0)
        return ERR_BAD_REQUEST;
    if (p->lifecycle)
        return parse_fail(p, "nothing to reject in a life-cycle route");
    if (!json_is_string(subject))
        return parse_fail(p, "expected the text of the error");
    s->text = xstrndup(slice_of(json_string_value(subject)));
    return 0;
}

static const struct {
    const char *key;
    enum step_op op;
    int (*parse)(struct parser *, const json_t *, struct step *, const json_t *);
} step_kinds[] = {{"join", STEP_JOIN, parse_room_step}, {"leave", STEP_LEAVE, parse_room_step},
                  {"emit", STEP_EMIT, parse_emit},      {"request", STEP_REQUEST, parse_request},
                  {"ack", STEP_ACK, parse_ack},         {"reject", STEP_REJECT, parse_reject}};

int parse_step(struct parser *p, const json_t *json, struct step *step)
{
    for (size_t i = 0; json_is_object(json) && i < sizeof step_kinds / sizeof step_kinds[0]; i++) {
        const json_t *subject = json_object_get(json, step_kinds[i].key);
        if (subject == NULL)
            continue;
        size_t mark = parse_enter(p, step_kinds[i].key);
        step->op = step_kinds[i].op;
        int err = step_kinds[i].parse(p, json, step, subject);
        if (err == 0)
            parse_leave(p, mark);
        return err;
    }
    if (!json_is_object(json))
        return parse_fail(p, "expected a step, e.g. {\"join\": \"$0\"}");
    const char *key = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)json));
    (void)parse_enter(p, key != NULL ? key : "{}");
    return parse_fail(p, "unknown step (expected join, leave, emit, request, ack or reject)");
}

void step_free(struct step *step)
{
    value_free(&step->subject);
    list_free(&step->to);
    list_free(&step->except);
    list_free(&step->args);
    free(step->text);
}
