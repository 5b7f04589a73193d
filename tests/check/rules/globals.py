# SPDX-License-Identifier: Apache-2.0
"""core/ keeps no state of its own: no variable outlives a call, but for those listed here."""
import re

import ctags
from tree import code_lines

ALLOWED = {
    "core/base/hash.c": {"hash_secret"},
    "core/base/log.c": {"max_level", "line_format", "ring", "turn"},
    "core/base/random.c": {"block", "left"},  # bytes read ahead from the kernel
}
ALLOWED_TYPE = re.compile(r"\bstruct log_limit\b")  # log.h: one per place that logs
CONSTANT = re.compile(r"\bconst\b")
DECLARATION_START = re.compile(r"^[A-Za-z_]")
STATIC_LOCAL = re.compile(r"^\s+static\s+(?!inline\b|_Static)(.*)$")
NAME = re.compile(r"(\w+)\s*(?:\[[^\]]*\]\s*)*(?:=|;|,|$)")


def declaration(lines, number):
    """The first line of the file-scope declaration that line `number` is in: of a struct's variable, the struct's."""
    while number > 1 and not DECLARATION_START.match(lines[number - 1]):
        number -= 1
    return lines[number - 1]


def check(tree):
    if not ctags.available():
        yield "core", 1, ctags.MISSING
        return
    files = tree.named(".c", under=("core",))
    for tag in ctags.tags(tree, files, "v"):
        line = declaration(tree.lines(tag.file), tag.line)
        if not CONSTANT.search(line) and tag.name not in ALLOWED.get(tag.file, ()):
            yield tag.file, tag.line, f"{tag.name} is a global variable"
    for name in files:
        for number, line in enumerate(code_lines(tree.text(name)), 1):
            m = STATIC_LOCAL.match(line)
            if not m or CONSTANT.search(line) or ALLOWED_TYPE.search(line) or "(" in line.split("=")[0]:
                continue
            variable = NAME.search(m[1])
            if variable and variable[1] not in ALLOWED.get(name, ()):
                yield name, number, f"{variable[1]} is a static variable"
