/* SPDX-License-Identifier: Apache-2.0 */
/* An actor against a socket that the test itself answers on, in the JSON dialect over a WebSocket: it joins,
 * leaves, joins again, says things, stops reading, is cut off, and starts again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/list.h"
#include "loadtest/clock.h"
#include "loadtest/wire/websocket.h"
#include "loadtest/worker/crowd.h"

#define ANSWER  "HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
#define WELCOME "{\"event\":\"$welcome\",\"args\":[{}]}"
#define JOINED  "{\"ack\":0,\"args\":[{\"ok\":true}]}"
#define WAIT_US 2000000

static struct event_base *base;
static struct plan plan;
static struct target target;
static struct crowd crowd;
static struct actor *actor;
static int listener, server = -1;
static char told[400]; /* what the owner was told */

static void tell(const char *text)
{
    size_t n = strlen(told);
    snprintf(told + n, sizeof told - n, "%s|", text);
}

static void on_joined(struct actor *a)
{
    assert_true(a->began > 0 && a->began <= clock_us());
    tell("joined");
}

static void on_left(struct actor *a)
{
    assert_int_equal(a->state, ACTOR_LEFT);
    tell("left");
}

static void on_gone(struct actor *a, enum actor_state before, const char *why)
{
    char text[200];
    assert_int_equal(a->state, ACTOR_GONE);
    snprintf(text, sizeof text, "gone %d: %s", before, why);
    tell(text);
}

static void on_message(struct actor *a, const struct heard *heard)
{
    (void)a;
    tell(heard->bad_payload ? "bad message" : "message");
}

static void on_answered(struct actor *a, const struct heard *heard)
{
    (void)a;
    tell(heard->refused ? "refused" : "answered");
}

static void on_after_read(struct crowd *c)
{
    assert_ptr_equal(c, &crowd);
}

static const struct crowd_events events = {.joined = on_joined,
                                           .left = on_left,
                                           .gone = on_gone,
                                           .message = on_message,
                                           .answered = on_answered,
                                           .after_read = on_after_read};

static int setup(void **state)
{
    (void)state;
    struct options options;
    struct sockaddr_in *address = (struct sockaddr_in *)&target.addr;
    const char *argv[] = {"roomcast-load", "--scenario=chat", "--dialect=json", "--connections=1",
                          "--leave-event=go"};
    assert_int_equal(options_parse(&options, 5, (char **)argv), OPTIONS_RUN);
    target = (struct target){.host = "127.0.0.1", .port = "80", .addr_len = sizeof *address};
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)address, target.addr_len), 0);
    assert_int_equal(listen(listener, 5), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)address, &target.addr_len), 0);
    told[0] = '\0';
    base = event_base_new();
    plan_init(&plan, 1, 1, 1, 1, "room-");
    crowd = (struct crowd){.plan = &plan,
                           .range = plan_range(&plan, 0, 1),
                           .targets = &target,
                           .join_timeout_ms = 50,
                           .events = &events};
    assert_int_equal(crowd_init(&crowd, base, &options, 1000), 0);
    actor = &crowd.actors[0];
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    crowd_free(&crowd);
    plan_free(&plan);
    event_base_free(base);
    close(listener);
    if (server >= 0)
        close(server);
    server = -1;
    return 0;
}

/* Turns the loop until the owner has been told exactly this. */
static void expect_told(const char *expected)
{
    uint64_t end = clock_us() + WAIT_US;
    while (strcmp(told, expected) != 0 && clock_us() < end) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        usleep(200);
    }
    assert_string_equal(told, expected);
    told[0] = '\0';
}

/* What the actor has sent next, unmasked, once it begins with `expected`: the handshake or one small frame.
 */
static void expect_sent(const char *expected)
{
    unsigned char bytes[1000];
    ssize_t n = -1;
    for (uint64_t end = clock_us() + WAIT_US; n <= 0 && clock_us() < end; usleep(200)) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        n = recv(server, bytes, sizeof bytes - 1, MSG_DONTWAIT);
    }
    assert_true(n > 6);
    size_t head = 0;
    if (bytes[0] == 0x81) {
        head = (bytes[1] & 0x7f) == 126 ? 8 : 6;
        for (size_t i = head; i < (size_t)n; i++)
            bytes[i] ^= bytes[head - 4 + (i - head) % 4];
    }
    bytes[n] = '\0';
    assert_int_equal(strncmp((char *)bytes + head, expected, strlen(expected)), 0);
}

static void answer(const char *text)
{
    char frame[300] = {(char)0x81, (char)strlen(text)};
    assert_true(strlen(text) < 126);
    memcpy(frame + 2, text, strlen(text));
    assert_int_equal(send(server, frame, 2 + strlen(text), MSG_NOSIGNAL), 2 + strlen(text));
}

static void start_and_join(void)
{
    int on = 1;
    if (server >= 0)
        close(server);
    actor_start(actor);
    server = accept(listener, NULL, NULL);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    expect_sent("GET /ws HTTP/1.1\r\n");
    assert_int_equal(send(server, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL), sizeof ANSWER - 1);
    answer(WELCOME);
    expect_sent("{\"event\":\"join\",\"args\":[\"room-0\"],\"ack\":0}");
    answer(JOINED);
    expect_told("joined|");
}

static void leaves_and_joins(void **state)
{
    (void)state;
    start_and_join();
    actor_leave(actor);
    expect_sent("{\"event\":\"go\",\"args\":[\"room-0\"],\"ack\":0}");
    assert_int_equal(actor->state, ACTOR_LEAVING);
    answer("{\"ack\":3,\"args\":[]}"); /* a publication from before */
    answer(JOINED);
    expect_told("answered|left|");
    uint64_t began = actor->began;
    actor_join(actor);
    assert_true(actor->began >= began);
    expect_sent("{\"event\":\"join\",\"args\":[\"room-0\"],\"ack\":0}");
    answer(JOINED);
    expect_told("joined|");
    actor_leave(actor);
    expect_sent("{\"event\":\"go\"");
    answer("{\"ack\":0,\"error\":{\"code\":\"no\"}}");
    expect_told("gone 4: the leave was refused: {\"code\":\"no\"}|");
}

static void a_leave_is_not_answered(void **state)
{
    (void)state;
    start_and_join();
    timers_run(&crowd.timers, clock_us() / 1000 + 1000);
    expect_told("");
    actor_leave(actor);
    timers_run(&crowd.timers, clock_us() / 1000 + 1000);
    expect_told("gone 4: timed out waiting for the answer to the leave|");
}

static void says(void **state)
{
    (void)state;
    start_and_join();
    assert_int_equal(actor_say(actor, SLICE_LIT("typing"), SLICE_LIT("true")), 0);
    actor_flush(actor);
    expect_sent("{\"event\":\"publish\",\"args\":[\"room-0\",\"typing\",true]}");
    assert_int_equal(actor_publish(actor, 7, SLICE_LIT("{}")), 0);
    actor_flush(actor);
    expect_sent("{\"event\":\"publish\",\"args\":[\"room-0\",\"load\",{}],\"ack\":7}");
    answer("{\"ack\":7,\"args\":[{\"ok\":true}]}");
    expect_told("answered|");
}

static void starts_again(void **state)
{
    (void)state;
    start_and_join();
    answer("{\"event\":\"load\",\"args\":[1]}");
    expect_told("bad message|");
    close(server);
    server = -1;
    expect_told("gone 3: the server closed the connection|");
    start_and_join();
    actor_stop(actor);
    start_and_join();
}

/* What waits in its socket when the loop turns would be read then, were it not for the pause. */
static void stops_reading(void **state)
{
    (void)state;
    static const char message[] = "{\"event\":\"load\",\"args\":[1]}";
    int waiting = 0, all = 2 + (int)strlen(message);
    start_and_join();
    actor_pause(actor, true);
    answer(message);
    int fd = container_of(actor->wire, struct websocket, wire)->stream.fd;
    for (uint64_t end = clock_us() + WAIT_US; waiting < all && clock_us() < end; usleep(200))
        assert_int_equal(ioctl(fd, FIONREAD, &waiting), 0);
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(ioctl(fd, FIONREAD, &waiting), 0);
    assert_int_equal(waiting, all);
    assert_string_equal(told, "");
    actor_pause(actor, false);
    expect_told("bad message|");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(leaves_and_joins), TEST(a_leave_is_not_answered), TEST(says),
                                       TEST(starts_again), TEST(stops_reading)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
