"""Checks the emulator's counts of a run of one step, evaluated on one batch.

    counts.py REPORT.json SCHEDULE.mlir --heads H --head-size D --sequence T

REPORT is LLMC_EMULATOR_REPORT's, SCHEDULE what --compile-to=schedule printed.
All extents are multiples of all blocks. Of products: exactly the mma that the
arithmetic needs, no bank conflicts in main loops (ldmatrix and cp_async), no
redundant sectors. Prints a table; exits 1 if off.
"""

import argparse
import collections
import json
import re
import sys

# Multiply-adds of one mma.m16n8k16.
MMA = 16 * 8 * 16
# Products of a pair of blocks, as FlashAttention-2 has them.
PRODUCTS = {
    "attention": 2,
    "attention_query_grad": 3,
    "attention_key_value_grad": 4,
}


def attention_pairs(kind, schedule, sequence):
    """Blocks of scores that a causal mask leaves, for one head."""
    q, k = schedule["block_q"], schedule["block_k"]
    return sum(
        1
        for i in range(0, sequence, q)
        for j in range(0, sequence, k)
        if j <= i + q - 1
    )


def without_number(kernel):
    """linear_3 is linear, linear_weight_grad_3_first is linear_weight_grad_first."""
    return re.sub(r"_\d+(?=_|$)", "", kernel)


def read_kernels(path):
    with open(path) as file:
        text = file.read()
    # All entry points run once, but for those that generate text and add a second
    # micro-step.
    for entry in ("generate", "micro_step"):
        text = re.sub(rf"func.func @{entry}\(.*?\n  }}\n", "", text, flags=re.DOTALL)
    launches = collections.Counter(re.findall(r"tile.launch @(\w+)\(", text))
    for line in text.splitlines():
        match = re.search(r"tile.func @(\w+)\(.*kind = \"(\w+)\"", line)
        if not match:
            continue
        flops = int(re.search(r"flops = (\d+)", line)[1])
        grid = re.search(r"grid = array<i64: ([\d, ]+)>", line)[1]
        blocks = 1
        for extent in grid.split(","):
            blocks *= int(extent)
        schedule = re.search(r"schedule = \{(.*?)\}", line)[1]
        values = {n: int(v) for n, v in re.findall(r"(\w+) = (\d+)", schedule)}
        name, kind = match.groups()
        yield without_number(name), kind, launches[name], flops, blocks, values


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report")
    parser.add_argument("schedule")
    for name in ("heads", "head-size", "sequence"):
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument(
        "--allow",
        nargs="*",
        default=[],
        metavar="KERNEL:KEY:MOST",
        help="bank_conflicts for each block, redundant sectors for each sector",
    )
    args = parser.parse_args()
    allowed = {}
    for item in args.allow:
        kernel, key, most = item.split(":")
        allowed[kernel, key] = float(most)

    expected = collections.defaultdict(lambda: [0, 0, 0])
    kernels = read_kernels(args.schedule)
    for name, kind, launches, flops, blocks, schedule in kernels:
        mma = 0
        if kind == "gemm":
            mma = flops // 2 // MMA
        elif kind in PRODUCTS:
            pairs = attention_pairs(kind, schedule, args.sequence)
            size = schedule["block_q"] * schedule["block_k"] * args.head_size
            mma = PRODUCTS[kind] * pairs * size // MMA * args.heads
        for i, value in enumerate((1, blocks, mma)):
            if launches:
                expected[name][i] += launches * value

    errors = []
    found = collections.defaultdict(collections.Counter)
    for kernel in json.load(open(args.report))["kernels"]:
        name = without_number(kernel["name"].rsplit("_", 1)[0])
        counter = found[name]
        for key in ("launches", "blocks", "mma", "bank_conflicts"):
            counter[key] += kernel[key]
        for line in kernel["lines"]:
            if line["intrinsic"] in ("ldmatrix", "cp_async"):
                counter["loop_conflicts"] += line.get("bank_conflicts", 0)
            counter["redundant"] += line.get("redundant_sectors", 0)
            counter["sectors"] += line.get("sectors", 0)
    for name, (launches, blocks, mma) in sorted(expected.items()):
        counter = found[name]
        print(
            f"{name}: {counter['launches']} launches, {counter['blocks']} blocks, "
            f"{counter['mma']} mma, {counter['bank_conflicts']} conflicts, "
            f"{counter['redundant']} of {counter['sectors']} sectors redundant"
        )
        for key, value in (("launches", launches), ("blocks", blocks), ("mma", mma)):
            if counter[key] != value:
                errors.append(f"{name}: {counter[key]} {key}, expected {value}")
        if counter["loop_conflicts"]:
            errors.append(f"{name}: {counter['loop_conflicts']} conflicts in a loop")
        for key in ("bank_conflicts", "redundant"):
            most = allowed.pop((name, key), 0) * (
                counter["sectors"] if key == "redundant" else counter["blocks"]
            )
            if counter[key] > most:
                errors.append(f"{name}: {counter[key]} {key}, at most {most:g}")
    if set(found) != set(expected):
        errors.append(f"other kernels: {sorted(set(found) ^ set(expected))}")
    errors += [f"nothing is known of {name}" for name, _ in allowed]
    for error in errors:
        print("error:", error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
