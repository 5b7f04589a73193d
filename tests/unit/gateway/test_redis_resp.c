/* SPDX-License-Identifier: Apache-2.0 */
/* RESP: commands as bytes; replies in one piece, byte by byte, cut off, malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/base/err.h"
#include "gateway/redis/resp.h"

/* What was seen, as text: one line for each reply. */
struct seen {
    char text[2000];
    size_t n;
    int answer; /* of the reply handler */
};

__attribute__((format(printf, 2, 3))) static void note(struct seen *s, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    s->n += (size_t)vsnprintf(s->text + s->n, sizeof s->text - s->n, format, ap);
    va_end(ap);
    assert_true(s->n < sizeof s->text);
}

static int on_reply(void *arg, const struct resp_reply *r)
{
    static const char *const names[] = {"status", "error", "integer", "string", "nil", "array", "push"};
    struct seen *s = arg;
    note(s, "%s", names[r->type]);
    if (r->type == RESP_INTEGER || r->type == RESP_ARRAY || r->type == RESP_PUSH)
        note(s, " %lld", r->integer);
    if (r->text.n > 0)
        note(s, " %.*s", SLICE_FMT(r->text));
    if (r->channel.n > 0)
        note(s, " channel=%.*s", SLICE_FMT(r->channel));
    note(s, "\n");
    return s->answer;
}

static void on_message(void *arg, struct slice channel, struct slice bytes)
{
    note(arg, "message %.*s=%.*s\n", SLICE_FMT(channel), SLICE_FMT(bytes));
}

static struct resp *begin(struct seen *s)
{
    *s = (struct seen){.n = 0};
    const struct resp_handler h = {.arg = s, .message = on_message, .reply = on_reply};
    return resp_new(&h);
}

static const char all[] = "+OK\r\n"
                          "-ERR wrong\r\n"
                          ":42\r\n"
                          "$5\r\nhello\r\n"
                          "$-1\r\n"
                          "*-1\r\n"
                          ">3\r\n$9\r\nsubscribe\r\n$2\r\nr1\r\n:7\r\n"
                          ">3\r\n$7\r\nmessage\r\n$2\r\nr1\r\n$4\r\n\r\n{}\r\n"
                          ":1\r\n"
                          ">3\r\n$7\r\nmessage\r\n$1\r\n>\r\n$1\r\n>\r\n"
                          ">3\r\n$7\r\nmessage\r\n$0\r\n\r\n$0\r\n\r\n"
                          "*3\r\n$7\r\nmessage\r\n$2\r\nr1\r\n$1\r\n>\r\n"
                          "$1\r\n>\r\n"
                          "*0\r\n"
                          ">0\r\n"
                          ">4\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n$1\r\ny\r\n"
                          ">3\r\n$7\r\nmassage\r\n$1\r\nc\r\n$1\r\nx\r\n"
                          "*2\r\n$4\r\npong\r\n$0\r\n\r\n"
                          "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n"
                          "*4\r\n$8\r\npmessage\r\n$1\r\np\r\n$1\r\nc\r\n$1\r\nx\r\n"
                          "*0\r\n"
                          "*2\r\n*2\r\n$7\r\nmessage\r\n$1\r\na\r\n:5\r\n";
static const char seen_all[] = "status OK\nerror ERR wrong\ninteger 42\nstring hello\nnil\nnil\n"
                               "push 7 subscribe channel=r1\n"
                               "message r1=\r\n{}\n"
                               "integer 1\n"
                               "message >=>\n"
                               "message =\n"
                               "array 0 message channel=r1\n"
                               "string >\n"
                               "array 0\n"
                               "push 0\n"
                               "push 0 message channel=c\n"
                               "push 0 massage channel=c\n"
                               "array 0 pong\n"
                               "array 0 unsubscribe\n"
                               "array 0 pmessage channel=p\n"
                               "array 0\n"
                               "array 5\n";

static void test_whole(void **state)
{
    (void)state;
    struct seen s;
    struct resp *p = begin(&s);
    assert_int_equal(resp_feed(p, SLICE_LIT(all)), 0);
    assert_string_equal(s.text, seen_all);
    resp_free(p);
}

/* Each byte comes in memory of its own, so that nobody can look back at an earlier one. */
static void test_byte_by_byte(void **state)
{
    (void)state;
    struct seen s;
    struct resp *p = begin(&s);
    for (size_t i = 0; i < sizeof all - 1; i++) {
        char *byte = malloc(1);
        assert_non_null(byte);
        *byte = all[i];
        assert_int_equal(resp_feed(p, (struct slice){byte, 1}), 0);
        free(byte);
    }
    assert_string_equal(s.text, seen_all);
    resp_free(p);
}

static void test_cut_off(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof all - 1; n++) {
        struct seen s;
        struct resp *p = begin(&s);
        assert_int_equal(resp_feed(p, (struct slice){all, n}), 0);
        assert_memory_equal(s.text, seen_all, s.n);
        resp_free(p);
    }
}

/* Megabytes, so that the reader's buffer moves and grows while a message is incomplete. */
static void test_large(void **state)
{
    (void)state;
    enum { SIZE = 3000000 };
    char *bytes = malloc(SIZE + 200);
    assert_non_null(bytes);
    size_t n = (size_t)sprintf(bytes, "+A\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n$%d\r\n", SIZE);
    memset(bytes + n, 'x', SIZE);
    n += SIZE;
    n += (size_t)sprintf(bytes + n, "\r\n+Z\r\n");
    struct seen s;
    struct resp *p = begin(&s);
    for (size_t i = 0; i < n; i += 65536)
        assert_int_equal(resp_feed(p, (struct slice){bytes + i, n - i < 65536 ? n - i : 65536}), 0);
    assert_memory_equal(s.text, "status A\narray 1 subscribe channel=c\nstring xxxx", 48);
    assert_string_equal(s.text + s.n - 9, "status Z\n");
    assert_int_equal(s.n, 37 + 8 + 255 + 9);
    resp_free(p);
    free(bytes);
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {"HTTP/1.1 400\r\n", "\r\n",    "$x\r\n", "$-2\r\n",
                                      "*-2\r\n",          ">-2\r\n", ":\r\n",  "*1\r\n\x01\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct seen s;
        struct resp *p = begin(&s);
        assert_int_equal(resp_feed(p, slice_of(bad[i])), ERR_PARSE);
        resp_free(p);
    }
}

static void test_handler_ends_it(void **state)
{
    (void)state;
    struct seen s;
    struct resp *p = begin(&s);
    s.answer = ERR_FORBIDDEN;
    assert_int_equal(resp_feed(p, SLICE_LIT("+A\r\n+B\r\n")), ERR_FORBIDDEN);
    assert_string_equal(s.text, "status A\n");
    resp_free(p);
}

static void test_long_channel(void **state)
{
    (void)state;
    struct seen s;
    struct resp *p = begin(&s);
    static char name[70000];
    memset(name, 'n', sizeof name);
    assert_int_equal(resp_feed(p, SLICE_LIT(">3\r\n$7\r\nmessage\r\n$70000\r\n")), 0);
    assert_int_not_equal(
        resp_feed(p, (struct slice){name, sizeof name}) || resp_feed(p, SLICE_LIT("\r\n$1\r\nx\r\n")), 0);
    assert_int_equal(s.n, 0);
    resp_free(p);
}

static void test_commands(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    resp_array(&b, 12);
    resp_bulk(&b, SLICE_LIT(""));
    resp_bulk(&b, SLICE_LIT("0123456789\r\n"));
    assert_int_equal(b.err, 0);
    assert_true(slice_is(buf_slice(&b), "*12\r\n$0\r\n\r\n$12\r\n0123456789\r\n\r\n"));
    size_t n = b.n;
    static char large[1000];
    resp_bulk(&b, (struct slice){large, sizeof large});
    assert_int_equal(b.err, ERR_TOO_LARGE);
    assert_int_equal(b.n, n);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_cut_off),      cmocka_unit_test(test_large),
        cmocka_unit_test(test_malformed),    cmocka_unit_test(test_handler_ends_it),
        cmocka_unit_test(test_long_channel), cmocka_unit_test(test_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
