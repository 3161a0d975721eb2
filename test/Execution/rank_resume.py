"""A run saved on 4 ranks goes on with any number of them.

    rank_resume.py DIR

Trains Inputs/gpt.mlir on 4 ranks in stage 3 without a break, and again from its
checkpoint in the middle: with 1, 2, 4 and 8 ranks, in several stages, on the
same global batches. The losses and the final weights are those of the
uninterrupted run within 1e-6 relative (moments 3e-6, see ranks.py), with 4
ranks, in stage 2 as well as 3, bit for bit.
"""

import os
import shutil
import sys

from ranks import TOLERANCE
from training import compare, enter, model_file, run, state

STEPS, MIDDLE, GLOBAL = 6, 3, 8


def train(program, out, accumulate, *more):
    run(f"./{program}", "--data", "data", "--out", out, "--accumulate",
        str(accumulate), "--steps", str(STEPS), "--save-every", str(MIDDLE),
        "--keep", "0", "--lr", "1e-3", "--warmup", "2", "--epsilon", "1e-4",
        "--threads", "1", "--quiet", *more)  # fmt: skip


def main():
    enter(sys.argv[1], "gpt")

    def build(number, zero):
        name = f"{number}-{zero}"
        run("llmc", "compile", model_file("gpt"), "--target=cpu", "--batch", "2",
            "--seq", "19", "-o", name, "--gpus", str(number), f"--zero={zero}",
            "--bucket", "48")  # fmt: skip
        return name

    train(build(4, 3), "whole", GLOBAL // 4, "--init-from", "first.safetensors")
    shards = [name for name in os.listdir(f"whole/step_{MIDDLE:06}")
              if name.startswith("optimizer-")]  # fmt: skip
    if len(shards) != 4:
        sys.exit(f"expected a file of moments for each of 4 ranks, found {shards}")
    for number, zero in ((4, 3), (4, 2), (1, 0), (2, 2), (8, 1)):
        out = f"resumed-{number}-{zero}"
        program = "4-3" if (number, zero) == (4, 3) else build(number, zero)
        shutil.copytree("whole", out)
        shutil.rmtree(f"{out}/step_{STEPS:06}")
        train(program, out, GLOBAL // number, "--resume")
        same = number == 4
        tolerance = "0" if same else TOLERANCE
        print(f"{number} ranks in stage {zero}")
        print(compare("curve", f"{out}/metrics.jsonl", "whole/metrics.jsonl",
                      "--tolerance", tolerance,
                      "--norm-tolerance", tolerance), end="")  # fmt: skip
        for found, expected, limit in zip(state(out, STEPS), state("whole", STEPS),
                                          (TOLERANCE, "3e-6")):  # fmt: skip
            if same:
                compare("same", found, expected)
            else:
                print(compare("gradients", found, expected,
                              "--tolerance", limit), end="")  # fmt: skip


main()
