#!/usr/bin/env python3
"""Has attention's kernels in a schedule file keep their fragments.

    keep_fragments.py SCHEDULES.json > OTHER.json
"""

import json
import sys

with open(sys.argv[1]) as file:
    schedules = json.load(file)
found = 0
for section in schedules["schedules"]:
    for kernel in section["kernels"]:
        if kernel["kernel"].startswith("attention"):
            kernel["schedule"]["keep_fragments"] = 1
            found += 1
if not found:
    sys.exit("keep_fragments.py: error: no kernel of attention")
json.dump(schedules, sys.stdout, indent=2)
