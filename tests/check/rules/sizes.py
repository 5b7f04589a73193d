# SPDX-License-Identifier: Apache-2.0
"""A function fits on a screen, a file holds one idea."""
import ctags

FUNCTION_LINES = 60
FILE_LINES = 400


def check(tree):
    for name in tree.c_files("core", "gateway", "loadtest"):
        count = len(tree.lines(name))
        if count > FILE_LINES:
            yield name, FILE_LINES + 1, f"{count} lines, more than {FILE_LINES}"
    if not ctags.available():
        yield "core", 1, ctags.MISSING
        return
    for tag in ctags.tags(tree, tree.c_files("core", "gateway", "loadtest", "tests"), "f"):
        count = tag.end - tag.line + 1
        # A unit test's main() is a list of its tests.
        if count > FUNCTION_LINES and not (tag.name == "main" and tag.file.startswith("tests/")):
            yield tag.file, tag.line, f"{tag.name}() has {count} lines, more than {FUNCTION_LINES}"
