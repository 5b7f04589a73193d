/* SPDX-License-Identifier: Apache-2.0 */
/* Allocation that cannot fail: what it returns, and that it ends the program otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/xalloc.h"

static void allocates(void **state)
{
    (void)state;
    unsigned char *p = xcalloc(3, 5);
    for (int i = 0; i < 15; i++)
        assert_int_equal(p[i], 0);
    p[14] = 7;
    p = xrealloc(p, 100);
    assert_int_equal(p[14], 7);
    free(p);
    free(xcalloc(0, 5));
    free(xcalloc(5, 0));
    free(xrealloc(NULL, 0));
}

static void copies_a_slice(void **state)
{
    (void)state;
    char *z = xstrndup((struct slice){"abcdef", 3});
    assert_string_equal(z, "abc");
    free(z);
    z = xstrndup(SLICE_NONE);
    assert_string_equal(z, "");
    free(z);
}

/* The sanitizers end the program in their own way when an allocation is too large, so any end will do. */
static void ends_the_program_when_memory_is_short(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (close(STDERR_FILENO) == 0)
            free(xcalloc(SIZE_MAX / 4, 3));
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocates),
        cmocka_unit_test(copies_a_slice),
        cmocka_unit_test(ends_the_program_when_memory_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
