"""check_shares.py ONE.json RANKS:PLAN.json...: what `llmc plan` says of one rank of
RANKS beside a program for one device. RANKS 0 stands for stage 0, where nothing is
shared out. Padding is at most 64 elements for each rank and section, two in all."""

import json
import sys


def read(path):
    return {arena["name"]: arena["bytes"] for arena in json.load(open(path))["arenas"]}


one = read(sys.argv[1])
assert "communication" not in one, "one device communicates"
for argument in sys.argv[2:]:
    ranks, path = argument.split(":", 1)
    share = int(ranks) or 1
    found = read(path)
    padding = 2 * 64 * 8
    for name in ("parameters", "moment1", "moment2"):
        least = one[name] / share
        assert least <= found[name] <= least + 4 * padding, (argument, name, found)
    for name in ("gradients", "compute"):
        assert one[name] <= found[name] <= one[name] + 4 * padding, (argument, name)
    assert found["activations"] == one["activations"], argument
    assert found["communication"] > 0, argument
