# SPDX-License-Identifier: Apache-2.0
"""Every source file names its licence in one of its first three lines."""
import os

LINE = "SPDX-License-Identifier: Apache-2.0"
SUFFIXES = (".c", ".h", ".in", ".cmake", ".txt", ".sh", ".py", ".mjs", ".cjs", ".js", ".css", ".html", ".svg", ".conf",
            ".service", ".yml", ".yaml", ".toml", ".template", ".supp", ".dict", ".lua")
NAMES = {"Dockerfile", "Makefile", ".clang-format", ".clang-tidy", ".dockerignore", ".gitattributes", ".editorconfig"}


def wants_line(tree, name):
    base = os.path.basename(name)
    if base in NAMES or base.startswith("Dockerfile.") or base.endswith(SUFFIXES):
        return True
    return "." not in base and tree.text(name).startswith("#!")


def check(tree):
    for name in tree.files:
        if wants_line(tree, name) and not any(LINE in line for line in tree.lines(name)[:3]):
            yield name, 1, f"no line '{LINE}' at the top"
