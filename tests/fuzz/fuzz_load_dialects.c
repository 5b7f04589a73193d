/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what the load generator's dialects understand. Most messages are recognized by their first bytes and
 * read without a parser: the long way round must understand the same. The first byte chooses the dialect and
 * the options. */
#include <assert.h>
#include <stdlib.h>

#include "loadtest/dialect/dialect.h"
#include "loadtest/setup/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DIALECTS = 5, VARIANTS = 3 };

static struct speech speeches[DIALECTS][VARIANTS];
static const char room[] = "room-7";

static void prepare(void)
{
    static const char *const event[VARIANTS] = {"load", "open", "sch\xc3\xb6n \"x\""};
    static const char *const ns[VARIANTS] = {"/", "/admin", "/"};
    for (unsigned d = 0; d < DIALECTS; d++)
        for (unsigned v = 0; v < VARIANTS; v++) {
            const struct load_dialect *dialect = load_dialect_at(d);
            const char *argv[] = {"roomcast-load", "--dialect",       dialect->name, "--namespace",
                                  ns[v],           "--message-event", event[v]};
            int argc = dialect->events ? 7 : 5;
            struct options options;
            enum options_result parsed = options_parse(&options, argc, (char **)(uintptr_t)argv);
            assert(parsed == OPTIONS_RUN);
            int err = speech_init(&speeches[d][v], &options);
            assert(err == 0);
        }
}

static bool same(const struct heard *a, const struct heard *b)
{
    return a->kind == b->kind && slice_eq(a->text, b->text) && a->id == b->id && a->refused == b->refused &&
           a->bad_payload == b->bad_payload && a->other_room == b->other_room &&
           a->payload.publisher == b->payload.publisher && a->payload.sequence == b->payload.sequence &&
           a->payload.due == b->payload.due;
}

/* Where it says that it points: into what was heard, or at something constant that can be read. */
static void look_at(const struct heard *heard, struct slice text)
{
    bool inside = heard->text.n > 0 && heard->text.p >= text.p && heard->text.p < text.p + text.n;
    assert(!inside || heard->text.p + heard->text.n <= text.p + text.n);
    struct buf copy;
    buf_init(&copy, SIZE_MAX);
    int err = buf_add(&copy, heard->text);
    assert(err == 0 && heard->kind <= HEARD_END);
    assert(heard->kind == HEARD_MESSAGE || (!heard->bad_payload && !heard->other_room));
    assert(heard->kind == HEARD_ACK || (!heard->refused && heard->id == 0));
    buf_free(&copy);
}

/* As if no message began as usual. Event streams find out by a comment before the event; raw messages have no
 * other way. */
static void hear_the_long_way(const struct speech *speech, struct slice text, struct heard *heard)
{
    struct speech other = *speech;
    struct buf copy;
    buf_init(&copy, SIZE_MAX);
    if (speech->dialect == &load_sse)
        buf_adds(&copy, ":\n");
    else
        other.prefix.n = SIZE_MAX / 2;
    size_t head = copy.n;
    int err = buf_add(&copy, text);
    assert(err == 0);
    speech->dialect->hear(&other, slice_of(room), buf_slice(&copy), heard);
    if (heard->text.p >= copy.p && heard->text.p < copy.p + copy.n)
        heard->text.p = text.p + (size_t)(heard->text.p - copy.p) - head;
    buf_free(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct heard heard, again, long_way;
    if (speeches[0][0].dialect == NULL)
        prepare();
    if (size < 2)
        return 0;
    const struct speech *speech = &speeches[data[0] % DIALECTS][data[0] / DIALECTS % VARIANTS];
    char *exact = malloc(size - 1);
    assert(exact != NULL);
    memcpy(exact, data + 1, size - 1);
    struct slice text = {exact, size - 1};
    speech->dialect->hear(speech, slice_of(room), text, &heard);
    look_at(&heard, text);
    speech->dialect->hear(speech, slice_of(room), text, &again);
    assert(same(&heard, &again));
    hear_the_long_way(speech, text, &long_way);
    assert(same(&heard, &long_way));
    free(exact);
    return 0;
}
