# SPDX-License-Identifier: Apache-2.0
"""C files are formatted by clang-format 14 (Debian 12's), by .clang-format. Versions differ in details, hence one."""
import os
import re
import shutil
import subprocess

VERSION = "14"
LINE = re.compile(r"^(.*?):(\d+):\d+: (?:error|warning): (.*?)(?: \[-W.*\])?$")


def find():
    """(program, None) or (None, why not)."""
    chosen = os.environ.get("CLANG_FORMAT")
    if chosen:
        return (chosen, None) if shutil.which(chosen) else (None, f"CLANG_FORMAT={chosen} is no program")
    for name in (f"clang-format-{VERSION}", "clang-format"):
        if shutil.which(name):
            out = subprocess.run([name, "--version"], capture_output=True, text=True).stdout
            if re.search(rf"version {VERSION}\.", out):
                return name, None
    return None, f"clang-format {VERSION} is not installed (or name another one in CLANG_FORMAT)"


def check(tree):
    files = tree.c_files()
    if not files:
        return
    program, why = find()
    if not program:
        yield ".clang-format", 1, why
        return
    done = subprocess.run([program, "--dry-run", "--style=file", *files], cwd=tree.root, capture_output=True, text=True)
    places = {}
    for line in done.stderr.splitlines():
        m = LINE.match(line)
        if m:
            places.setdefault(m[1], set()).add(int(m[2]))
    for name, lines in sorted(places.items()):
        more = f", and {len(lines) - 1} more" if len(lines) > 1 else ""
        yield name, min(lines), f"not as clang-format writes it{more} (tests/check/run --fix)"
    if done.returncode != 0 and not places:
        yield ".clang-format", 1, (done.stderr.strip().splitlines() or ["clang-format failed"])[0]


def fix(tree):
    program, _ = find()
    if program and tree.c_files():
        subprocess.run([program, "-i", "--style=file", *tree.c_files()], cwd=tree.root, check=True)
