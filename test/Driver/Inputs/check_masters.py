"""Checks that masters in bf16 save 4 bytes a parameter, and nothing else changes."""

import json
import sys

plans = []
for path in sys.argv[1:]:
    with open(path) as file:
        plans.append(json.load(file))
wide, narrow = [{a["name"]: a["bytes"] for a in plan["arenas"]} for plan in plans]

saved = wide.pop("parameters")
assert narrow == wide, (wide, narrow)
assert saved == narrow["gradients"] == 2 * narrow["compute"]
assert plans[0]["total_bytes"] - plans[1]["total_bytes"] == saved

# Padding included: 64 elements a parameter at the most.
elements = sum(v["bytes"] // 2 for v in plans[1]["variables"] if v["arena"] == "compute")
assert 4 * elements <= saved <= 4 * (elements + 64 * len(plans[1]["variables"]))
