"""Checks that each entry point's packing is within 2 % of its lower bound.

    check_gap.py PLAN.json...      as llmc plan --json writes them
"""

import json
import sys


def main(files):
    worst = 0.0
    for name in files:
        with open(name, encoding="utf-8") as file:
            functions = json.load(file)["functions"]
        assert any(f["lower_bound_bytes"] for f in functions), name
        for function in functions:
            bound = function["lower_bound_bytes"]
            packed = function["packed_bytes"]
            assert packed >= bound, (name, function["name"], "below its bound")
            gap = packed / bound - 1 if bound else 0.0
            worst = max(worst, gap)
            assert gap < 0.02, (name, function["name"], f"{100 * gap:.2f} %")
    print(f"{len(files)} plans, worst gap {100 * worst:.2f} %")


if __name__ == "__main__":
    main(sys.argv[1:])
