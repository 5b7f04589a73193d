/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of routes, from jansson's tree to the compiled form. */
#include "core/broker/routes_parse.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/xalloc.h"

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
    for (unsigned i = 0; i < list->count; i++) {
        size_t at = json_is_array(json) ? parse_enter_index(p, i) : p->path.n;
        if (check_name(p, &list->v[i], true) != 0)
            return ERR_BAD_REQUEST;
        parse_leave(p, at);
    }
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
    value_list_free(&step->to);
    value_list_free(&step->except);
    value_list_free(&step->args);
    free(step->text);
}
