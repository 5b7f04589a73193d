/* SPDX-License-Identifier: Apache-2.0 */
/* Values of routes at run time: arguments as JSON text, targets as names. Client JSON is sliced, never
 * parsed: what a client sent goes out byte for byte. */
#include <stdlib.h>

#include "core/broker/routes_compiled.h"
#include "core/codec/json.h"

static struct slice arg_at(const struct event *event, unsigned index)
{
    struct slice rest = event != NULL ? event->args : SLICE_NONE, value = SLICE_NONE;
    for (unsigned i = 0; i <= index; i++)
        if (!json_args_next(&rest, &value))
            return SLICE_NONE;
    return value;
}

/* From argument `index` to the end, or empty. */
static struct slice args_from(const struct event *event, unsigned index)
{
    if (event == NULL)
        return SLICE_NONE;
    struct slice rest = event->args, passed;
    for (unsigned i = 0; i < index; i++)
        if (!json_args_next(&rest, &passed))
            return SLICE_NONE;
    return rest;
}

static int put_rooms(const struct client *cl, struct buf *out)
{
    int err = buf_addc(out, '[');
    const char *comma = "";
    list_for_each (it, &cl->memberships) {
        struct membership *m = container_of(it, struct membership, in_client);
        if (err == 0)
            err = buf_adds(out, comma);
        if (err == 0)
            err = json_quote(out, room_of(m)->name);
        comma = ",";
    }
    return err != 0 ? err : buf_addc(out, ']');
}

static int put_or_null(struct buf *out, const char *json)
{
    return buf_adds(out, json != NULL ? json : "null");
}

/* An auth payload may hold an object that looks like a placeholder. Beside attachments receivers would take
 * it for one and disconnect. */
static int put_auth(const struct context *ctx, struct buf *out)
{
    const char *auth = ctx->client->auth;
    size_t pos = 0;
    struct slice object;
    long num;
    if (auth != NULL && ctx->event != NULL && ctx->event->attachments > 0 &&
        json_placeholder_next(slice_of(auth), &pos, &object, &num) != 0)
        return ERR_BAD_REQUEST;
    return put_or_null(out, auth);
}

static int put_value(const struct context *ctx, const struct value *v, struct buf *out);

/* Inside of a template $args and $2.. are lists. */
static int put_template(const struct context *ctx, const struct value *v, struct buf *out)
{
    int err = 0;
    for (unsigned i = 0; i < v->part_count && err == 0; i++) {
        bool list = v->parts[i].kind == VALUE_REST;
        if (list)
            err = buf_addc(out, '[');
        if (err == 0)
            err = put_value(ctx, &v->parts[i], out);
        if (err == 0 && list)
            err = buf_addc(out, ']');
    }
    return err;
}

static int put_value(const struct context *ctx, const struct value *v, struct buf *out)
{
    switch (v->kind) {
    case VALUE_LITERAL:
        return buf_adds(out, v->json);
    case VALUE_EVENT:
        return ctx->event != NULL ? buf_add(out, ctx->event->name) : buf_adds(out, "null");
    case VALUE_ARG: {
        struct slice arg = arg_at(ctx->event, v->index);
        return arg.p != NULL ? buf_add(out, arg) : buf_adds(out, "null");
    }
    case VALUE_REST:
        return buf_add(out, args_from(ctx->event, v->index));
    case VALUE_ID:
        return json_quote(out, client_id(ctx->client));
    case VALUE_USER:
        return put_or_null(out, ctx->client->user);
    case VALUE_ROOMS:
        return put_rooms(ctx->client, out);
    case VALUE_ROOM:
        return ctx->room.p != NULL ? json_quote(out, ctx->room) : buf_adds(out, "null");
    case VALUE_AUTH:
        return put_auth(ctx, out);
    case VALUE_REASON:
        return ctx->reason.p != NULL ? json_quote(out, ctx->reason) : buf_adds(out, "null");
    case VALUE_TEMPLATE:
        return put_template(ctx, v, out);
    }
    return ERR_BAD_REQUEST;
}

static int put_list(const struct context *ctx, const struct value_list *list, struct buf *out)
{
    buf_clear(out);
    for (unsigned i = 0; i < list->count; i++) {
        size_t before = out->n;
        int err = i > 0 && before > 0 ? buf_addc(out, ',') : 0;
        size_t start = out->n;
        if (err == 0)
            err = put_value(ctx, &list->v[i], out);
        if (err != 0)
            return err;
        if (out->n == start) /* an empty rest takes its comma back */
            out->n = before;
    }
    return 0;
}

/* The attachments go along when anything in the arguments stands for one. */
static void take_attachments(const struct context *ctx, struct event *out)
{
    size_t pos = 0;
    struct slice object;
    long num;
    out->attachments = 0;
    if (ctx->event == NULL || ctx->event->attachments == 0 ||
        json_placeholder_next(out->args, &pos, &object, &num) != 1)
        return;
    out->attachments = ctx->event->attachments;
    memcpy(out->attachment, ctx->event->attachment, sizeof out->attachment);
}

int values_args(const struct context *ctx, const struct value_list *list, struct event *out)
{
    struct buf *scratch = &ctx->client->ns->broker->args;
    if (list->literal != NULL) {
        out->args = slice_of(list->literal);
        out->attachments = 0;
        return 0;
    }
    if (list->count == 1 && list->v[0].kind == VALUE_REST) {
        out->args = args_from(ctx->event, list->v[0].index);
    } else {
        int err = put_list(ctx, list, scratch);
        if (err != 0)
            return err;
        out->args = buf_slice(scratch);
    }
    take_attachments(ctx, out);
    return 0;
}

/* 6 bytes of text (\uXXXX) make at least one byte of name. */
static size_t longest_token(const struct context *ctx)
{
    size_t room = ctx->client->ns->broker->settings->max_room_name_bytes;
    return 6 * ((room > CLIENT_ID_MAX ? room : CLIENT_ID_MAX) + 1) + 2;
}

/* A string argument decoded into out, which has room. */
static int decode_name(const struct context *ctx, struct slice token, struct buf *out, struct slice *name)
{
    if (token.p == NULL || token.p[0] != '"' || token.n > longest_token(ctx))
        return ERR_ROOM_NAME;
    long n = json_unescape(token, out->p + out->n);
    if (n <= 0)
        return ERR_ROOM_NAME;
    bool is_id = out->p[out->n] == '~';
    if ((size_t)n > (is_id ? CLIENT_ID_MAX : ctx->client->ns->broker->settings->max_room_name_bytes))
        return ERR_ROOM_NAME;
    *name = (struct slice){out->p + out->n, (size_t)n};
    out->n += (size_t)n;
    return 0;
}

static int reserve_names(const struct context *ctx, size_t decoded, size_t slices, struct name_set *set)
{
    buf_clear(&set->text);
    buf_clear(&set->slices);
    int err = buf_reserve(&set->text, decoded * (longest_token(ctx) + 6));
    if (err == 0)
        err = buf_reserve(&set->slices, (slices + 1) * sizeof(struct slice));
    set->v = (struct slice *)(void *)set->slices.p;
    set->count = 0;
    return err;
}

static int name_into(const struct context *ctx, const struct value *v, struct buf *text, struct slice *name)
{
    switch (v->kind) {
    case VALUE_LITERAL:
        *name = slice_of(v->text);
        return 0;
    case VALUE_ID:
        *name = client_id(ctx->client);
        return 0;
    case VALUE_ROOM:
        *name = ctx->room;
        return ctx->room.p != NULL ? 0 : ERR_ROOM_NAME;
    case VALUE_ARG:
        return decode_name(ctx, arg_at(ctx->event, v->index), text, name);
    case VALUE_USER:
        return decode_name(ctx, ctx->client->user != NULL ? slice_of(ctx->client->user) : SLICE_NONE, text,
                           name);
    default:
        return ERR_ROOM_NAME;
    }
}

int values_name(const struct context *ctx, const struct value *value, struct name_set *set,
                struct slice *name)
{
    int err = reserve_names(ctx, 1, 0, set);
    return err != 0 ? err : name_into(ctx, value, &set->text, name);
}

int values_names(const struct context *ctx, const struct value_list *list, struct name_set *set)
{
    int err = reserve_names(ctx, list->count, (size_t)list->count * (1 + ctx->client->room_count), set);
    for (unsigned i = 0; i < list->count && err == 0; i++) {
        if (list->v[i].kind != VALUE_ROOMS) {
            err = name_into(ctx, &list->v[i], &set->text, &set->v[set->count++]);
            continue;
        }
        list_for_each (it, &ctx->client->memberships)
            set->v[set->count++] = room_of(container_of(it, struct membership, in_client))->name;
    }
    return err;
}

int values_event_name(const struct context *ctx, const struct value *value, struct slice *token)
{
    switch (value->kind) {
    case VALUE_LITERAL:
        *token = slice_of(value->json);
        return 0;
    case VALUE_EVENT:
        *token = ctx->event != NULL ? ctx->event->name : SLICE_NONE;
        break;
    case VALUE_ARG:
        *token = arg_at(ctx->event, value->index);
        break;
    default:
        return ERR_EVENT_NAME;
    }
    if (token->p == NULL ||
        (token->p[0] != '"' && token->p[0] != '-' && (token->p[0] < '0' || token->p[0] > '9')))
        return ERR_EVENT_NAME;
    return 0;
}
