# SPDX-License-Identifier: Apache-2.0
"""Scripts parse, can be executed, and shellcheck has no warning; JSON files are JSON."""
import ast
import json
import os
import re
import shutil
import subprocess

SHELL = re.compile(r"^#!\s*(?:/usr/bin/env\s+|/(?:usr/)?bin/)(ba|da)?sh\b")
GCC_LINE = re.compile(r"^(.*?):(\d+):\d+: (?:error|warning|note|style): (.*)$")


def is_shell(tree, name):
    return name.endswith(".sh") or bool(SHELL.match(tree.text(name)[:80]))


def check_shell(tree, names):
    whole = []
    for name in names:
        done = subprocess.run(["bash", "-n", name], cwd=tree.root, capture_output=True, text=True)
        if done.returncode != 0:
            m = re.search(r"line (\d+): (.*)", done.stderr)
            yield name, int(m[1]) if m else 1, m[2] if m else "bash -n fails"
        else:
            whole.append(name)
    if not whole:
        return
    if not shutil.which("shellcheck"):
        tree.note("shellcheck is not installed: shell scripts are only parsed")
        return
    done = subprocess.run(["shellcheck", "--external-sources", "--severity=warning", "--format=gcc", *whole],
                          cwd=tree.root, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        m = GCC_LINE.match(line)
        if m:
            yield m[1], int(m[2]), m[3]


def check_parse(tree, name):
    try:
        if name.endswith(".json"):
            json.loads(tree.text(name))
        else:
            ast.parse(tree.text(name))
    except (json.JSONDecodeError, SyntaxError) as error:
        yield name, error.lineno or 1, error.msg


def check(tree):
    yield from check_shell(tree, [f for f in tree.files if is_shell(tree, f)])
    for name in tree.files:
        text = tree.text(name)
        if name.endswith((".json", ".py")) or re.match(r"#!.*python", text):
            yield from check_parse(tree, name)
        if text.startswith("#!") and not os.access(tree.path(name), os.X_OK):
            yield name, 1, "begins with #! but is not executable"
