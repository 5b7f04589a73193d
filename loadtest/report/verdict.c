/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict on a run, in words. */
#include <inttypes.h>

#include "loadtest/dialect/dialect.h"
#include "loadtest/format.h"
#include "loadtest/report/report.h"
#include "loadtest/scenario/scenario.h"

/* What was found before an interrupt is a rate that held; whether it is the highest one is not known. */
static void search_verdict(struct buf *out, const struct result *result)
{
    const struct options *o = result->options;
    if (result->searched <= 0) {
        buf_adds(out, result->interrupted ? "FAILED: interrupted before any rate held\n"
                                          : "FAILED: no rate held\n");
        return;
    }
    char deliveries[16];
    format_count(step_deliveries_per_second(&result->step[result->shown]), deliveries);
    if (result->interrupted)
        buf_addf(out,
                 "interrupted: the search was not finished; %.6g messages/s (%s deliveries/s) held, higher "
                 "rates may hold, too: ",
                 result->searched, deliveries);
    else
        buf_addf(out, "%s%.6g messages/s (%s deliveries/s) is the highest rate that held: ",
                 result_failed(result) ? "" : "ok: ", result->searched, deliveries);
    buf_addf(out, "nothing lost, p99 below %.12g ms\n", o->max_p99);
}

/* What all members of a room were to get. */
static uint64_t accepted(const struct options *o, const struct stats *all)
{
    return all->count[options_publish_acks(o) ? STAT_ACKNOWLEDGED : STAT_PUBLISHED];
}

/* Options that do not fit the server make faults of a certain pattern. */
static void hints(struct buf *out, const struct options *o, const struct stats *all)
{
    const uint64_t *count = all->count;
    uint64_t own = accepted(o, all); /* copies of messages for their publishers */
    bool nothing = count[STAT_LOST] > 0 && count[STAT_DELIVERED] == 0;
    if (o->dialect->events && nothing && count[STAT_UNEXPECTED] == 0)
        buf_adds(out, "hint: not one delivery arrived: is --message-event right?\n");
    else if (o->dialect->events && nothing)
        buf_addf(
            out,
            "hint: --message-event is right, \"%s\" arrives, but without the message that was published: "
            "does the server send it on, and does --publish-%s say where it takes it from?\n",
            o->message_event, o->dialect->joining == JOIN_BY_EVENT ? "args" : "path");
    if (!o->no_echo && !nothing && count[STAT_LOST] > 0 && count[STAT_LOST] == own)
        buf_adds(out, "hint: lost are as many as were published: if publishers are not to get their own "
                      "messages, use --no-echo\n");
    if (o->no_echo && count[STAT_UNEXPECTED] > 0 && count[STAT_UNEXPECTED] == own)
        buf_adds(out, "hint: unexpected are as many as were published: do publishers get their own messages? "
                      "Then --no-echo is wrong\n");
    if (options_publish_acks(o) && count[STAT_DISCONNECTED] == 0 && count[STAT_UNANSWERED] > 0 &&
        count[STAT_ACKNOWLEDGED] + count[STAT_REFUSED] == 0)
        buf_adds(out, "hint: if the server does not acknowledge publications, use --no-publish-acks\n");
}

static void fault_verdict(struct buf *out, const struct result *result, const struct stats *all)
{
    const struct options *o = result->options;
    for (int i = 0; i < STATS; i++)
        if (stat_is_fault((enum stat)i, o->scenario->cuts) && all->count[i] > 0)
            buf_addf(out, "FAILED: %s %" PRIu64 ": %s\n", stat_info[i].key, all->count[i], stat_info[i].text);
    if (options_publish_acks(o) && stats_tried(all) > 0 && all->count[STAT_ACKNOWLEDGED] == 0)
        buf_adds(out, "FAILED: not one publication was accepted\n");
    hints(out, o, all);
}

/* What is said of single steps: how far each came, and how fast it was. */
static void step_verdict(struct buf *out, const struct result *result, const struct step *step)
{
    const struct options *o = result->options;
    char p99[16];
    if (step_fell_short(step))
        buf_addf(out,
                 "FAILED: published %" PRIu64 " of %" PRIu64
                 " that were due: the load generator could not follow its own schedule\n",
                 step->stats.count[STAT_PUBLISHED], step->due);
    if (step_is_slow(step, o))
        buf_addf(out, "FAILED: p99 of latency %s is above --max-p99 (%.12g ms)\n",
                 format_us(histogram_quantile(&step->stats.latency, 0.99), p99), o->max_p99);
}

/* Why there is less than was asked for. */
static void shortness(struct buf *out, const struct result *result)
{
    const struct options *o = result->options;
    bool published_less = false, waited_less = false;
    for (uint32_t i = 0; i < result->steps; i++) {
        const struct step *step = &result->step[i];
        published_less = published_less || step->cut_short == BY_INTERRUPT;
        waited_less = waited_less || step->waited_less;
        if (step->cut_short == BY_DISCONNECTIONS)
            buf_addf(out,
                     "ended early: nobody was connected any more after %.1f s of %.12g s of publishing\n",
                     step->publish_seconds, o->ramp + o->warmup + o->duration);
    }
    if (!result->interrupted || o->search)
        return;
    if (result->steps < o->rounds)
        buf_addf(out, "interrupted: %u of %u rounds were done\n", result->steps, o->rounds);
    if (published_less)
        buf_adds(out, "interrupted: published for a shorter time than asked for\n");
    if (waited_less)
        buf_adds(out,
                 "interrupted: did not wait for all that was outstanding: what is lost may only be late\n");
}

static const char *praise(const struct result *result, const struct stats *all)
{
    if (stats_tried(all) == 0)
        return all->count[STAT_DISCONNECTED] > 0 ? "ok: all clients that were cut came back\n"
                                                 : "ok: all connections held\n";
    if (result->options->scenario->cuts)
        return "ok: every subscriber got every accepted message once and in order while it was connected\n";
    return "ok: every subscriber got every accepted message once and in order\n";
}

void report_verdict(struct buf *out, const struct result *result)
{
    struct stats all = {0};
    if (result->error[0] != '\0') {
        buf_addf(out, "FAILED: %s\n", result->error);
        return;
    }
    shortness(out, result);
    if (result->command.ended && result->command.status != 0)
        buf_addf(out, "FAILED: the command ended with status %d\n", result->command.status);
    if (result->options->search) {
        search_verdict(out, result);
        return;
    }
    for (uint32_t i = 0; i < result->steps; i++) {
        stats_add(&all, &result->step[i].stats);
        step_verdict(out, result, &result->step[i]);
    }
    if (result_failed(result))
        fault_verdict(out, result, &all);
    else
        buf_adds(out, praise(result, &all));
}
