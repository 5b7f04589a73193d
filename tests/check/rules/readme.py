# SPDX-License-Identifier: Apache-2.0
"""README.md's configuration table is what the gateway prints; the metrics and settings that it names exist, and its
links into the tree lead somewhere."""
import os
import re
import subprocess

BEGIN, END = "<!-- config-table:begin -->", "<!-- config-table:end -->"
METRIC = re.compile(r"\broomcast_(\w+)")
SETTING = re.compile(r"`(?!roomcast_)((?:max|ping|drain|log|publish|http|cors)_\w+|\w+_(?:ms|bytes|proxies|origins))\b")
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")


def program(tree):
    chosen = os.environ.get("ROOMCAST_GATEWAY")
    if chosen:
        return chosen
    for preset in ("asan", "release", "dev"):
        path = tree.path(f"build/{preset}/roomcast-gateway")
        if os.access(path, os.X_OK):
            return path
    return None


def table(tree):
    """The table's lines, or (noted) None: not built. Raises OSError, CalledProcessError."""
    path = program(tree)
    if not path:
        tree.note("README.md's configuration table was not compared: roomcast-gateway is not built")
        return None
    out = subprocess.run([path, "--print-config-table"], check=True, capture_output=True, text=True, timeout=30).stdout
    return out.strip("\n").split("\n")


def markers(lines):
    """Where the table's lines are: (first, one past the last), or None."""
    if lines.count(BEGIN) != 1 or lines.count(END) != 1 or lines.index(BEGIN) > lines.index(END):
        return None
    return lines.index(BEGIN) + 1, lines.index(END)


def inside(lines, at):
    """The table between the markers, without blank lines around it, and the number of its first line."""
    first, past = at
    while first < past and not lines[first]:
        first += 1
    while past > first and not lines[past - 1]:
        past -= 1
    return lines[first:past], first + 1


def check_table(tree, lines):
    at = markers(lines)
    if not at:
        yield "README.md", 1, f"needs one line {BEGIN} and, after it, one line {END}"
        return
    try:
        wanted = table(tree)
    except (OSError, subprocess.SubprocessError) as error:
        yield "README.md", at[0], f"--print-config-table failed: {error}"
        return
    if wanted is None:
        return
    have, first = inside(lines, at)
    for i, (a, b) in enumerate(zip(have + [""] * len(wanted), wanted + [""] * len(have))):
        if a != b:
            yield "README.md", first + i, f"the configuration table differs (tests/check/run --fix), expected: {b}"
            return


def literals(tree, *names):
    """All string literals and identifiers of these files, as far as the files are there."""
    found = set()
    for name in names:
        if name in tree.files:
            found |= set(re.findall(r"\w+", tree.text(name)))
    return found


def check_names(tree, number, line):
    metrics = literals(tree, "core/base/metrics_table.h", "core/base/metrics.c")
    settings = literals(tree, "core/base/settings_table.h")
    for m in METRIC.finditer(line):
        if metrics and m[1] not in metrics:
            yield "README.md", number, f"there is no metric {m[0]}"
    for m in SETTING.finditer(line):
        if settings and m[1] not in settings:
            yield "README.md", number, f"there is no setting {m[1]}"


def check(tree):
    if "README.md" not in tree.files:
        yield "README.md", 1, "is missing"
        return
    lines = tree.lines("README.md")
    yield from check_table(tree, lines)
    for number, line in enumerate(lines, 1):
        yield from check_names(tree, number, line)
        for m in LINK.finditer(line):
            if not os.path.exists(tree.path(m[1])):
                yield "README.md", number, f"link to {m[1]}, which is not there"


def fix(tree):
    if "README.md" not in tree.files:
        return
    lines = tree.lines("README.md")
    at = markers(lines)
    wanted = table(tree) if at else None
    if wanted is None:
        return
    new = [*lines[:at[0]], "", *wanted, "", *lines[at[1]:]]
    if new != lines:
        with open(tree.path("README.md"), "w", encoding="utf-8") as f:
            f.write("\n".join(new) + "\n")
