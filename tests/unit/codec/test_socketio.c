/* SPDX-License-Identifier: Apache-2.0 */
/* Socket.IO packets: every rule of the decoder by hand, then what socket.io-parser says of hundreds of texts.
 */
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include "core/base/err.h"
#include "core/codec/json.h"
#include "core/codec/socketio.h"
#include "tests/unit/codec/exact.h"

static const struct sio_limits LIMITS = {.max_depth = 64, .max_attachments = SIO_MAX_ATTACHMENTS};

#define P(n) "{\"_placeholder\":true,\"num\":" #n "}"

struct row {
    const char *text;
    enum sio_type type;
    unsigned attachments;
    int64_t id; /* -1: none */
    const char *ns, *data, *name, *args;
};

static const struct row ACCEPTED[] = {
    {"0", SIO_CONNECT, 0, -1, "/", "", "", ""},
    {"0{\"token\":\"123\"}", SIO_CONNECT, 0, -1, "/", "{\"token\":\"123\"}", "", ""},
    {"0/admin,{\"token\":\"no\"}", SIO_CONNECT, 0, -1, "/admin", "{\"token\":\"no\"}", "", ""},
    {"0/custom", SIO_CONNECT, 0, -1, "/custom", "", "", ""},
    {"0/custom?x=1", SIO_CONNECT, 0, -1, "/custom?x=1", "", "", ""},
    {"0/custom,", SIO_CONNECT, 0, -1, "/custom", "", "", ""},
    {"0 {} ", SIO_CONNECT, 0, -1, "/", "{}", "", ""},
    {"1", SIO_DISCONNECT, 0, -1, "/", "", "", ""},
    {"1/admin,", SIO_DISCONNECT, 0, -1, "/admin", "", "", ""},
    {"2[\"hey\",\"Jude\"]", SIO_EVENT, 0, -1, "/", "[\"hey\",\"Jude\"]", "\"hey\"", "\"Jude\""},
    {"20[\"q\",{\"a\":1}]", SIO_EVENT, 0, 0, "/", "[\"q\",{\"a\":1}]", "\"q\"", "{\"a\":1}"},
    {"2[\"a\"]", SIO_EVENT, 0, -1, "/", "[\"a\"]", "\"a\"", ""},
    {"2[ \"a\" , 1 , [ 2 ] ] ", SIO_EVENT, 0, -1, "/", "[ \"a\" , 1 , [ 2 ] ]", "\"a\"", "1 , [ 2 ]"},
    {"2[1]", SIO_EVENT, 0, -1, "/", "[1]", "1", ""},
    {"2[-1.5e3,null]", SIO_EVENT, 0, -1, "/", "[-1.5e3,null]", "-1.5e3", "null"},
    {"2/,[\"a\"]", SIO_EVENT, 0, -1, "/", "[\"a\"]", "\"a\"", ""},
    {"2/admin,007[\"a\"]", SIO_EVENT, 0, 7, "/admin", "[\"a\"]", "\"a\"", ""},
    {"29007199254740991[\"a\"]", SIO_EVENT, 0, 9007199254740991, "/", "[\"a\"]", "\"a\"", ""},
    {"2", SIO_EVENT, 0, -1, "/", "", "", ""},
    {"20", SIO_EVENT, 0, 0, "/", "", "", ""},
    {"2[\"connection\"]", SIO_EVENT, 0, -1, "/", "[\"connection\"]", "\"connection\"", ""},
    {"2[\"error\"]", SIO_EVENT, 0, -1, "/", "[\"error\"]", "\"error\"", ""},
    {"2[\"\"]", SIO_EVENT, 0, -1, "/", "[\"\"]", "\"\"", ""},
    {"2[\"__proto__\"]", SIO_EVENT, 0, -1, "/", "[\"__proto__\"]", "\"__proto__\"", ""},
    {"2[\"\\ud800\"]", SIO_EVENT, 0, -1, "/", "[\"\\ud800\"]", "\"\\ud800\"", ""},
    {"2[\"a\"," P(7) "]", SIO_EVENT, 0, -1, "/", "[\"a\"," P(7) "]", "\"a\"", P(7)},
    {"3[]", SIO_ACK, 0, -1, "/", "[]", "", ""},
    {"30[\"r\",{\"a\":1}]", SIO_ACK, 0, 0, "/", "[\"r\",{\"a\":1}]", "", "\"r\",{\"a\":1}"},
    {"3/a,5[\"connect\"]", SIO_ACK, 0, 5, "/a", "[\"connect\"]", "", "\"connect\""},
    {"3", SIO_ACK, 0, -1, "/", "", "", ""},
    {"4{\"message\":\"x\"}", SIO_CONNECT_ERROR, 0, -1, "/", "{\"message\":\"x\"}", "", ""},
    {"4/a,\"text\"", SIO_CONNECT_ERROR, 0, -1, "/a", "\"text\"", "", ""},
    {"51-[\"b\"," P(0) "]", SIO_BINARY_EVENT, 1, -1, "/", "[\"b\"," P(0) "]", "\"b\"", P(0)},
    {"52-/admin,17[\"b\"," P(1) "," P(0) "]", SIO_BINARY_EVENT, 2, 17, "/admin", "[\"b\"," P(1) "," P(0) "]",
     "\"b\"", P(1) "," P(0)},
    {"510-[\"b\",[" P(9) "]]", SIO_BINARY_EVENT, 10, -1, "/", "[\"b\",[" P(9) "]]", "\"b\"", "[" P(9) "]"},
    {"51-[\"b\"," P(0) "," P(0) "]", SIO_BINARY_EVENT, 1, -1, "/", "[\"b\"," P(0) "," P(0) "]", "\"b\"",
     P(0) "," P(0)},
    {"51-[\"b\"]", SIO_BINARY_EVENT, 1, -1, "/", "[\"b\"]", "\"b\"", ""},
    {"51-", SIO_BINARY_EVENT, 1, -1, "/", "", "", ""},
    {"61-3[" P(0) "]", SIO_BINARY_ACK, 1, 3, "/", "[" P(0) "]", "", P(0)},
};

static const char *const REFUSED[] = {
    "",
    "7",
    "9",
    "a",
    "/",
    "-1",
    "\"",
    " 2[\"a\"]",
    "\xff",
    "0[]",
    "0null",
    "0\"a\"",
    "01x",
    "0{",
    "0{}x",
    "0{\"a\":}",
    "0true",
    "0/a,[]",
    "1{}",
    "1null",
    "1 ",
    "1/a,{}",
    "1/a,[]",
    "2[]",
    "2{}",
    "2\"a\"",
    "21.5[\"a\"]",
    "2[null]",
    "2[true]",
    "2[false,1]",
    "2[{}]",
    "2[[]]",
    "2[\"a\"",
    "2[\"a\"]x",
    "2[\"a\",]",
    "2[\"a\"][\"b\"]",
    "2-1[\"a\"]",
    "2abc[\"a\"]",
    "2[\"a\" \"b\"]",
    "2[a]",
    "2/\xff,[\"a\"]",
    "2[\"\xff\"]",
    "29007199254740993[\"a\"]",
    "299999999999999999999999999999999999[\"a\"]",
    "2 1[\"a\"]",
    "2[\"connect\"]",
    "2[\"connect_error\"]",
    "2[\"disconnect\"]",
    "2[\"disconnecting\",1]",
    "2[\"newListener\"]",
    "2[\"removeListener\"]",
    "2[\"conn\\u0065ct\"]",
    "2[\"\\u0063onnect_error\"]",
    "20[\"disconnect\"]",
    "3{}",
    "3\"a\"",
    "3[",
    "3null",
    "4[]",
    "4null",
    "4true",
    "4{\"a\"",
    "5[\"a\"," P(0) "]",
    "50-[\"a\"]",
    "511-[\"a\"]",
    "5100-[\"a\"]",
    "5-[\"a\"]",
    "51[\"a\"]",
    "5-1-[\"a\"]",
    "5+1-[\"a\"]",
    "51.0-[\"a\"]",
    "5 1-[\"a\"]",
    "50x1-[\"a\"]",
    "5",
    "51",
    "518446744073709551617-[\"a\"]",
    "51-[\"b\"," P(1) "]",
    "51-[\"b\"," P(-1) "]",
    "51-[\"b\"," P(0.5) "]",
    "51-[\"b\",{\"_placeholder\":true}]",
    "51-[\"b\",{\"_placeholder\":true,\"num\":\"0\"}]",
    "51-[\"b\"," P(0) "," P(1) "]",
    "51-[\"b\",[{\"c\":" P(4294967296) "}]]",
    "51-[\"b\",{\"x\":" P(0) ",\"_placeholder\":true,\"num\":0}]",
    "51-[" P(0) "]",
    "51-[\"connect\"," P(0) "]",
    "51-{}",
    "51-[]",
    "61-[" P(1) "]",
    "61-{}",
    "60-[]",
    "6[]",
};

/* Decodes an exactly sized copy, which the caller frees. */
static int decode(struct slice text, char **copy, struct sio_packet *packet)
{
    *copy = exact_copy(text);
    return sio_decode((struct slice){*copy, text.n}, &LIMITS, packet);
}

static int verdict(struct slice text)
{
    char *copy;
    struct sio_packet packet;
    int rc = decode(text, &copy, &packet);
    free(copy);
    return rc;
}

static void test_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ACCEPTED / sizeof ACCEPTED[0]; i++) {
        const struct row *row = &ACCEPTED[i];
        struct sio_packet p;
        char *copy;
        int rc = decode(slice_of(row->text), &copy, &p);
        if (rc != 0 || !slice_is(p.ns, row->ns) || !slice_is(p.data, row->data) ||
            !slice_is(p.name, row->name) || !slice_is(p.args, row->args))
            fail_msg("%s: %d, %.*s|%.*s|%.*s", row->text, rc, SLICE_FMT(p.ns), SLICE_FMT(p.name),
                     SLICE_FMT(p.args));
        assert_int_equal(p.type, row->type);
        assert_int_equal(p.attachments, row->attachments);
        assert_int_equal(p.has_id, row->id >= 0);
        assert_int_equal(p.id, row->id >= 0 ? row->id : 0);
        free(copy);
    }
}

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof REFUSED / sizeof REFUSED[0]; i++) {
        if (verdict(slice_of(REFUSED[i])) != ERR_PARSE)
            fail_msg("not refused: %s", REFUSED[i]);
    }
}

static void test_every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ACCEPTED / sizeof ACCEPTED[0]; i++) {
        struct slice text = slice_of(ACCEPTED[i].text);
        const char *bracket = strpbrk(text.p, "[{\"");
        for (size_t n = 0; n < text.n; n++) {
            int rc = verdict((struct slice){text.p, n});
            bool inside = bracket != NULL && text.p + n > bracket && ACCEPTED[i].data[0] != 0;
            if (inside && text.p[n - 1] != ']' && text.p[n - 1] != '}' && text.p[n] != ' ')
                assert_int_equal(rc, ERR_PARSE);
        }
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct sio_limits limits = {.max_depth = 3, .max_attachments = 2};
    struct sio_packet p;
    assert_int_equal(sio_decode(SLICE_LIT("2[\"a\",[[1]]]"), &limits, &p), 0);
    assert_int_equal(sio_decode(SLICE_LIT("2[\"a\",[[[]]]]"), &limits, &p), ERR_TOO_DEEP);
    assert_int_equal(sio_decode(SLICE_LIT("0{\"a\":{\"a\":{}}}"), &limits, &p), 0);
    assert_int_equal(sio_decode(SLICE_LIT("0{\"a\":{\"a\":{\"a\":{}}}}"), &limits, &p), ERR_TOO_DEEP);
    assert_int_equal(sio_decode(SLICE_LIT("52-[\"a\"]"), &limits, &p), 0);
    assert_int_equal(sio_decode(SLICE_LIT("53-[\"a\"]"), &limits, &p), ERR_PARSE);
    limits.max_attachments = 0;
    assert_int_equal(sio_decode(SLICE_LIT("51-[\"a\"]"), &limits, &p), ERR_PARSE);
    limits.max_depth = 0;
    assert_int_equal(sio_decode(SLICE_LIT("2[\"a\"]"), &limits, &p), ERR_TOO_DEEP);
}

static void test_reserved(void **state)
{
    (void)state;
    assert_true(sio_reserved(SLICE_LIT("connect")));
    assert_true(sio_reserved(SLICE_LIT("removeListener")));
    assert_false(sio_reserved(SLICE_LIT("")));
    assert_false(sio_reserved(SLICE_LIT("connec")));
    assert_false(sio_reserved(SLICE_LIT("connect_")));
    assert_false(sio_reserved(SLICE_LIT("connect\0")));
    assert_false(sio_reserved(SLICE_LIT("connection")));
}

static void test_put_head(void **state)
{
    (void)state;
    static const struct {
        enum sio_type type;
        unsigned attachments;
        const char *ns;
        bool has_id;
        uint64_t id;
        const char *head;
    } rows[] = {
        {SIO_CONNECT, 0, "/", false, 0, "0"},
        {SIO_DISCONNECT, 0, "/admin", false, 0, "1/admin,"},
        {SIO_EVENT, 0, "/", false, 5, "2"},
        {SIO_EVENT, 0, "/", true, 0, "20"},
        {SIO_ACK, 0, "/x", true, 12, "3/x,12"},
        {SIO_BINARY_EVENT, 1, "/admin", true, 17, "51-/admin,17"},
        {SIO_BINARY_ACK, 10, "/", true, UINT64_MAX, "610-18446744073709551615"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b;
        struct slice ns = slice_of(rows[i].ns);
        buf_init(&b, 1 + strlen(rows[i].head));
        assert_int_equal(buf_addc(&b, '4'), 0);
        assert_int_equal(sio_put_head(&b, rows[i].type, rows[i].attachments, ns, rows[i].has_id, rows[i].id),
                         0);
        assert_true(slice_is(slice_from(buf_slice(&b), 1), rows[i].head));
        size_t n = b.n;
        assert_int_equal(sio_put_head(&b, SIO_EVENT, 0, SLICE_LIT("/long"), false, 0), ERR_TOO_LARGE);
        assert_int_equal(b.n, n); /* as it was */
        buf_free(&b);
    }
}

struct vector {
    struct slice text;
    int type; /* -1: refused */
    unsigned attachments;
    int64_t id;
    struct slice ns, name;
    int args;
};

#define REFUSAL(text)                                                                                        \
    {                                                                                                        \
        SLICE_LIT(text), -1, 0, -1, {NULL, 0}, {NULL, 0}, 0                                                  \
    }
#define PACKET(text, type, attachments, id, ns, name, args)                                                  \
    {                                                                                                        \
        SLICE_LIT(text), type, attachments, id, SLICE_LIT(ns), SLICE_LIT(name), args                         \
    }
#include "tests/unit/codec/vectors_socketio.txt"

static bool same_name(struct slice token, struct slice name)
{
    if (token.n == 0 || token.p[0] != '"') /* numbers are compared as such */
        return strtod(token.n ? token.p : "0", NULL) == strtod(name.n ? name.p : "0", NULL);
    char *out = malloc(token.n);
    long n = json_unescape(token, out);
    bool same = n >= 0 && slice_eq((struct slice){out, (size_t)n}, name);
    free(out);
    return same;
}

static int count_args(const struct sio_packet *p)
{
    struct slice rest = p->args, value;
    int n = 0;
    while (json_args_next(&rest, &value))
        n++;
    return p->data.n == 0 ? -1 : n;
}

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof VECTORS / sizeof VECTORS[0]; i++) {
        const struct vector *v = &VECTORS[i];
        struct sio_packet p;
        char *copy;
        int rc = decode(v->text, &copy, &p);
        if ((rc == 0) != (v->type >= 0))
            fail_msg("%.*s: %d", SLICE_FMT(v->text), rc);
        if (rc == 0 && ((int)p.type != v->type || p.attachments != v->attachments ||
                        p.has_id != (v->id >= 0) || (p.has_id && p.id != (uint64_t)v->id) ||
                        !slice_eq(p.ns, v->ns) || !same_name(p.name, v->name) || count_args(&p) != v->args))
            fail_msg("%.*s: decoded differently", SLICE_FMT(v->text));
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),         cmocka_unit_test(test_refused),
        cmocka_unit_test(test_every_truncation), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_reserved),         cmocka_unit_test(test_put_head),
        cmocka_unit_test(test_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
