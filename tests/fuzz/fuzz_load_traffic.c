/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what becomes of messages and answers, whichever arrive: of each it is known whether it was due,
 * published, there before; at the end of a step as many are lost as a list of all that arrived says. The
 * server is the input: three bytes are one thing that happens. Subscribers FIXED to the last one come and go.
 */
#include <assert.h>
#include <stdlib.h>

#include "core/base/err.h"
#include "loadtest/message/traffic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ACTORS = 6, ROOMS = 2, PUBLISHERS = 4, FIXED = 4, SEQUENCES = 256, SIZE = 64, START = 1000000 };

static struct plan plan;
static struct ledger *ledger;
static struct crowd crowd;
static struct options options;
static struct stats stats; /* large */

static struct {
    struct traffic traffic;
    struct schedule schedule;
    uint64_t now;
    bool stuck;                              /* no wire takes any more */
    bool moved;                              /* some members were away in this step */
    bool got[ACTORS][PUBLISHERS][SEQUENCES]; /* in this step */
} world;

/* ---- wires that take everything, or nothing */

static void nothing(struct wire *wire)
{
    (void)wire;
}

static int queue(struct wire *wire, struct slice text, uint64_t id)
{
    (void)wire;
    (void)id;
    assert(text.n > SIZE);
    return world.stuck ? ERR_TOO_LARGE : 0;
}

static const struct wire_ops wire_ops = {
    .size = sizeof(struct wire), .init = nothing, .queue = queue, .flush = nothing, .drop = nothing};

static void prepare(void)
{
    const char *argv[] = {"roomcast-load", "--dialect", "json"};
    enum options_result parsed =
        options_parse(&options, sizeof argv / sizeof *argv, (char **)(uintptr_t)argv);
    assert(parsed == OPTIONS_RUN && options.size == SIZE);
    plan_init(&plan, ACTORS, ROOMS, PUBLISHERS, 1, "room-");
    ledger = ledger_new(PUBLISHERS);
    assert(ledger != NULL);
    crowd = (struct crowd){.plan = &plan, .range = {0, ACTORS}};
    int err = speech_init(&crowd.speech, &options);
    assert(err == 0);
    buf_init(&crowd.text, 1000);
    crowd.actors = calloc(ACTORS, sizeof *crowd.actors);
    assert(crowd.actors != NULL);
    for (uint32_t i = 0; i < ACTORS; i++) {
        actor_init(&crowd.actors[i], &crowd, i);
        crowd.actors[i].wire = wire_new(&wire_ops, &crowd.loop, NULL, NULL);
    }
}

/* ---- what is known besides */

/* Publishers that are not to get what they publish. */
static bool is_own(uint32_t actor, uint32_t publisher)
{
    return plan.no_echo && actor == publisher;
}

/* What members did not get of what was published for them. */
static uint64_t list_of_missing(void)
{
    uint64_t count = 0;
    uint32_t first = world.schedule.first, p, s;
    bool is_void[PUBLISHERS][SEQUENCES] = {0};
    for (uint32_t i = 0; ledger_read_void(ledger, i, &p, &s); i++)
        is_void[p][s - first] = true;
    for (p = 0; p < PUBLISHERS; p++)
        for (s = 0; s < ledger_published(ledger, p) - first; s++)
            for (uint32_t a = p % ROOMS; a < ACTORS; a += ROOMS)
                count += !is_own(a, p) && !world.got[a][p][s] && !is_void[p][s];
    return count;
}

static bool got_later(uint32_t actor, uint32_t publisher, uint32_t i)
{
    while (++i < SEQUENCES)
        if (world.got[actor][publisher][i])
            return true;
    return false;
}

static uint64_t sum(const enum stat *which, size_t n)
{
    uint64_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += stats.count[which[i]];
    return count;
}

static const enum stat of_messages[] = {STAT_STALE, STAT_UNEXPECTED, STAT_WRONG_ROOM, STAT_DELIVERED,
                                        STAT_DUPLICATED};
static const enum stat of_answers[] = {STAT_STALE, STAT_UNEXPECTED, STAT_REFUSED, STAT_ACKNOWLEDGED};
#define SUM(which) sum(which, sizeof(which) / sizeof *(which))

/* ---- what happens */

static enum stat expected(uint32_t actor, const struct payload *p)
{
    uint32_t i = p->sequence - world.schedule.first;
    if (p->sequence >= ledger_published(ledger, p->publisher))
        return STAT_UNEXPECTED;
    if (p->publisher % ROOMS != actor % ROOMS)
        return STAT_WRONG_ROOM;
    if (is_own(actor, p->publisher))
        return STAT_UNEXPECTED;
    return world.got[actor][p->publisher][i] ? STAT_DUPLICATED : STAT_DELIVERED;
}

/* A message of this step, with its due time. */
static void message(uint32_t actor, uint32_t publisher, uint32_t i)
{
    const struct schedule *s = &world.schedule;
    struct heard heard = {.kind = HEARD_MESSAGE, .payload = {publisher, s->first + i, 0}};
    heard.payload.due = schedule_due(s, schedule_message(s, publisher, s->first + i));
    enum stat stat = expected(actor, &heard.payload);
    uint64_t before = stats.count[stat], late = stats.count[STAT_OUT_OF_ORDER], all = SUM(of_messages);
    uint64_t delivered = stats.count[STAT_DELIVERED];
    traffic_message(&world.traffic, &crowd.actors[actor], &heard, world.now);
    assert(SUM(of_messages) == all + 1);
    assert(actor >= FIXED || stats.count[stat] == before + 1);
    if (actor < FIXED && stat == STAT_DELIVERED)
        assert(stats.count[STAT_OUT_OF_ORDER] - late == got_later(actor, publisher, i));
    if (stats.count[STAT_DELIVERED] > delivered)
        world.got[actor][publisher][i] = true;
}

/* Anything, as a dialect may have heard it. */
static void odd_message(uint32_t actor, uint32_t a, uint32_t b)
{
    struct heard heard = {.kind = HEARD_MESSAGE, .payload = {a, b * 16777259u, a * 1000u + b * START / 100u}};
    heard.bad_payload = a == 7;
    heard.other_room = a == 6;
    uint64_t all = SUM(of_messages), delivered = stats.count[STAT_DELIVERED];
    traffic_message(&world.traffic, &crowd.actors[actor], &heard, world.now);
    assert(SUM(of_messages) == all + 1 && (a < PUBLISHERS || stats.count[STAT_DELIVERED] == delivered));
}

static void answer(uint32_t actor, uint32_t id, bool refused)
{
    struct heard heard = {.kind = HEARD_ACK, .refused = refused, .text = SLICE_LIT("{\"a\x1b\":1}")};
    heard.id = id == 255 ? UINT64_MAX : world.schedule.first + (uint64_t)id;
    if (heard.id == ACTOR_JOIN_ID)
        return;
    uint64_t all = SUM(of_answers), pending = world.traffic.pending;
    traffic_answer(&world.traffic, &crowd.actors[actor], &heard, world.now);
    assert(SUM(of_answers) == all + 1);
    assert(world.traffic.pending == pending || world.traffic.pending + 1 == pending);
}

/* As a client moves on, connected or not. */
static void move(uint32_t actor, uint32_t how)
{
    struct judge *judge = &world.traffic.judge;
    enum membership now = judge->subscriber[actor].membership;
    world.moved = true;
    if (how >= 128 && now != AWAY && now != GONE) {
        traffic_cut(&world.traffic, &crowd.actors[actor]);
        judge_leave(judge, actor, how >= 192 ? GONE : AWAY);
    } else if (now == MEMBER) {
        judge_leave(judge, actor, LEAVING);
    } else if (now == LEAVING) {
        judge_leave(judge, actor, OUT);
    } else if (now == OUT) {
        judge_ask(judge, actor);
    } else {
        judge_return(judge, actor);
    }
    bool member = judge->subscriber[actor].membership == MEMBER;
    crowd.actors[actor].state = member ? ACTOR_JOINED : ACTOR_GONE;
}

/* ---- steps */

static void begin_step(uint64_t start, uint32_t first)
{
    static const struct pace pace = {
        .rate = 4000, .ramp = 0.01, .warmup = 0.01, .duration = 0.03, .publishers = PUBLISHERS, .burst = 2};
    schedule_init(&world.schedule, start, first, &pace);
    assert(world.schedule.total / PUBLISHERS < SEQUENCES);
    ledger_begin(ledger, first);
    traffic_begin(&world.traffic, &world.schedule);
    memset(world.got, 0, sizeof world.got);
    for (uint32_t i = FIXED; i < ACTORS; i++)
        world.moved = world.moved || world.traffic.judge.subscriber[i].membership != MEMBER;
}

static void end_step(void)
{
    uint64_t missed_before = stats.count[STAT_LOST] + stats.count[STAT_MISSED];
    traffic_void_unanswered(&world.traffic);
    assert(world.traffic.pending == 0);
    uint64_t settled =
        stats.count[STAT_ACKNOWLEDGED] + stats.count[STAT_REFUSED] + stats.count[STAT_UNANSWERED];
    assert(settled == (world.traffic.acks ? stats.count[STAT_PUBLISHED] : 0));
    assert(strchr(stats.first_refusal, '\x1b') == NULL);
    traffic_conclude(&world.traffic);
    uint64_t missed = stats.count[STAT_LOST] + stats.count[STAT_MISSED] - missed_before;
    uint64_t missing = list_of_missing();
    assert(stats.missed_by.sum + stats.lost_by.sum == stats.count[STAT_LOST] + stats.count[STAT_MISSED]);
    assert(missed <= missing && (world.moved || (missed == missing && stats.count[STAT_MISSED] == 0)));
}

static void happen(uint8_t what, uint8_t a, uint8_t b)
{
    uint32_t actor = what / 8 % ACTORS;
    switch (what % 8) {
    case 0:
        world.now += a * 16u;
        traffic_publish(&world.traffic, world.now);
        break;
    case 1:
    case 2:
        message(actor, a % PUBLISHERS, b % (SEQUENCES / 2));
        break;
    case 3:
        odd_message(actor, a % 8, b);
        break;
    case 4:
        answer(actor, a, b & 1);
        break;
    case 5:
        move(FIXED + actor % (ACTORS - FIXED), a);
        break;
    case 6:
        world.stuck = a & 1;
        if (a & 2)
            traffic_cut(&world.traffic, &crowd.actors[actor]);
        break;
    case 7:
        if (a < 16 && world.schedule.first < 100000) {
            end_step();
            begin_step(world.now + b, schedule_next_first(&world.schedule));
        } else {
            struct audit audit = traffic_audit(&world.traffic);
            assert(audit.lost + audit.outstanding + audit.missed <= list_of_missing());
        }
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (crowd.actors == NULL)
        prepare();
    if (size < 1)
        return 0;
    memset(&stats, 0, sizeof stats);
    memset(&world, 0, sizeof world);
    crowd.speech.publish_acks = data[0] & 1;
    plan.no_echo = data[0] & 4;
    for (uint32_t i = 0; i < ACTORS; i++)
        crowd.actors[i].state = ACTOR_JOINED;
    world.now = START;
    traffic_init(&world.traffic, &crowd, ledger, &options, &stats);
    begin_step(START, data[0] & 2 ? 1000 : 0);
    for (size_t i = 1; i + 3 <= size && i < 600; i += 3)
        happen(data[i], data[i + 1], data[i + 2]);
    end_step();
    traffic_free(&world.traffic);
    return 0;
}
