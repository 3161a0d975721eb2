"""What is rounded by chance has the same bits however the update is cut.

    narrow_ranks.py MODEL DIR NCCL

Compiles Inputs/MODEL.mlir with masters and moments in bf16 for one emulated GPU and
for two in each stage of ZeRO, with and without optimizer state in the host's memory:
AdamW runs over all parameters at once, bucket by bucket or shard by shard. Chance
follows from an element's index among all parameters, so that the weights and both
moments are the same bits, and losses those of one GPU within what bf16 can tell. A
run on two GPUs that stopped goes on with the same bits in another stage, and on one
GPU with losses as close.
"""

import os
import shutil
import sys

from training import compare, enter, model_file, run, same_state

model, directory, nccl = sys.argv[1], sys.argv[2], os.path.abspath(sys.argv[3])
STEPS = 4
RANKS = {1: ["0"], 2: ["0", "1", "2", "3"]}

enter(directory, model)


def train(name, out, ranks, *start):
    run("./" + name, "--data", "data", *start, "--out", out, "--accumulate",
        str(2 // ranks), "--steps", str(STEPS), "--save-every", "2", "--keep", "0",
        "--lr", "1e-3", "--warmup", "1", "--threads", "1", "--quiet",
        LLMC_NCCL=nccl, LLMC_EMULATOR_FAULTS=f"devices={ranks}")  # fmt: skip


def build_and_train(name, ranks, zero, *offload):
    run("llmc", "compile", model_file(model), "--arch=emulated", "--masters=bf16",
        "--moments=bf16", "--batch", "3", "--seq", "19", "--bucket", "24",
        "--gpus", str(ranks), f"--zero={zero}", *offload, "-o", name)  # fmt: skip
    train(name, "out-" + name, ranks, "--init-from", "first.safetensors")
    return "out-" + name


def same(first, second):
    same_state(first, second, STEPS)
    print(f"{first} and {second}: the same bits")


def close(first, second):
    print(compare("curve", *(f"{out}/metrics.jsonl" for out in (first, second)),
                  "--tolerance", "3e-3", "--norm-tolerance", "2e-2"))  # fmt: skip


firsts = []
for ranks, stages in RANKS.items():
    outs = []
    for zero in stages:
        name = f"{ranks}-{zero}"
        outs.append(build_and_train(name, ranks, zero))
        outs.append(build_and_train(f"{name}-host", ranks, zero, "--offload=optimizer"))
    for out in outs[1:]:
        same(out, outs[0])
    firsts.append(outs[0])
close(*firsts)
for name, ranks in (("2-1", 2), ("1-0", 1)):
    out = "out-on-" + name
    shutil.copytree("out-2-3", out)
    shutil.rmtree(f"{out}/step_{STEPS:06}")
    train(name, out, ranks, "--resume")
    if ranks == 2:
        same(out, "out-2-3")
    else:
        close(out, "out-2-3")
