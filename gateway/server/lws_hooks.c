/* SPDX-License-Identifier: Apache-2.0 */
/* Two functions inside libwebsockets that are ours. Linked from its archive (LWS_ARCHIVE), the linker leads
 * its calls here (--wrap, CMakeLists.txt). In the shared library it leads its call of the exported one
 * through the dynamic symbol table, where ours comes first; the other one stays its own. */
#include "gateway/server/lws_libevent.h"

#ifdef LWS_ARCHIVE
/* Debian builds it with assertions, and this one looks, at each close, at all sockets that there are and can
 * be: with a file limit of 20,000 that takes 20 to 140 microseconds. */
int __wrap_sanity_assert_no_sockfd_traces(const struct lws_context *context, lws_sockfd_type fd);

int __wrap_sanity_assert_no_sockfd_traces(const struct lws_context *context, lws_sockfd_type fd)
{
    (void)context;
    (void)fd;
    return 0;
}
#endif

#if LWS_LIBRARY_VERSION_NUMBER < 4003000
#include <dlfcn.h>

#ifdef LWS_ARCHIVE
#define lws_plugins_init __wrap_lws_plugins_init
int __wrap_lws_plugins_init(struct lws_plugin **list, const char *const *folders, const char *class,
                            const char *filter, each_plugin_cb_t each, void *each_arg);
#endif

/* Nobody asks for other plugins than the backend, which is handed over without a file. */
int lws_plugins_init(struct lws_plugin **list, const char *const *folders, const char *class,
                     const char *filter, each_plugin_cb_t each, void *each_arg)
{
    (void)folders;
    (void)each;
    (void)each_arg;
    if (filter == NULL || strcmp(class, "lws_evlib_plugin") != 0 || strcmp(filter, "evlib_event") != 0)
        return 1;
    struct lws_plugin *p = lws_realloc(NULL, sizeof *p, "evlib_event");
    if (p == NULL)
        return 1;
    p->list = *list;
    p->hdr = &lws_libevent_plugin.hdr;
    p->u.l = dlopen(NULL, RTLD_NOW); /* closed by libwebsockets at its end */
    *list = p;
    return 0;
}
#endif
