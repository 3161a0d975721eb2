"""Checks a memory plan (llmc plan --json) by brute force: tensors that live at
the same time do not overlap, sums agree, packing is close to its bound."""

import json
import sys

with open(sys.argv[1]) as file:
    plan = json.load(file)

arenas = {arena["name"]: arena["bytes"] for arena in plan["arenas"]}
total = sum(bytes * (plan["threads"] if name == "workspace" else 1) for name, bytes in arenas.items())
assert total == plan["total_bytes"], (total, plan["total_bytes"])
assert arenas["parameters"] == arenas["gradients"] == arenas["moment1"] == arenas["moment2"]
assert arenas["workspace"] > 0
# What the text says and the arenas are: parts of the verdict's totals.
for place, host in (("device", False), ("host", True)):
    for name, bytes in plan["verdict"][place].items():
        parts = [a for a in plan["arenas"] if a["part_of"] == name and a["host"] == host]
        assert bytes == sum(a["bytes"] * (plan["threads"] if a["name"] == "workspace" else 1) for a in parts)
assert all(arena["text"] for arena in plan["arenas"])
assert plan["model"].endswith(".mlir") and plan["target"] == "cpu" and plan["precision"] == "f32"
peak = max(plan["functions"], key=lambda function: function["packed_bytes"])
alive = [t for t in plan["tensors"] if t["function"] == peak["name"] and t["is_at_peak"]]
offsets = {t["offset"]: t for t in alive}
assert sum(kind["tensors"] for kind in plan["peak_kinds"]) == len(offsets)
assert sum(kind["bytes"] for kind in plan["peak_kinds"]) == peak["lower_bound_bytes"]
parameters = sum(v["bytes"] for v in plan["variables"] if v["arena"] == "parameters")
padding = 256 * len(plan["variables"])
assert parameters <= arenas["parameters"] <= parameters + padding

for function in plan["functions"]:
    tensors = [t for t in plan["tensors"] if t["function"] == function["name"]]
    assert len(tensors) == function["tensors"]
    for index, a in enumerate(tensors):
        assert a["offset"] % 64 == 0
        assert a["offset"] + a["bytes"] <= arenas["activations"]
        for b in tensors[index + 1 :]:
            if a["first"] <= b["last"] and b["first"] <= a["last"]:
                apart = a["offset"] + a["bytes"] <= b["offset"] or b["offset"] + b["bytes"] <= a["offset"]
                # Written in place: one ends where the other begins.
                in_place = a["last"] == b["first"] and a["offset"] == b["offset"] and a["bytes"] == b["bytes"]
                assert apart or in_place, (a, b)
    assert function["packed_bytes"] >= function["lower_bound_bytes"]
    assert function["packed_bytes"] <= 1.05 * function["lower_bound_bytes"], function
assert max(f["packed_bytes"] for f in plan["functions"]) == arenas["activations"]
