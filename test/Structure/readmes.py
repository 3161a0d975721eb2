#!/usr/bin/env python3
"""Checks that READMEs name what there is.

    readmes.py ROOT    prints each name that leads nowhere; exit status 1

Looked at is what stands in `code quotes`: files of the sources, passes and tools
(llmc-...), variables of the environment (LLMC_...). A path may begin at the root, at
the README's folder or at any folder above a file; what programs write is none of it.
"""

import pathlib
import re
import sys

SOURCE = {".cpp", ".cu", ".h", ".mlir", ".py", ".sh", ".td", ".test"}
FOREIGN = {"cuda.h", "nccl.h"}
FOLDERS = "compiler dialects models runtime test tools".split()


def read(path):
    return path.read_text(encoding="utf-8", errors="replace")


def main():
    if len(sys.argv) != 2 or not pathlib.Path(sys.argv[1]).is_dir():
        sys.exit("usage: readmes.py ROOT")
    root = pathlib.Path(sys.argv[1])
    files = [
        path
        for path in [*root.glob("*"), *(p for f in FOLDERS for p in (root / f).rglob("*"))]
        if path.is_file() and not path.suffix == ".safetensors"
    ]
    places = {"/" + str(path.relative_to(root)) for path in files}
    text = "\n".join(read(path) for path in files if path.suffix != ".md")
    words = set(re.findall(r"[\w-]+", text))

    def exists(name):
        if name in FOREIGN:
            return True
        if re.fullmatch(r"(--)?llmc-[\w-]+|LLMC_[A-Z0-9_]+", name):
            # Flags and variables of a family are put together of parts.
            return name.lstrip("-") in words or name.endswith(("_", "-"))
        if pathlib.PurePath(name).suffix in SOURCE and re.fullmatch(r"[\w./-]+", name):
            end = "/" + re.sub(r"^(\.\.?/)*", "", name)
            return any(place.endswith(end) for place in places)
        return True

    errors = 0
    for path in sorted(path for path in files if path.suffix == ".md"):
        for number, line in enumerate(read(path).splitlines(), 1):
            for name in re.findall(r"`([^`]+)`", line):
                if not exists(name):
                    print(f"{path.relative_to(root)}:{number}: there is no '{name}'")
                    errors += 1
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
