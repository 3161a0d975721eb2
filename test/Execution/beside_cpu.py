"""Compiles a model for the CPU and for the emulated GPU, and compares steps.

    beside_cpu.py SHAPE|MODEL.mlir --to DIR --driver FILE [--precision f32 ...]

The same first weights and batches; each step's loss and norm, and the first
step's gradients, must agree within the tolerance of the precision. Prints a
line for each comparison, exits 1 if off.
"""

import argparse
import os
import shlex
import subprocess
import sys
import time

import compare
import make_weights
import shapes

# Loss, gradient norm, gradients. bf16 rounds each stored value by up to 2^-9.
TOLERANCES = {"f32": (1e-5, 1e-5, 1e-5), "bf16": (2e-3, 1.5e-2, 2e-2)}


def run(command, **more):
    begin = time.monotonic()
    result = subprocess.run(command, env={**os.environ, **more})
    if result.returncode:
        sys.exit(f"error: {shlex.join(command)}: exit status {result.returncode}")
    return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model")
    parser.add_argument("--to", required=True)
    parser.add_argument("--llmc", default="llmc")
    parser.add_argument("--driver", required=True)
    parser.add_argument("--precision", nargs="+", default=["f32", "bf16"])
    parser.add_argument("--vocabulary", type=int, default=256)
    parser.add_argument("--compile", default="", help="options of llmc")
    parser.add_argument("--train", default="", help="options of the program")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--loss-only", action="store_true")
    args = parser.parse_args()

    os.makedirs(args.to, exist_ok=True)
    path = os.path.join(args.to, args.model + ".mlir")
    vocabulary, compile_options, train = args.vocabulary, args.compile, args.train
    if args.model in shapes.SHAPES:
        text, vocabulary, compile_options, train = shapes.SHAPES[args.model]
        with open(path, "w") as file:
            file.write(text)
    else:
        path = args.model
    stem = os.path.join(args.to, os.path.basename(path).removesuffix(".mlir"))
    make_weights.write_data(stem + ".data", 4096, vocabulary)

    def train_with(name, options, **environment):
        out, gradients = f"{stem}.{name}.out", f"{stem}.{name}.gradients"
        program = f"{stem}.{name}"
        subprocess.run(["rm", "-rf", out])
        compiled = run(
            [args.llmc, "compile", path, "-o", program]
            + shlex.split(compile_options) + options
        )
        trained = run(
            [program, "--data", stem + ".data", "--out", out, "--quiet"]
            + ["--steps", str(args.steps), "--dump-gradients", gradients]
            + ["--lr", "3e-3", "--warmup", "0", "--schedule", "constant"]
            + shlex.split(train),
            **environment,
        )
        print(f"{stem} {name}: compiled {compiled:.1f} s, ran {trained:.1f} s", flush=True)
        return out + "/metrics.jsonl", gradients

    expected = train_with("cpu", ["--target=cpu"])
    errors = []
    for precision in args.precision:
        found = train_with(
            precision,
            ["--arch=emulated", f"--precision={precision}"],
            LLMC_CUDA_DRIVER=args.driver,
        )
        loss, norm, gradient = TOLERANCES[precision]
        errors += compare.compare_curve(found[0], expected[0], (loss, norm))
        if not args.loss_only:
            errors += compare.compare_gradients(found[1], expected[1], (gradient,))
    for error in errors:
        print("error:", error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
