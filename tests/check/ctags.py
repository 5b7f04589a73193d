# SPDX-License-Identifier: Apache-2.0
"""Functions and variables of C files, by universal-ctags."""
import shutil
import subprocess
from collections import namedtuple

Tag = namedtuple("Tag", "name file line end")
MISSING = "universal-ctags is not installed"


def available():
    if not shutil.which("ctags"):
        return False
    return "Universal Ctags" in subprocess.run(["ctags", "--version"], capture_output=True, text=True).stdout


def tags(tree, files, kinds):
    if not files:
        return []
    command = ["ctags", "--quiet", "--options=NONE", "--languages=C", "--langmap=C:.c.h", f"--kinds-C={kinds}",
               "--fields=+ne", "--excmd=number", "--sort=no", "-f", "-", *files]
    out = subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=True).stdout
    found = []
    for line in out.splitlines():
        name, file, _, *fields = line.split("\t")
        extra = dict(f.split(":", 1) for f in fields if ":" in f)
        start = int(extra["line"])
        found.append(Tag(name, file, start, int(extra.get("end", start))))
    return found
