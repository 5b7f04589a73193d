/* SPDX-License-Identifier: Apache-2.0 */
/* Readiness: a nonce must have come back through the bus within three seconds. And what a turn returns. */
#include "tests/unit/broker/fixture.h"

static void ready_while_nonces_return(void **state)
{
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", NULL, NULL);
    (void)state;
    advance(n, 10000);
    assert_true(broker_ready(n->broker));
    wire_hold(n, true); /* up, as far as it knows, but nothing comes back */
    advance(n, 3000);
    assert_true(broker_ready(n->broker));
    advance(n, 1);
    assert_false(broker_ready(n->broker));
    wire_hold(n, false);
    settle_all(w);
    assert_true(broker_ready(n->broker));
    node_free(n);
    wire_free(w);
}

static void not_ready_at_once_when_the_bus_is_down(void **state)
{
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", NULL, NULL);
    (void)state;
    wire_down(n);
    assert_false(broker_ready(n->broker));
    assert_int_equal(metric(n, M_BUS_UP), 0);
    advance(n, 5000);
    assert_false(broker_ready(n->broker));
    wire_up(n);
    assert_false(broker_ready(n->broker)); /* up is not enough */
    settle_all(w);
    assert_true(broker_ready(n->broker));
    node_free(n);
    wire_free(w);
}

static void a_nonce_of_somebody_else(void **state)
{
    struct wire *w = wire_new();
    struct node *n = node_on(w, "a", NULL, NULL);
    (void)state;
    uint64_t old = n->broker->probe.nonce;
    wire_down(n);
    wire_up(n);
    probe_returned(n->broker, old); /* from before the bus was lost */
    assert_false(broker_ready(n->broker));
    settle_all(w);
    assert_true(broker_ready(n->broker));
    node_free(n);
    wire_free(w);
}

static void a_turn_says_when_the_next_is_due(void **state)
{
    struct node *n = node_new("ping_interval_ms=300", NULL);
    (void)state;
    turn(n);
    assert_true(n->next > 0 && n->next <= 1000); /* the probe */
    struct peer *p = sio(n, "/");
    assert_int_equal(n->next, 300);
    broker_set_now(n->broker, broker_now(n->broker) + 100);
    turn(n);
    assert_int_equal(n->next, 200);
    say(p, "421[\"publish\",\"r\",\"e\"]"); /* the bus works at the end of the turn */
    turn(n);
    heard(p, "431[{\"ok\":true}]\n");
    conn_close(p->conn, CLOSE_DRAIN);
    p->no_close = true;
    turn(n);
    assert_true(n->next > 0); /* a connection that takes its time to close is no reason to turn at once */
    node_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_while_nonces_return),
        cmocka_unit_test(not_ready_at_once_when_the_bus_is_down),
        cmocka_unit_test(a_nonce_of_somebody_else),
        cmocka_unit_test(a_turn_says_when_the_next_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
