# SPDX-License-Identifier: Apache-2.0
"""The files to check: what git tracks or would track, or, outside a git checkout, everything."""
import os
import re
import subprocess

SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__"}
# Data, not source: read by programs byte for byte, or written by them.
DATA = re.compile(r"(^|/)corpus/|\.(png|ico|bin|golden)$")


class Tree:
    def __init__(self, root):
        self.root = os.path.abspath(root)
        self.files = sorted(p for p in self._list() if not DATA.search(p))
        self.notes = []  # what could not be checked, and why; shown once
        self._text = {}

    def _list(self):
        if os.path.exists(os.path.join(self.root, ".git")):
            git = ["git", "-c", f"safe.directory={self.root}", "-C", self.root]
            try:
                out = subprocess.run(git + ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                     check=True, capture_output=True).stdout
                names = set(out.decode().split("\0")) - {""}
                return [n for n in names if os.path.isfile(self.path(n))]
            except (OSError, subprocess.CalledProcessError):
                pass
        found = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS]
            found += [os.path.relpath(os.path.join(folder, n), self.root) for n in names]
        return found

    def path(self, name):
        return os.path.join(self.root, name)

    def text(self, name):
        """The file's text, or "" for what is not text."""
        if name not in self._text:
            with open(self.path(name), "rb") as f:
                data = f.read()
            self._text[name] = "" if b"\0" in data else data.decode("utf-8", "replace")
        return self._text[name]

    def lines(self, name):
        return self.text(name).splitlines()

    def named(self, *suffixes, under=()):
        return [f for f in self.files
                if f.endswith(suffixes) and (not under or f.startswith(tuple(u + "/" for u in under)))]

    def c_files(self, *under):
        return self.named(".c", ".h", under=under)

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)


COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code_lines(text):
    """C without comments and without what strings hold, line by line."""
    def blank(m):
        return re.sub(r"[^\n]", " ", m.group())
    return COMMENT_OR_STRING.sub(blank, text).split("\n")
