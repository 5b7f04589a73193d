# SPDX-License-Identifier: Apache-2.0
"""Dependencies point one way: gateway → core, loadtest → core, and inside core upwards only. core/ has no sockets
and no clock: time and bytes come in as arguments."""
import os
import re

from tree import code_lines

BASE, CODEC, BUS, BROKER, DIALECT = "core/base", "core/codec", "core/bus", "core/broker", "core/dialect"
CORE = {BASE, CODEC, BUS, BROKER, DIALECT}
MAY_INCLUDE = {
    BASE: {BASE},
    CODEC: {BASE, CODEC},
    BUS: {BASE, CODEC, BUS},
    BROKER: CORE,
    DIALECT: CORE,
    "gateway": CORE | {"gateway"},
    "loadtest": CORE | {"loadtest"},
}
LAYERS = sorted(MAY_INCLUDE, key=len, reverse=True)

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
IO_HEADERS = re.compile(r"^(libwebsockets|hiredis/|event2?(/|\.h)|async|sys/(socket|epoll|select|poll|un|timerfd)\.h|poll\.h"
                        r"|netinet/|arpa/|netdb\.h|openssl/|pthread\.h|threads\.h|signal\.h)")
CLOCKS_AND_WAITS = re.compile(r"(?<![\w.>])(clock_gettime|clock_nanosleep|gettimeofday|time|clock|ftime|timespec_get"
                              r"|nanosleep|usleep|sleep|select|pselect|poll|ppoll|epoll_\w+|timerfd_\w+|socket|fork)\s*\(")
# A log line carries the time of day, which decides nothing.
MAY_CALL = {"core/base/log.c": {"clock_gettime"}}


def layer_of(name):
    return next((each for each in LAYERS if name.startswith(each + "/")), None)


def target(tree, name, included):
    """The file that an #include "..." means, from the top or beside the file itself."""
    beside = os.path.normpath(os.path.join(os.path.dirname(name), included))
    return included if included in tree.files or beside not in tree.files else beside


def check_includes(tree, name, layer):
    for number, line in enumerate(tree.lines(name), 1):
        m = INCLUDE.match(line)
        if not m:
            continue
        if m[1] == "<":
            if layer != "gateway" and IO_HEADERS.match(m[2]) and not (layer == "loadtest" and may_do_io(m[2])):
                yield name, number, f"{layer} must not include <{m[2]}>"
            continue
        other = layer_of(target(tree, name, m[2]))
        if other and other not in MAY_INCLUDE[layer]:
            yield name, number, f"{layer} must not include {other} ({m[2]})"
        elif not other and m[2].startswith(("core/", "tests/")):
            yield name, number, f'"{m[2]}" is in no layer that {layer} may include'


def may_do_io(header):
    return not header.startswith(("libwebsockets", "hiredis"))


def check(tree):
    for name in tree.c_files("core", "gateway", "loadtest"):
        layer = layer_of(name)
        if not layer:
            yield name, 1, "in no known layer (see tests/check/rules/layers.py)"
            continue
        yield from check_includes(tree, name, layer)
        if not layer.startswith("core/"):
            continue
        for number, line in enumerate(code_lines(tree.text(name)), 1):
            for m in CLOCKS_AND_WAITS.finditer(line):
                if m[1] not in MAY_CALL.get(name, ()):
                    yield name, number, f"core must not call {m[1]}()"
