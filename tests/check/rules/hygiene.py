# SPDX-License-Identifier: Apache-2.0
"""Text files are UTF-8 with Unix line ends, without blanks at line ends or a missing last one."""


def check(tree):
    for name in tree.files:
        text = tree.text(name)
        if not text:
            continue
        if not text.endswith("\n"):
            yield name, len(text.splitlines()), "no newline at the end of the file"
        for number, line in enumerate(text.split("\n"), 1):
            if line.endswith("\r"):
                yield name, number, "carriage return at the end of the line"
            elif line != line.rstrip():
                yield name, number, "blank at the end of the line"
            if "\N{REPLACEMENT CHARACTER}" in line:
                yield name, number, "not UTF-8"
