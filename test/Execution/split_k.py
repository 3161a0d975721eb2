"""Has PARTS blocks share the depth of each weight gradient that allows it.

    split_k.py SCHEDULES.json PARTS    prints the schedules, changed
"""

import json
import sys

with open(sys.argv[1]) as file:
    schedules = json.load(file)
changed = 0
for section in schedules["schedules"]:
    for entry in section["kernels"]:
        kernel = entry["kernel"]
        if kernel.startswith("gemm: linear_weight_grad") and kernel.endswith("-> ()"):
            entry["schedule"]["block_k"] = 32
            entry["schedule"]["split_k"] = int(sys.argv[2])
            changed += 1
if not changed:
    sys.exit("error: no weight gradient that is accumulated and nothing else")
json.dump(schedules, sys.stdout)
