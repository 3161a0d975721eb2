"""check_memory.py LOG PERCENT [--peaks N]: the peaks that a run reports, N of
them (1), are within PERCENT of their plan, above or below (a negative PERCENT is
never met)."""

import argparse
import re
import sys

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("log")
parser.add_argument("percent", type=float)
parser.add_argument("--peaks", type=int, default=1)
options = parser.parse_args()

found = re.findall(
    r"^memory: (?:.*: )?peak .* planned \(([+-][0-9.]+) %\)",
    open(options.log).read(),
    re.M,
)
if len(found) != options.peaks:
    sys.exit(f"{options.log}: {len(found)} lines 'memory: peak ... planned "
             f"(... %)', expected {options.peaks}")  # fmt: skip
for share in found:
    print(f"{share} % off the plan")
    if abs(float(share)) > options.percent:
        sys.exit(f"{options.log}: peak is {share} % off the plan, allowed "
                 f"{options.percent} %")  # fmt: skip
