"""Checks verdict and predicted step of llmc plan --json.

    check_policy.py PLAN.json [--ranks N] [--fits yes|no]
"""

import argparse
import json
import math

parser = argparse.ArgumentParser()
parser.add_argument("plan")
parser.add_argument("--ranks", type=int, default=1)
parser.add_argument("--fits", choices=("yes", "no"), default="yes")
options = parser.parse_args()
with open(options.plan, encoding="utf-8") as file:
    plan = json.load(file)


def close(a, b):
    assert math.isclose(a, b, rel_tol=1e-9), (a, b)


verdict, step = plan["verdict"], plan["step"]
arenas = {a["name"]: a["bytes"] for a in plan["arenas"] if not a["host"]}
# Each arena is counted once, and where it belongs.
device = verdict["device"]
assert verdict["device_bytes"] == sum(device.values()) + verdict["reserved_bytes"]
assert sum(device.values()) == plan["total_bytes"]
assert sum(verdict["host"].values()) == plan["host_bytes"]
assert device["activations"] == arenas["activations"]
buffers = arenas.get("communication", 0) + arenas.get("staging", 0)
assert device["communication"] == buffers
assert verdict["fits"] == (options.fits == "yes")
excess = max(0, verdict["device_bytes"] - verdict["device_limit"])
assert verdict["excess_device_bytes"] == excess
assert verdict["fits"] == (excess == 0 and verdict["excess_host_bytes"] == 0)

# A step is its parts.
parts = ("forward", "backward", "update", "exposed", "exposed_copy")
assert all(step[part + "_seconds"] >= 0 for part in parts)
close(step["seconds"], sum(step[part + "_seconds"] for part in parts))
close(step["tokens_per_second"], step["tokens"] / step["seconds"])
ranks, batches = verdict["gpus"], step["micro_batches"]
assert ranks == options.ranks
assert step["tokens"] == ranks * batches * verdict["batch"] * verdict["sequence"]
# A step's first micro-batch stores its gradients, its last one sums over ranks.
sums = ranks > 1 and verdict["zero"] < 2
counts = {"first_micro_step": 1, "micro_step": batches - 1, "update": 1}
if sums:
    counts |= {"micro_step": batches - 2, "last_micro_step": 1}
if batches == 1:
    counts = {"only_micro_step" if sums else "first_micro_step": 1, "update": 1}
counts = {name: runs for name, runs in counts.items() if runs}
assert counts == {name: f["runs"] for name, f in step.items() if isinstance(f, dict)}
# The kernels' sum of one micro-batch is what the streams ran.
first = step[next(iter(counts))]
close(
    plan["kernels"]["seconds"],
    first["compute_seconds"] + step["update"]["compute_seconds"],
)
functions = {f["name"]: f["kernels"] for f in plan["kernels"]["functions"]}
close(
    plan["kernels"]["seconds"],
    sum(k["runs"] * k["seconds"] for name in ("first_micro_step", "update") for k in functions[name]),
)
for kernel in (k for kernels in functions.values() for k in kernels):
    assert kernel["grid"] and kernel["threads"] > 0 and kernel["registers"] > 0 and not kernel["registers_reported"]
    assert kernel["blocks_per_sm"] > 0 and 0 < kernel["fill"] <= 1
if batches > 2:
    # To store costs less than to add.
    assert first["compute_seconds"] < step["micro_step"]["compute_seconds"]
    assert first["copied_bytes"] <= step["micro_step"]["copied_bytes"]
assert 0 < plan["kernels"]["peak_share"] < 1 and 0 < plan["kernels"]["fill"] <= 1

# Transfers of a sort run one at a time, and cost what the kernels wait for.
COPIES = ("to_device", "to_host")
sent = copied = 0
for name, runs in counts.items():
    function = step[name]
    ends = {}
    exposed = {False: 0, True: 0}
    for transfer in function["transfers"]:
        is_copy = transfer["kind"] in COPIES
        stream = transfer["kind"] if is_copy else "collectives"
        assert transfer["begin_seconds"] >= ends.get(stream, 0)
        ends[stream] = transfer["end_seconds"]
        assert transfer["end_seconds"] > transfer["begin_seconds"]
        exposed[is_copy] += transfer["exposed_seconds"]
    close(function["exposed_seconds"], exposed[False])
    close(function["exposed_copy_seconds"], exposed[True])
    total = function["compute_seconds"] + sum(exposed.values())
    assert max(ends.values(), default=0) <= total + 1e-12
    sent += runs * function["sent_bytes"]
    copied += runs * function["copied_bytes"]
assert step["pcie_bytes"] + step["network_bytes"] == sent + copied
if ranks == 1:
    assert sent == 0 and step["exposed_seconds"] == 0
elif verdict["zero"] == 0:
    # A ring's all-reduce sends 2 (N - 1) / N of the bytes of all gradients.
    reduced = 2 * (ranks - 1) * (arenas["gradients"] // ranks)
    last = "last_micro_step" if batches > 1 else "only_micro_step"
    assert step[last]["sent_bytes"] == reduced
    assert step["update"]["sent_bytes"] <= 1 << 20

# The search chose the fastest of what fits, and says why not the others.
if "looked_at" in plan:
    assert all(policy["reason"] for policy in plan["looked_at"])
    chosen = [p for p in plan["looked_at"] if p["reason"] == "chosen"]
    assert len(chosen) == (1 if verdict["fits"] else 0)
    for policy in plan["looked_at"]:
        fits = policy["device_bytes"] <= verdict["device_limit"]
        assert fits == ("too much on a device" not in policy["reason"])
        if fits and chosen:
            assert policy["tokens_per_second"] <= chosen[0]["tokens_per_second"]
    if chosen:
        assert chosen[0]["device_bytes"] == verdict["device_bytes"]
        close(chosen[0]["step_seconds"], step["seconds"])
    assert bool(plan["advice"]) <= (not verdict["fits"])
