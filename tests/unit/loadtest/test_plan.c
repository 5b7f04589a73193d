/* SPDX-License-Identifier: Apache-2.0 */
/* Who is where: everybody is in exactly one place, and nothing is lopsided. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "loadtest/setup/plan.h"

static void members_and_publishers_add_up(void **state)
{
    (void)state;
    struct plan plan;
    plan_init(&plan, 103, 10, 7, 1, "room-");
    uint32_t members = 0, publishers = 0;
    size_t pairs = 0;
    for (uint32_t room = 0; room < plan.rooms; room++) {
        members += plan_members_of_room(&plan, room);
        publishers += plan_publishers_in_room(&plan, room);
        pairs += (size_t)plan_members_of_room(&plan, room) * plan_publishers_in_room(&plan, room);
    }
    assert_int_equal(members, 103);
    assert_int_equal(publishers, 7);
    assert_int_equal(plan.pairs, pairs);
    assert_int_equal(plan_members_of_room(&plan, 2), 11);
    assert_int_equal(plan_members_of_room(&plan, 3), 10);
    assert_true(slice_is(plan.room_name[9], "room-9"));
    plan_free(&plan);
}

static void slots_and_publishers_are_inverse(void **state)
{
    (void)state;
    struct plan plan;
    plan_init(&plan, 100, 7, 50, 1, "r");
    for (uint32_t publisher = 0; publisher < plan.publishers; publisher++) {
        uint32_t room = plan_room_of_publisher(&plan, publisher),
                 slot = plan_slot_of_publisher(&plan, publisher);
        assert_int_equal(plan_publisher_in_slot(&plan, room, slot), publisher);
        assert_true(slot < plan_publishers_in_room(&plan, room));
        assert_true(plan_publishes(&plan, plan_connection_of_publisher(publisher)));
        assert_int_equal(plan_publisher_of_connection(plan_connection_of_publisher(publisher)), publisher);
        assert_int_equal(plan_room(&plan, plan_connection_of_publisher(publisher)), room);
    }
    assert_false(plan_publishes(&plan, 50));
    plan_free(&plan);
}

/* Every room is on every URL, and URLs get the same number of connections, publishers too. */
static void assert_even(uint32_t connections, uint32_t rooms, uint32_t publishers, uint32_t urls)
{
    struct plan plan;
    plan_init(&plan, connections, rooms, publishers, urls, "r");
    uint32_t per_url[8] = {0}, publishers_per_url[8] = {0};
    for (uint32_t i = 0; i < connections; i++)
        per_url[plan_url(&plan, i)]++;
    for (uint32_t i = 0; i < publishers; i++)
        publishers_per_url[plan_url(&plan, plan_connection_of_publisher(i))]++;
    for (uint32_t url = 0; url < urls; url++) {
        assert_int_equal(per_url[url], connections / urls);
        assert_int_equal(publishers_per_url[url], publishers / urls);
    }
    for (uint32_t room = 0; room < rooms; room++) {
        uint32_t of_room[8] = {0};
        for (uint32_t i = room; i < connections; i += rooms)
            of_room[plan_url(&plan, i)]++;
        for (uint32_t url = 0; url < urls; url++)
            assert_in_range(of_room[url], connections / rooms / urls, connections / rooms / urls + 1);
    }
    plan_free(&plan);
}

static void urls_are_even(void **state)
{
    (void)state;
    assert_even(120, 1, 12, 3);
    assert_even(120, 2, 12, 2);
    assert_even(120, 3, 12, 3);
    assert_even(120, 4, 12, 2);
    assert_even(120, 10, 30, 3);
    assert_even(128, 16, 64, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(members_and_publishers_add_up),
                                       cmocka_unit_test(slots_and_publishers_are_inverse),
                                       cmocka_unit_test(urls_are_even)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
