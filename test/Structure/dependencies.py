#!/usr/bin/env python3
"""Checks that folders use each other one way only.

    dependencies.py ROOT    prints each include that breaks a rule; exit status 1

Phases of the compiler know the dialects and compiler/Support, never each other:
they meet in the IR, and the pipeline alone puts them in a row. The runtime
knows nothing of the compiler but runtime/abi, which both share.
"""

import pathlib
import re
import sys

# What files below a folder may include besides each other. The longest folder
# that covers a file is the one whose rule holds.
RULES = {
    "dialects/Interfaces": [],
    "dialects/Cuda": ["dialects/Interfaces"],
    "dialects/Dist": ["dialects/Interfaces", "dialects/Train"],
    "dialects/Model": ["dialects/Interfaces"],
    "dialects/Plan": ["dialects/Interfaces"],
    "dialects/Tile": ["dialects/Interfaces"],
    "dialects/Train": ["dialects/Interfaces"],
    "compiler/Support": ["dialects"],
    "compiler/Pipeline": ["compiler", "dialects", "runtime/abi"],
    "tools/llmc": ["compiler", "dialects", "runtime/abi", "runtime/train/TokenShard.h"],
    "tools/llmc-opt": ["compiler", "dialects"],
    "tools/llmc-interpret": ["compiler", "dialects"],
    "tools/llmc-emulator": [],
    "runtime/abi": [],
    "runtime/core": [],
    "runtime/comm": ["runtime/abi", "runtime/core"],
    "runtime/device": ["runtime/abi", "runtime/core", "runtime/comm"],
    "runtime/train": ["runtime/abi", "runtime/core", "runtime/comm", "runtime/device"],
    "runtime/main.cpp": ["runtime"],
}
# Two devices and two targets, which do not know each other.
for one in ("cpu", "cuda"):
    RULES[f"runtime/device/{one}"] = [
        "runtime/device/*", "runtime/abi", "runtime/core", "runtime/comm",
    ]  # fmt: skip
for phase in (
    "Specialize", "Autodiff", "Step", "Distribution", "Fusion", "Schedule",
    "MemoryPlan", "Tiling", "Target/CPU", "Target/CUDA", "Link",
):  # fmt: skip
    RULES[f"compiler/{phase}"] = ["compiler/Support", "dialects", "runtime/abi"]

TOP = ("compiler", "dialects", "runtime", "tools")
SUFFIXES = (".h", ".cpp", ".td", ".in")
INCLUDE = re.compile(r'^\s*#?\s*include\s+["<]([^">]+)[">]')


def is_below(path, folder):
    """Whether `folder` covers `path`; `x/*` covers files in x, not its folders."""
    if folder.endswith("/*"):
        return str(pathlib.PurePath(path).parent) == folder[:-2]
    return path == folder or path.startswith(folder + "/")


def rule_of(path):
    """The folder whose rule holds for a file; None if there is none."""
    return max((one for one in RULES if is_below(path, one)), key=len, default=None)


def resolve(root, path, name):
    """The included file relative to the root; None for one that is not ours."""
    if name.split("/")[0] in TOP:
        return name
    beside = (root / path).parent / name
    if beside.exists():
        return str(beside.resolve().relative_to(root))
    if (root / "runtime" / name).exists():
        return "runtime/" + name
    return None


def includes(root, path):
    """(line, name as written, file or None) of each include of a file."""
    lines = (root / path).read_text(errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        if match := INCLUDE.match(line):
            yield number, match[1], resolve(root, path, match[1])


def find_circle(graph):
    """A list of files each of which includes the next, the last the first."""
    state = {}

    def visit(path, trail):
        state[path] = "open"
        for target in graph.get(path, []):
            if state.get(target) == "open":
                return trail[trail.index(target) :] + [target]
            if target not in state:
                if circle := visit(target, trail + [target]):
                    return circle
        state[path] = "done"
        return None

    for path in sorted(graph):
        if path not in state:
            if circle := visit(path, [path]):
                return circle
    return None


def check(root):
    errors = []
    graph = {}
    for file in sorted(p for top in TOP for p in (root / top).rglob("*")):
        path = str(file.relative_to(root))
        if file.suffix not in SUFFIXES:
            continue
        folder = rule_of(path)
        if folder is None:
            errors.append(
                f"{path}: no rule says what this folder may include; add one to "
                f"RULES of test/Structure/dependencies.py"
            )
            continue
        allowed = RULES[folder]
        for line, name, target in includes(root, path):
            if target is None:
                if folder.startswith("runtime") and re.match("(mlir|llvm)", name):
                    errors.append(
                        f"{path}:{line}: the runtime must not include '{name}': "
                        "it knows nothing of LLVM"
                    )
                continue
            graph.setdefault(path, []).append(target)
            if rule_of(target) != folder and not any(
                is_below(target, one) for one in allowed
            ):
                errors.append(
                    f"{path}:{line}: a file of {folder} must not include "
                    f"'{target}'; besides its own it may use: "
                    f"{', '.join(allowed) or 'nothing'}"
                )
    if circle := find_circle(graph):
        errors.append("files include each other: " + " -> ".join(circle))
    return errors


def main():
    if len(sys.argv) != 2 or not pathlib.Path(sys.argv[1]).is_dir():
        sys.exit("usage: dependencies.py ROOT, the folder that holds compiler/")
    errors = check(pathlib.Path(sys.argv[1]).resolve())
    for error in errors:
        print(error)
    sys.exit(1 if errors else 0)


main()
