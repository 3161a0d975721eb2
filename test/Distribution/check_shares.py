"""check_shares.py MODEL OPTIONS..: what a rank keeps falls as 1/N, stage by stage.

Runs `llmc plan --json` for 1, 2, 4 and 8 ranks and compares arenas: those that
a stage shares out have an N-th of one rank's bytes, but for padding, fewer than
64 elements for each rank and unit; the others have all.
"""

import json
import subprocess
import sys

model, *options = sys.argv[1:]
UNITS = 40  # more than these models have
STATE = ("parameters", "compute", "gradients", "moment1", "moment2")


def plan(*more):
    text = subprocess.run(["llmc", "plan", model, "--json", *options, *more],
                          stdout=subprocess.PIPE, check=True).stdout  # fmt: skip
    return {arena["name"]: arena["bytes"] for arena in json.loads(text)["arenas"]}


one, failures = plan(), 0
copies = "compute" in one
shared = {
    1: {"moment1", "moment2"} | ({"parameters"} if copies else set()),
    2: {"gradients"},
    3: {"compute" if copies else "parameters"},
}
for ranks in (2, 4, 8):
    parts = set()
    for zero in (0, 1, 2, 3):
        parts |= shared.get(zero, set())
        found = plan(f"--gpus={ranks}", f"--zero={zero}")
        for name in filter(one.get, STATE):
            share = ranks if name in parts else 1
            padding = UNITS * 64 * ranks * 4
            if not 0 <= found[name] * share - one[name] <= padding:
                failures += 1
                print(f"{ranks} ranks, stage {zero}: {found[name]} bytes of {name}, "
                      f"expected 1/{share} of {one[name]}")  # fmt: skip
        total = sum(found[name] for name in filter(one.get, STATE))
        print(f"{ranks} ranks, stage {zero}: {total} bytes of state, of one rank "
              f"{sum(map(one.get, filter(one.get, STATE)))}")  # fmt: skip
sys.exit(f"{failures} failures" if failures else 0)
