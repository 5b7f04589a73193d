/* SPDX-License-Identifier: Apache-2.0 */
/* In builds with AddressSanitizer only: libwebsockets never frees one block (840 bytes) that it allocates
 * with its context. The leak check at exit passes over it, and over nothing else. */
#if defined __has_feature
#if __has_feature(address_sanitizer)
#define WITH_LEAK_CHECK 1
#endif
#endif
#if defined __SANITIZE_ADDRESS__ || defined WITH_LEAK_CHECK
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:lws_create_context\n";
}

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}
#endif
