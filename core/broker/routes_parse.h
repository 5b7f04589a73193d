/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing one step of a route, and its values, with the place in the file for error messages. */
#ifndef CORE_BROKER_ROUTES_PARSE_H
#define CORE_BROKER_ROUTES_PARSE_H

#include "core/broker/routes_compiled.h"

struct parser {
    const struct settings *limits;
    struct buf path;
    char *why;
    size_t why_size;
    bool lifecycle; /* the route is one of $connect, $disconnect, $join, $leave: there is no event, nothing to
                       ack */
    bool may_join;
};

void parse_init(struct parser *p, const struct settings *limits, char *why, size_t why_size);
void parse_free(struct parser *p);
/* Adds to the path; the result goes to parse_leave(). */
size_t parse_enter(struct parser *p, const char *key);
size_t parse_enter_index(struct parser *p, size_t index);
void parse_leave(struct parser *p, size_t mark);
/* Writes "path: message" to why; ERR_BAD_REQUEST. */
int parse_fail(struct parser *p, const char *message);

int parse_value(struct parser *p, const json_t *json, struct value *v) MUST_CHECK;
/* A list, or one value that stands for a list of one. Missing: empty. */
int parse_list(struct parser *p, const json_t *json, struct value_list *list) MUST_CHECK;
void value_free(struct value *v);
void value_list_free(struct value_list *list);

int parse_step(struct parser *p, const json_t *json, struct step *step) MUST_CHECK;
void step_free(struct step *step);

#endif
