#!/usr/bin/env python3
"""The main loops of generated kernels, and the loads that the others have in flight.

    main_loops.py [--llmc PROGRAM] [--nvdisasm PROGRAM] [MODEL OPTIONS]...

Compiles each model ("gpt2-124m.mlir --batch 16 --seq 1024") for sm_89,
disassembles its kernels and prints a table of the innermost loops that hold
mma: instructions a warp executes in an iteration. Without models: those of
main_loops.md. nvdisasm comes with the CUDA toolkit and with Python's triton;
also $LLMC_NVDISASM. Without one this prints why and does nothing.

The bound: an m16n8k16 keeps a sub-core's tensor unit busy for 32 cycles, and a
sub-core issues one instruction a cycle. `apart` is the share of the tensor
unit's cycles when nothing of a warp overlaps with its own mma; `overlapped`
when everything does, then the busier of both units rules (a sub-core computes
4 exponentials and the like a cycle: 8 cycles for a warp's). The truth lies
between, the nearer to `overlapped` the more warps a sub-core has. `exposed` are the
ldmatrix whose fragments the next mma already wants.

Kernels without mma are bound by memory. A second table has the most bytes that a
thread has asked for before it waits for the first of them (loads in the order of
the text; no iteration runs into the next), and that times the threads that the
kernel's launch bounds promise an SM. To keep 920 GB/s busy over a latency of 700 ns
each of 128 SMs needs 5 KiB in flight.
"""

import argparse
import collections
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

MMA_CYCLES = 32
SPECIAL_CYCLES = 8
KINDS = {
    "mma": {"HMMA"},
    "ldsm": {"LDSM"},
    "copy": {"LDGSTS"},
    "memory": {"LDG", "STG", "LDS", "STS"},
    "integer": {"IMAD", "IADD3", "LEA", "SHF", "LOP3", "IMNMX", "PRMT"},
    "multiply": set(),  # of "integer": those that are no moves or additions
    "float": {"FADD", "FMUL", "FFMA", "FMNMX", "F2FP"},
    "special": {"MUFU"},
    "mask": {"FSEL", "ISETP", "FSETP", "SEL"},
    "uniform": set(),  # the unit for what is the same in all lanes
    "shuffle": {"SHFL"},
    "barrier": {"BAR"},
    "other": set(),
}
MODELS = [
    "gpt2-124m.mlir --batch 16 --seq 1024",
    "llama2-7b.mlir --batch 1 --seq 2048",
]


def find_disassembler(given):
    if given:
        return shutil.which(given)
    try:
        import triton

        own = os.path.join(
            os.path.dirname(triton.__file__), "backends", "nvidia", "bin", "nvdisasm"
        )
    except ImportError:
        own = ""
    for path in [os.environ.get("LLMC_NVDISASM", ""), "nvdisasm",
                 "/usr/local/cuda/bin/nvdisasm", own]:
        if path and shutil.which(path):
            return shutil.which(path)
    return None


def parse(text):
    """Instructions, and the number of the one behind each label."""
    instructions, labels = [], {}
    for line in text.splitlines():
        label = re.match(r"(\.L_x_\d+):", line)
        if label:
            labels[label.group(1)] = len(instructions)
            continue
        found = re.match(r"\s+/\*[0-9a-f]{4,}\*/\s+(.*?)\s*;", line)
        if found:
            instructions.append(found.group(1))
    return instructions, labels


def innermost_loops(instructions, labels):
    """Ranges from a label to a branch back to it that hold no other one."""
    loops = []
    for end, text in enumerate(instructions):
        target = re.search(r"\bBRA.*`\((\.L_x_\d+)\)", text)
        # A branch to itself ends a kernel's text.
        if target and labels.get(target.group(1), end) < end:
            loops.append((labels[target.group(1)], end))
    return [
        loop for loop in loops
        if not any(o != loop and loop[0] <= o[0] and o[1] <= loop[1] for o in loops)
    ]


def kind_of(text):
    """The kind of an instruction; none of one that no lane executes."""
    if text.startswith("@!PT"):
        return None
    code = re.sub(r"^@!?U?P\w+\s+", "", text).split()[0]
    name = code.split(".")[0]
    if name == "IMAD" and not re.match(r"IMAD\.(MOV|IADD|X|SHL)", code):
        return "multiply"
    for kind, names in KINDS.items():
        if name in names:
            return kind
    return "uniform" if name.startswith("U") else "other"


def registers_of(operand, count=1):
    """The numbers of `count` registers from the one that an operand names."""
    found = re.match(r"R(\d+)", operand)
    return set(range(int(found[1]), int(found[1]) + count)) if found else set()


def count_exposed(loop):
    """The ldmatrix of a loop whose first use no mma separates from them."""
    exposed = 0
    for place, text in enumerate(loop):
        if not text.startswith("LDSM"):
            continue
        loaded = registers_of(text.split(None, 1)[1], 4)
        for later in loop[place + 1:] + loop[:place]:
            if "HMMA" not in later:
                continue
            _, left, right, _ = later.split(None, 1)[1].split(", ")
            if loaded & (registers_of(left, 4) | registers_of(right, 2)):
                exposed += 1
            break
    return exposed


def rows(name, text):
    instructions, labels = parse(text)
    for begin, end in innermost_loops(instructions, labels):
        kinds = [kind_of(text) for text in instructions[begin:end + 1]]
        counts = collections.Counter(kind for kind in kinds if kind)
        if not counts["mma"]:
            continue
        busy = counts["mma"] * MMA_CYCLES
        others = sum(counts.values()) - counts["mma"]
        slowest = max(busy, others + counts["mma"], counts["special"] * SPECIAL_CYCLES)
        yield [name] + [str(counts[kind]) for kind in KINDS] + [
            str(count_exposed(instructions[begin:end + 1])),
            f"{100 * busy / (busy + others):.0f} %", f"{100 * busy / slowest:.0f} %"]


def bytes_of(load):
    """Of an LDG, for a thread: LDG.E.128, LDG.E.U16, LDG.E."""
    for part, size in (("128", 16), ("64", 8), ("16", 2), ("8", 1)):
        if re.search(rf"\.[US]?{part}\b", load):
            return size
    return 4


def most_in_flight(instructions):
    """The most bytes that are on their way to a thread at once."""
    waiting, most = {}, 0  # {register: bytes}, oldest first
    for text in instructions:
        code, _, operands = re.sub(r"^@!?U?P\w+\s+", "", text).partition(" ")
        registers = {int(n) for n in re.findall(r"\bR(\d+)\b", operands)}
        needed = [
            first for first, size in waiting.items()
            if registers & set(range(first, first + max(size // 4, 1)))
        ]
        # Loads arrive in order.
        while needed and needed[-1] in waiting:
            del waiting[next(iter(waiting))]
        if code.startswith("LDG"):
            waiting[int(re.search(r"\bR(\d+)\b", operands)[1])] = bytes_of(code)
            most = max(most, sum(waiting.values()))
    return most


def flight_row(name, text, ptx):
    """A row of the second table; none of a kernel that multiplies or loads nothing."""
    instructions, _ = parse(text)
    loads = sum("LDG." in text for text in instructions)
    if not loads or any("HMMA" in text for text in instructions):
        return None
    threads = int(re.search(r"\.maxntid (\d+)", ptx)[1])
    blocks = int(re.search(r"\.minnctapersm (\d+)", ptx)[1])
    most = most_in_flight(instructions)
    return [name, str(loads), str(most), str(threads * blocks),
            f"{most * threads * blocks / 1024:.0f}"]


def print_table(header, rows):
    for row in [header, None, *rows]:
        print("| " + " | ".join(row) + " |" if row else "|---" * len(header) + "|")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.join(here, "..", "..", "..")
    parser.add_argument("--llmc", default=os.path.join(root, "build", "bin", "llmc"))
    parser.add_argument("--nvdisasm", default="")
    parser.add_argument("models", nargs="*", metavar="MODEL OPTIONS")
    options = parser.parse_args()
    disassembler = find_disassembler(options.nvdisasm)
    if not disassembler:
        print("main_loops.py: skipped: no nvdisasm on the path, in /usr/local/cuda/bin "
              "or in Python's triton; give one by --nvdisasm or $LLMC_NVDISASM")
        return
    models = options.models or [os.path.join(root, "models", own) for own in MODELS]
    for model in models:
        words = shlex.split(model)
        print(f"\n`{' '.join([os.path.basename(words[0])] + words[1:])}`\n")
        loops, flights = [], []
        with tempfile.TemporaryDirectory() as to:
            subprocess.run([options.llmc, "compile"] + words +
                           ["-o", os.path.join(to, "program"), f"--dump-to={to}"],
                           check=True)
            for file in sorted(os.listdir(to)):
                path, ending = os.path.splitext(os.path.join(to, file))
                if ending != ".cubin":
                    continue
                text = subprocess.run([disassembler, "-c", path + ending],
                                      check=True, capture_output=True, text=True).stdout
                name = re.sub(r"^\d+-target-", "", os.path.basename(path))
                loops += rows(name, text)
                with open(path + ".ptx") as ptx:
                    if flight := flight_row(name, text, ptx.read()):
                        flights.append(flight)
        if not loops:
            sys.exit("main_loops.py: error: no loop with mma in any kernel")
        print_table(["kernel"] + list(KINDS) + ["exposed", "apart", "overlapped"],
                    loops)
        print()
        print_table(["kernel", "loads", "bytes a thread", "threads an SM",
                     "KiB an SM"], flights)


if __name__ == "__main__":
    main()
