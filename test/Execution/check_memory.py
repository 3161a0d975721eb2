"""check_memory.py LOG PERCENT: the peak that a run reports is within PERCENT of
its plan, above or below (a negative PERCENT is never met)."""

import re
import sys

log, limit = sys.argv[1], float(sys.argv[2])
found = re.search(r"memory: peak .* planned \(([+-][0-9.]+) %\)", open(log).read())
if not found:
    sys.exit(f"{log}: no line 'memory: peak ... planned (... %)'")
if abs(float(found.group(1))) > limit:
    sys.exit(f"{log}: peak is {found.group(1)} % off the plan, allowed {limit} %")
