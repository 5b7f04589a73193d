/* SPDX-License-Identifier: Apache-2.0 */
/* The server's end of a WebSocket. */
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
#include "tests/unit/loadtest/websocket_peer.h"

#define WAIT_US 5000000
#define STEP_US 100

struct event_base *base;
struct wire_loop loop;
struct wire *wire;
struct websocket *client;
int server;
char heard[1000], why[WIRE_MAX_WHY];
unsigned opened_count, closed_count;

static struct target target;
static const struct sources sources;
static int listener;
static uint64_t sent, sent_last; /* bytes: in all, by the last send_bytes() */

void start(void)
{
    struct endpoint to = {.target = &target, .sources = &sources};
    int on = 1;
    assert_int_equal(wire_start(wire, &to, SLICE_LIT("/x")), 0);
    server = accept(listener, NULL, NULL);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static void on_opened(struct wire *w)
{
    assert_ptr_equal(w, wire);
    opened_count++;
}

static void on_text(struct wire *w, struct slice text)
{
    assert_ptr_equal(w, wire);
    size_t n = strlen(heard);
    snprintf(heard + n, sizeof heard - n, "%.*s|", SLICE_FMT(text));
    if (slice_is(text, "close now") || slice_is(text, "again"))
        wire_close(w);
    if (slice_is(text, "again")) {
        close(server);
        start();
    }
}

static void on_closed(struct wire *w, const char *reason)
{
    assert_ptr_equal(w, wire);
    assert_int_equal(client->state, WEBSOCKET_CLOSED);
    closed_count++;
    snprintf(why, sizeof why, "%s", reason);
}

static void on_after_read(struct wire *w)
{
    assert_ptr_equal(w, wire);
}

static const struct wire_events events = {
    .opened = on_opened, .text = on_text, .closed = on_closed, .after_read = on_after_read};

static void turn(void)
{
    usleep(STEP_US);
    event_base_loop(base, EVLOOP_NONBLOCK);
}

void send_bytes(const char *p, size_t n)
{
    assert_int_equal(send(server, p, n, MSG_NOSIGNAL), n);
    sent += n;
    sent_last = n;
}

void await_read(void)
{
    for (uint64_t end = clock_us() + WAIT_US; loop.bytes < sent && clock_us() < end;)
        turn();
    assert_int_equal(loop.bytes, sent);
}

void await_unread(void)
{
    int waiting = 0;
    for (uint64_t end = clock_us() + WAIT_US; (uint64_t)waiting < sent_last && clock_us() < end; turn())
        assert_int_equal(ioctl(client->stream.fd, FIONREAD, &waiting), 0);
    assert_int_equal(waiting, sent_last);
}

void await_closed(unsigned count)
{
    for (uint64_t end = clock_us() + WAIT_US; closed_count < count && clock_us() < end;)
        turn();
    assert_int_equal(closed_count, count);
}

/* What the client has sent, as much as came at once. */
static size_t receive(void *bytes, size_t size)
{
    ssize_t n = -1;
    for (uint64_t end = clock_us() + WAIT_US; n < 0 && clock_us() < end; turn())
        n = recv(server, bytes, size, MSG_DONTWAIT);
    assert_true(n > 0);
    return (size_t)n;
}

void take_request(void)
{
    char request[1000];
    size_t n = receive(request, sizeof request - 1);
    request[n] = '\0';
    assert_int_equal(strncmp(request, "GET /x HTTP/1.1\r\n", 17), 0);
}

static int begin(bool deflate, bool ping_first)
{
    struct sockaddr_in *address = (struct sockaddr_in *)&target.addr;
    target = (struct target){.host = "127.0.0.1", .port = "80", .addr_len = sizeof *address};
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    heard[0] = why[0] = '\0';
    opened_count = closed_count = 0;
    sent = 0;
    base = event_base_new();
    wire_loop_init(&loop, base, 1000);
    loop.offer_deflate = deflate;
    loop.ping_first = ping_first;
    wire = wire_new(&wire_websocket, &loop, &events, NULL);
    client = container_of(wire, struct websocket, wire);
    listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)address, target.addr_len), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)address, &target.addr_len), 0);
    start();
    take_request();
    return 0;
}

int setup(void **state)
{
    (void)state;
    return begin(false, false);
}

int setup_deflate(void **state)
{
    (void)state;
    return begin(true, false);
}

int setup_ping(void **state)
{
    (void)state;
    return begin(false, true);
}

int teardown(void **state)
{
    (void)state;
    wire_free(wire);
    wire_loop_free(&loop);
    event_base_free(base);
    if (server >= 0)
        close(server);
    close(listener);
    return 0;
}

void open_it(void)
{
    SEND(ANSWER);
    await_read();
    assert_int_equal(client->state, WEBSOCKET_OPEN);
    assert_int_equal(opened_count, 1);
}

size_t receive_frame(char *payload, enum ws_opcode *opcode)
{
    unsigned char frame[200];
    size_t n = receive(frame, sizeof frame);
    assert_true(n >= 6 && (frame[1] & 0x80) && n == 6 + (frame[1] & 0x7fu));
    *opcode = frame[0] & 0xf;
    for (size_t i = 6; i < n; i++)
        payload[i - 6] = (char)(frame[i] ^ frame[2 + (i - 6) % 4]);
    return n - 6;
}

void assert_ended(const char *expected)
{
    await_closed(1);
    assert_int_equal(client->state, WEBSOCKET_CLOSED);
    if (!strstr(why, expected))
        fail_msg("\"%s\" does not say \"%s\"", why, expected);
}
