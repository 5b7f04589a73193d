/* SPDX-License-Identifier: Apache-2.0 */
/* Errors of Redis, by how they begin, and what whoever runs the cluster can do about them. */
#include "gateway/redis/errors.h"

static const struct {
    const char *start, *hint;
} errors[] = {
    {"NOAUTH", "Redis wants a password: put it into the bus URL, redis://:PASSWORD@HOST"},
    {"WRONGPASS", "user or password of the bus URL are wrong, or the user is off"},
    {"ERR invalid password", "the password of the bus URL is wrong"},
    {"ERR AUTH", "this Redis has no password: take it out of the bus URL"},
    {"ERR Client sent AUTH", "this Redis has no password: take it out of the bus URL"},
    {"ERR wrong number of arguments for 'auth'", "version 6 or newer of Redis is needed"},
    {"NOPERM", "the ACL user needs +ping +select +client +publish +subscribe +unsubscribe and &PREFIX*"},
    {"LOADING", "Redis is reading its data: it will answer when that is done"},
    {"BUSY", "a script blocks Redis: SCRIPT KILL, or wait"},
    {"READONLY", "this is a replica: give the address of the primary"},
    {"MASTERDOWN", "a replica that lost its primary: give the address of the primary"},
    {"MISCONF", "Redis cannot save its data and refuses writes: see its log"},
    {"OOM", "Redis is above its maxmemory"},
    {"DENIED", "Redis is in protected mode: give it a password, or set protected-mode no"},
    {"ERR DB index", "the database number of the bus URL is not one of this Redis"},
    {"ERR SELECT", "Redis Cluster has one database: take the number out of the bus URL"},
    {"ERR max number of clients", "raise maxclients of Redis"},
};

const char *redis_error_hint(struct slice error)
{
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (slice_starts(error, errors[i].start))
            return errors[i].hint;
    }
    return "";
}
