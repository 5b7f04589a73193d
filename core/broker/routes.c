/* SPDX-License-Identifier: Apache-2.0 */
/* Compiles the "namespaces" part of the configuration. An error names the place in the file and what was
 * expected there. */
#include "core/broker/routes.h"

#include <stdlib.h>

#include "core/base/xalloc.h"
#include "core/broker/routes_compiled.h"
#include "core/broker/routes_parse.h"

const char routes_builtin[] =
    "{\"/\":{\"routes\":{"
    "\"join\":[{\"join\":\"$0\"},{\"ack\":[{\"ok\":true,\"room\":\"$0\"}]}],"
    "\"leave\":[{\"leave\":\"$0\"},{\"ack\":[{\"ok\":true}]}],"
    "\"publish\":[{\"emit\":\"$1\",\"to\":\"$0\",\"args\":\"$2..\"},{\"ack\":[{\"ok\":true}]}],"
    "\"*\":[{\"emit\":\"$event\",\"to\":\"*\",\"args\":\"$args\"}]}}}";

const char *const lifecycle_names[LIFECYCLES] = {"$connect", "$disconnect", "$join", "$leave"};

static void route_free(struct route *route)
{
    for (unsigned i = 0; route != NULL && i < route->count; i++)
        step_free(&route->steps[i]);
    if (route != NULL) {
        free(route->steps);
        free(route->event);
    }
    free(route);
}

static void namespace_routes_free(struct namespace_routes *ns)
{
    struct route *route, *tmp;
    HASH_ITER(hh, ns->routes, route, tmp)
    {
        HASH_DEL(ns->routes, route);
        route_free(route);
    }
    route_free(ns->rest);
    for (unsigned i = 0; i < LIFECYCLES; i++)
        route_free(ns->lifecycle[i]);
    free(ns->user_from_auth);
    free(ns->name);
    free(ns);
}

struct routes *routes_get(struct routes *r)
{
    r->refs++;
    return r;
}

void routes_free(struct routes *r)
{
    if (r == NULL || --r->refs > 0)
        return;
    struct namespace_routes *ns, *tmp;
    HASH_ITER(hh, r->namespaces, ns, tmp)
    {
        HASH_DEL(r->namespaces, ns);
        namespace_routes_free(ns);
    }
    free(r);
}

static int compile_steps(struct parser *p, const json_t *steps, struct route *route)
{
    if (!json_is_array(steps))
        return parse_fail(p, "expected a list of steps");
    size_t count = json_array_size(steps);
    route->steps = xcalloc(count + 1, sizeof *route->steps);
    for (size_t i = 0; i < count; i++) {
        size_t mark = parse_enter_index(p, i);
        int err = parse_step(p, json_array_get(steps, i), &route->steps[i]);
        route->count++; /* also when it failed: what it holds is freed with the route */
        if (err != 0)
            return err;
        parse_leave(p, mark);
    }
    return 0;
}

/* Where a route of that name belongs. NULL: among the routes by event name. */
static struct route **special_slot(struct namespace_routes *ns, const char *event)
{
    if (strcmp(event, "*") == 0)
        return &ns->rest;
    for (unsigned i = 0; i < LIFECYCLES; i++)
        if (strcmp(event, lifecycle_names[i]) == 0)
            return &ns->lifecycle[i];
    return NULL;
}

static int compile_route(struct parser *p, struct namespace_routes *ns, const char *event,
                         const json_t *steps)
{
    struct route **slot = special_slot(ns, event);
    p->lifecycle = slot != NULL && slot != &ns->rest;
    p->may_join = slot == NULL || slot == &ns->rest || slot == &ns->lifecycle[ON_CONNECT];
    if (slot == NULL && (event[0] == '$' || event[0] == '\0' || sio_reserved(slice_of(event))))
        return parse_fail(
            p, "not an event name that a client can send (life-cycle events: $connect, $disconnect, $join, "
               "$leave)");
    if (slot == NULL && strlen(event) > p->limits->max_event_name_bytes)
        return parse_fail(p, "longer than max_event_name_bytes");
    struct route *route = xcalloc(1, sizeof *route);
    route->event = xstrndup(slice_of(event));
    if (slot != NULL)
        *slot = route;
    else
        HASH_ADD_KEYPTR(hh, ns->routes, route->event, (unsigned)strlen(route->event), route);
    return compile_steps(p, steps, route);
}

static int compile_routes(struct parser *p, struct namespace_routes *ns, const json_t *routes)
{
    const char *event;
    json_t *steps;
    if (!json_is_object(routes))
        return parse_fail(p, "expected an object of event names and lists of steps");
    /* json_object_foreach wants a mutable object but only reads it */
    json_object_foreach((json_t *)(uintptr_t)routes, event, steps)
    {
        size_t mark = parse_enter(p, event);
        if (compile_route(p, ns, event, steps) != 0)
            return ERR_BAD_REQUEST;
        parse_leave(p, mark);
    }
    return 0;
}

static int compile_namespace(struct parser *p, struct routes *r, const char *name, const json_t *value)
{
    const char *key;
    json_t *member;
    if (name[0] != '/' || strchr(name, ',') != NULL)
        return parse_fail(p, "a namespace begins with / and has no comma");
    if (!json_is_object(value))
        return parse_fail(p, "expected an object with \"routes\"");
    struct namespace_routes *ns = xcalloc(1, sizeof *ns);
    ns->name = xstrndup(slice_of(name));
    HASH_ADD_KEYPTR(hh, r->namespaces, ns->name, (unsigned)strlen(ns->name), ns);
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        size_t mark = parse_enter(p, key);
        int err = 0;
        if (strcmp(key, "routes") == 0)
            err = compile_routes(p, ns, member);
        else if (strcmp(key, "user_from_auth") == 0 && json_is_string(member))
            ns->user_from_auth = xstrndup(slice_of(json_string_value(member)));
        else if (strcmp(key, "user_from_auth") == 0)
            err = parse_fail(p, "expected a string: the member of the auth payload that is $user");
        else
            err = parse_fail(p, "unknown key (expected routes, user_from_auth)");
        if (err != 0)
            return err;
        parse_leave(p, mark);
    }
    return 0;
}

static int compile_all(struct parser *p, struct routes *r, const json_t *namespaces)
{
    const char *name;
    json_t *value;
    if (!json_is_object(namespaces) || json_object_size(namespaces) == 0)
        return parse_fail(
            p, "expected an object with at least one namespace, e.g. {\"/\": {\"routes\": {...}}}");
    json_object_foreach((json_t *)(uintptr_t)namespaces, name, value)
    {
        size_t mark = parse_enter(p, name);
        if (compile_namespace(p, r, name, value) != 0)
            return ERR_BAD_REQUEST;
        parse_leave(p, mark);
    }
    return 0;
}

struct routes *routes_compile(const json_t *namespaces, const struct settings *limits, char *why,
                              size_t why_size)
{
    struct parser p;
    struct routes *r = xcalloc(1, sizeof *r);
    json_t *builtin = namespaces == NULL ? json_loads(routes_builtin, 0, NULL) : NULL;
    r->refs = 1;
    parse_init(&p, limits, why, why_size);
    int err = compile_all(&p, r, namespaces != NULL ? namespaces : builtin);
    parse_free(&p);
    json_decref(builtin);
    if (err == 0)
        return r;
    routes_free(r);
    return NULL;
}
