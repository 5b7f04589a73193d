# SPDX-License-Identifier: Apache-2.0
"""Nothing unfinished, nothing of one machine: reminders, disabled code, home folders, package mirrors."""
import re

REMINDERS = "TO" "DO|FIX" "ME|X" "XX|HA" "CK"  # split, so that this file passes its own test
PATTERNS = [
    (re.compile(rf"\b({REMINDERS})\b"), "reminder: do it or open an issue"),
    (re.compile(r"(?<![\w.$}/-])/(home|Users)/[a-z]|(?<![\w.$}/-])/(root|work)/"), "path of one machine"),
    (re.compile(r"https?://(registry|deb|security|snapshot|archive|ftp|pypi|files|proxy|mirror)\.", re.I),
     "address of a package mirror"),
    (re.compile(r'^\s*"resolved"\s*:'), "lock file names a mirror (npm install --omit-lockfile-registry-resolved)"),
]
DISABLED = [
    re.compile(r"^\s*#\s*if\s+0\b"),
    re.compile(r"^\s*//.*[;{]\s*$"),
    re.compile(r"^\s*/\*\s*(?:[a-z_][\w>.\[\]* -]*\s=[^=].*;|\w+\([^)]*\);|return\b.*;|(?:if|for|while) \(.*)\s*(?:\*/)?\s*$"),
]


def check(tree):
    for name in tree.files:
        is_c = name.endswith((".c", ".h"))
        for number, line in enumerate(tree.lines(name), 1):
            for pattern, what in PATTERNS:
                m = pattern.search(line)
                if m:
                    yield name, number, f"{what}: {m.group().strip()}"
            if is_c and any(p.search(line) for p in DISABLED):
                yield name, number, "disabled code"
