/* SPDX-License-Identifier: Apache-2.0 */
/* Intrusive, circular, doubly linked list. A list head is a link that points to itself when empty. */
#ifndef CORE_BASE_LIST_H
#define CORE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
    struct link *prev, *next;
};

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void list_init(struct link *l)
{
    l->prev = l->next = l;
}

static inline bool list_empty(const struct link *l)
{
    return l->next == l;
}

static inline void list_append(struct link *head, struct link *l)
{
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}

/* Also right for a link that is in no list, if it was initialised; it is so again afterwards. */
static inline void list_remove(struct link *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    list_init(l);
}

/* Appends all of `from`, which is empty afterwards, to `to`. */
static inline void list_move_all(struct link *to, struct link *from)
{
    if (list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

/* The removal of `it` itself is allowed inside list_for_each_safe. */
#define list_for_each(it, head) for (struct link *it = (head)->next; it != (head); it = it->next)
#define list_for_each_safe(it, head)                                                                         \
    for (struct link *it = (head)->next, *it##_next = it->next; it != (head);                                \
         it = it##_next, it##_next = it->next)

#endif
