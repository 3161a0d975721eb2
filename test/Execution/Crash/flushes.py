#!/usr/bin/env python3
"""Checks that a loss of power finds whole checkpoints.

usage: flushes.py LOG OUT

LOG is what flushes.c wrote of a run with --out OUT. Until a file is flushed the
disk may have none of it, and until its directory is, not even its name. So
files and their directory are flushed before the directory gets the name of a
checkpoint, the directory above before `latest` names it, and all before the
program ends.
"""

import os
import sys


def fail(number, message):
    sys.exit(f"line {number}: {message}")


def main():
    log, out = sys.argv[1], os.path.abspath(sys.argv[2])
    paths = {}  # of descriptors
    written = set()  # files with bytes that were not flushed
    named = {}  # directory: names in it that were not flushed
    checkpoints = latest = 0
    number = 0
    for number, line in enumerate(open(log), 1):
        what, *rest = line.split()
        if what == "open":
            path = paths[rest[0]] = os.path.abspath(rest[1])
            # New or not: that it may be new is what counts.
            if path.startswith(out + os.sep) and not os.path.isdir(path):
                named.setdefault(os.path.dirname(path), set()).add(path)
        elif what == "write" and rest[0] in paths:
            written.add(paths[rest[0]])
        elif what == "flush":
            path = paths[rest[0]]
            written.discard(path)
            named.pop(path, None)
        elif what == "rename":
            source, target = map(os.path.abspath, rest)
            inside = [p for p in written if p == source or p.startswith(source + os.sep)]
            if inside:
                fail(number, f"{target} gets its name before {inside[0]} is flushed")
            if named.get(source):
                fail(number, f"{target} gets its name before the names in it are flushed")
            parent = os.path.dirname(target)
            name = os.path.basename(target)
            if name == "latest":
                latest += 1
                waiting = [n for n in named.get(parent, ()) if os.path.basename(n).startswith("step_")]
                if waiting:
                    fail(number, f"latest is written before the name {waiting[0]} is flushed")
            elif name.startswith("step_") and not name.endswith(".tmp"):
                checkpoints += 1
            moved = {p for p in named.get(parent, set()) if p != source}
            named[parent] = moved | {target}
    names = {os.path.basename(n) for n in named.get(out, ())} & {"latest"}
    if names:
        fail(number, "the program ends before latest is flushed")
    if not checkpoints or checkpoints != latest:
        sys.exit(f"{checkpoints} checkpoints were named, {latest} by latest")
    print(f"{checkpoints} checkpoints, each flushed before it was named")


main()
