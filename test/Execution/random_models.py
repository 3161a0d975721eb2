"""Random models beside the interpreter: other graphs than models/ and shapes.py have.

    random_models.py --to DIR --llmc LLMC --interpret FILE [--driver FILE]
                     [--first SEED] [--count N] [--minutes M]

Each seed is a model, a shape and options of the compiler (random_graphs.py). The CPU's
program trains two steps. The first one's loss and gradients must be llmc-interpret's,
in f64, from the same weights, the second one's loss that of the weights saved between
them, and the held-out loss that of the last ones. With --driver the emulated GPU's
programs, in f32 and bf16, train beside it; heads of a size that it has no blocks for it
may decline, which is printed. Exits 1 if any seed fails, naming it; its files stay in
DIR.
"""

import argparse
import math
import os
import random
import re
import shutil
import subprocess
import sys
import time

import make_weights
import safetensors
from compare import read_held_out, read_steps
from random_graphs import Writer

# Relative errors of losses and of gradients, against the interpreter's.
TOLERANCES = {"cpu": (1e-5, 1e-4), "f32": (1e-5, 1e-4), "bf16": (1e-2, 6e-2)}
# A gradient that is a sum of large terms which cancel may be off by so much of all.
CANCELLING = {"cpu": 1e-5, "f32": 1e-5, "bf16": 2e-2}

class Declined(Exception):
    """What a target said that it cannot do."""


# Not a multiple of 16, on a GPU: the one thing that models here may be declined for.
DECLINED = re.compile(r".*error: 'model\.\w+' op head size \d+ (is|fits) no.*")


def run(command, may_decline=False, **environment):
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    declined = DECLINED.match(done.stdout)
    if may_decline and done.returncode == 1 and declined:
        raise Declined(declined.group())
    if done.returncode:
        raise AssertionError(
            f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}"
        )
    return done.stdout


def gradient_errors(found, exact, scale, precision):
    """Every tensor's error; `found` are sums over micro-batches of `scale`."""
    found, exact = safetensors.read(found), safetensors.read(exact)
    assert set(found) == set(exact), f"gradients: {set(found) ^ set(exact)}"
    norms = {n: math.sqrt(sum(b * b for b in y)) for n, (_, y) in exact.items()}
    whole = math.sqrt(sum(norm * norm for norm in norms.values()))
    for name, (_, x) in found.items():
        y = exact[name][1]
        error = math.sqrt(sum((a / scale - b) ** 2 for a, b in zip(x, y)))
        limit = TOLERANCES[precision][1] * norms[name] + CANCELLING[precision] * whole
        if not error <= limit:
            yield f"{precision}: gradient of {name}: off by {error:.1e}, its norm is {norms[name]:.1e}"


class Trial:
    """One seed's files and runs."""

    def __init__(self, seed, args):
        self.args, self.seed = args, seed
        chance = random.Random(seed)
        self.writer = writer = Writer(chance)
        self.folder = os.path.join(args.to, str(seed))
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        with open(self.file("model.mlir"), "w") as file:
            file.write(writer.model())
        self.options = writer.options()
        tokens = writer.batch * writer.accumulate * writer.sequence
        make_weights.write_data(self.file("data"), tokens + 1, writer.vocabulary)

    def file(self, name):
        return os.path.join(self.folder, name)

    def interpret(self, *options, shard="train"):
        text = run(
            [self.args.interpret, self.file("model.mlir"), "--batch"]
            + [str(self.writer.batch * self.writer.accumulate), "--seq"]
            + [str(self.writer.sequence), "--tokens", self.file(f"data/{shard}.bin")]
            + list(options)
        )
        return float(text.split("loss")[1].split()[0])

    def train(self, target):
        """Two steps on a target; their losses, the file of gradients, and the folder."""
        options = ["--target=cpu"]
        if target != "cpu":
            options = ["--arch=emulated", f"--precision={target}", "--cache=off"]
        program, out = self.file(target), self.file(target + ".out")
        run(
            [self.args.llmc, "compile", self.file("model.mlir"), "-o", program]
            + self.options
            + options,
            may_decline=target != "cpu",
        )
        gradients = self.file(target + ".gradients")
        run(
            [program, "--data", self.file("data"), "--out", out, "--quiet"]
            + ["--init-from", self.file("first.safetensors"), "--steps", "2"]
            + ["--save-every", "1", "--warmup", "0", "--lr", "1e-3", "--threads", "2"]
            + ["--accumulate", str(self.writer.accumulate)]
            + ["--eval-batches", str(self.writer.accumulate)]
            + ["--dump-gradients", gradients, "--schedule", "constant"],
            LLMC_CUDA_DRIVER=self.args.driver or "",
        )
        losses = [step["loss"] for step in read_steps(out + "/metrics.jsonl")]
        return losses, gradients, out

    def errors(self):
        exact = self.file("exact.gradients")
        first = self.interpret(
            "--write-weights", self.file("first.safetensors"), "--gradients", exact
        )
        targets = ["cpu"] + (["f32", "bf16"] if self.args.driver else [])
        for target in targets:
            try:
                losses, gradients, out = self.train(target)
            except Declined as what:
                print(f"  {target}: {what}")
                continue
            saved = os.path.join(out, "step_00000{}/model.safetensors").format
            second = self.interpret("--weights", saved(1))
            last = self.interpret("--weights", saved(2), shard="val")
            names = "step 1", "step 2", "held out"
            losses += read_held_out(out + "/metrics.jsonl")[-1:]
            assert len(losses) == 3, f"{target}: losses {losses}"
            for name, loss, expected in zip(names, losses, (first, second, last)):
                if not abs(loss / expected - 1) <= TOLERANCES[target][0]:
                    yield f"{target}: {name}: loss {loss}, expected {expected}"
            yield from gradient_errors(
                gradients, exact, self.writer.accumulate, target
            )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--to", required=True)
    parser.add_argument("--llmc", default="llmc")
    parser.add_argument("--interpret", default="llmc-interpret")
    parser.add_argument("--driver", help="that of the emulator; without, CPU only")
    parser.add_argument("--first", type=int, default=0, metavar="SEED")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=math.inf)
    args = parser.parse_args()
    end = time.monotonic() + 60 * args.minutes
    failed, seeds = [], range(args.first, args.first + args.count)
    for seed in seeds:
        if time.monotonic() > end:
            seeds = range(args.first, seed)
            break
        trial = Trial(seed, args)
        print(f"seed {seed}: {' '.join(trial.options)}", flush=True)
        try:
            errors = list(trial.errors())
        except AssertionError as error:
            errors = [str(error)]
        for error in errors:
            print("  error:", error, flush=True)
        if errors:
            failed.append(seed)
        else:
            shutil.rmtree(trial.folder)
    print(f"{len(seeds)} models, {len(failed)} failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
