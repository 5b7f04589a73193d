/* SPDX-License-Identifier: Apache-2.0 */
/* RESP on hiredis' reader. What the reader hands to the functions below lies in its buffer and stays there
 * only until they return: an array that arrives in two parts has been moved by the time its end is there. So
 * the short parts are copied, and the long one, a message's payload, is handed on from inside the function.
 *
 * A push is an array with another first byte, '>'. hiredis before 1.0 does not know it: it is noted and
 * written over before the reader comes to it. */
#include "gateway/redis/resp.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "core/base/xalloc.h"

enum {
    TEXT_MAX = 255,
    CHANNEL_MAX = 65536,
    /* redisReaderGetReply() moves all that follows to the buffer's beginning whenever 1 KiB is done: bytes
     * are fed in pieces, so that this costs little. */
    PIECE = 4096,
    UNREAD_MAX = 600 * 1024 * 1024 /* above Redis' own limit for one string, 512 MiB */
};

struct resp {
    redisReader *reader;
    struct resp_handler handler;
    enum resp_type type;
    long long integer;
    bool is_push, is_message;
    size_t text_n;
    char text[TEXT_MAX];
    struct buf channel;
};

void resp_array(struct buf *out, size_t count)
{
    (void)buf_addf(out, "*%zu\r\n", count);
}

/* Written by hand: this is done twice for every publication. */
void resp_bulk(struct buf *out, struct slice word)
{
    char head[32], *p = head + sizeof head;
    size_t n = word.n;
    *--p = '\n';
    *--p = '\r';
    do
        *--p = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    *--p = '$';
    struct slice size = {p, (size_t)(head + sizeof head - p)};
    if (buf_reserve(out, size.n + word.n + 2) != 0)
        return;
    (void)buf_add(out, size);
    (void)buf_add(out, word);
    (void)buf_add(out, SLICE_LIT("\r\n"));
}

static bool is_top(const redisReadTask *task)
{
    return task->parent == NULL;
}

static void keep_text(struct resp *p, struct slice s)
{
    p->text_n = s.n < TEXT_MAX ? s.n : TEXT_MAX;
    if (p->text_n > 0)
        memcpy(p->text, s.p, p->text_n);
}

/* NULL: out of memory, or a channel name that is none of ours. */
static void *array_string(struct resp *p, const redisReadTask *task, struct slice s)
{
    switch (task->idx) {
    case 0:
        keep_text(p, s);
        p->is_message = p->is_push && task->parent->elements == 3 && slice_is(s, "message");
        break;
    case 1:
        buf_clear(&p->channel);
        if (buf_add(&p->channel, s) != 0)
            return NULL;
        break;
    case 2:
        if (p->is_message)
            p->handler.message(p->handler.arg, buf_slice(&p->channel), s);
        break;
    default:
        break;
    }
    return p;
}

static void *on_string(const redisReadTask *task, char *bytes, size_t n)
{
    struct resp *p = task->privdata;
    struct slice s = {bytes, n};
    if (!is_top(task))
        return is_top(task->parent) ? array_string(p, task, s) : p;
    p->type = task->type == REDIS_REPLY_ERROR    ? RESP_ERROR
              : task->type == REDIS_REPLY_STATUS ? RESP_STATUS
                                                 : RESP_STRING;
    keep_text(p, s);
    return p;
}

#if HIREDIS_MAJOR >= 1
static void *on_array(const redisReadTask *task, size_t count)
#else
static void *on_array(const redisReadTask *task, int count)
#endif
{
    (void)count;
    struct resp *p = task->privdata;
    if (is_top(task)) {
        p->type = p->is_push ? RESP_PUSH : RESP_ARRAY;
        p->is_message = false;
        p->text_n = 0;
        p->integer = 0;
        buf_clear(&p->channel);
    }
    return p;
}

static void *on_integer(const redisReadTask *task, long long value)
{
    struct resp *p = task->privdata;
    if (is_top(task))
        p->type = RESP_INTEGER;
    p->integer = value;
    return p;
}

static void *on_nil(const redisReadTask *task)
{
    struct resp *p = task->privdata;
    if (is_top(task))
        p->type = RESP_NIL;
    return p;
}

static void on_free(void *object)
{
    (void)object; /* always the struct resp itself */
}

static redisReplyObjectFunctions functions = {
    .createString = on_string,
    .createArray = on_array,
    .createInteger = on_integer,
    .createNil = on_nil,
    .freeObject = on_free,
};

struct resp *resp_new(const struct resp_handler *handler)
{
    struct resp *p = xcalloc(1, sizeof *p);
    p->handler = *handler;
    buf_init(&p->channel, CHANNEL_MAX);
    p->reader = redisReaderCreateWithFunctions(&functions);
    if (p->reader == NULL)
        abort();
    p->reader->privdata = p;
    return p;
}

void resp_free(struct resp *p)
{
    if (p == NULL)
        return;
    redisReaderFree(p->reader);
    buf_free(&p->channel);
    free(p);
}

static int hand_on(struct resp *p)
{
    bool array = p->type == RESP_ARRAY || p->type == RESP_PUSH;
    if (array && p->is_message)
        return 0;
    bool text = p->type != RESP_INTEGER && p->type != RESP_NIL;
    struct resp_reply reply = {
        .type = p->type,
        .integer = p->integer,
        .text = text ? (struct slice){p->text, p->text_n} : SLICE_NONE,
        .channel = array ? buf_slice(&p->channel) : SLICE_NONE,
    };
    return p->handler.reply(p->handler.arg, &reply);
}

/* There are bytes that were not read: the next may be the first of a reply. */
static void note_push(struct resp *p)
{
    redisReader *r = p->reader;
    if (r->ridx >= 0)
        return;
    p->is_push = r->buf[r->pos] == '>';
    if (p->is_push)
        r->buf[r->pos] = '*';
}

/* The reader is not asked when it has read everything: it would begin a reply before its first byte is there,
 * and a push would not be seen. */
static int read_replies(struct resp *p)
{
    while (p->reader->pos < p->reader->len) {
        void *reply = NULL;
        note_push(p);
        if (redisReaderGetReply(p->reader, &reply) != REDIS_OK)
            return p->reader->err == REDIS_ERR_OOM ? ERR_NOMEM : ERR_PARSE;
        if (reply == NULL)
            return 0;
        assert(reply == p);
        int err = hand_on(p);
        if (err)
            return err;
    }
    return 0;
}

int resp_feed(struct resp *p, struct slice bytes)
{
    while (bytes.n > 0) {
        size_t n = bytes.n < PIECE ? bytes.n : PIECE;
        if (p->reader->len - p->reader->pos > UNREAD_MAX)
            return ERR_TOO_LARGE;
        if (redisReaderFeed(p->reader, bytes.p, n) != REDIS_OK)
            return ERR_NOMEM;
        int err = read_replies(p);
        if (err)
            return err;
        bytes = slice_from(bytes, n);
    }
    return 0;
}
