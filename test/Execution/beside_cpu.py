"""Compiles a model for the CPU and for the emulated GPU, and compares steps.

    beside_cpu.py SHAPE|MODEL.mlir --to DIR --driver FILE [--precision f32 ...] [--ptx]

The same first weights and batches; each step's loss and norm, the first step's
gradients and the evaluations must agree within the tolerance of the precision. Prints a
line for each comparison, exits 1 if off. With --ptx the program is the one for
sm_89, and its PTX is executed.
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
    """What a command prints, all in one, and its seconds; the end if it fails."""
    begin = time.monotonic()
    result = subprocess.run(
        command,
        env={**os.environ, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",  # what a model of bytes writes is any bytes
    )
    if result.returncode:
        print(result.stdout, end="", file=sys.stderr)
        sys.exit(f"error: {shlex.join(command)}: exit status {result.returncode}")
    return result.stdout, time.monotonic() - begin


class Comparison:
    """One model at one shape: its CPU program, and others beside it."""

    def __init__(
        self, llmc, model, stem, data, compile_options, train_options, rate="3e-3"
    ):
        self.llmc, self.model, self.stem, self.data = llmc, model, stem, data
        self.compile_options = shlex.split(compile_options)
        self.train_options = ["--lr", rate, *shlex.split(train_options)]
        self.compile_log = ""
        self.expected = self.train("cpu", ["--target=cpu"])

    def train(self, name, options, **environment):
        """The files with the steps and with the first step's gradients."""
        program = f"{self.stem}.{name}"
        out, gradients = program + ".out", program + ".gradients"
        subprocess.run(["rm", "-rf", out], check=True)
        compile = [self.llmc, "compile", self.model, "-o", program, "--verbose"]
        self.compile_log, compiled = run(compile + self.compile_options + options)
        _, trained = run(
            [program, "--data", self.data, "--out", out, "--quiet"]
            + ["--dump-gradients", gradients, "--warmup", "0"]
            + ["--schedule", "constant", *self.train_options],
            **environment,
        )
        label = os.path.basename(program)
        print(f"{label}: compiled {compiled:.1f} s, ran {trained:.1f} s", flush=True)
        return out + "/metrics.jsonl", gradients

    def errors_of(self, precision, driver, options="", ptx=False, **environment):
        """How the emulated GPU's program of a precision differs.

        `options` are further ones of the compiler. With `ptx` it is the program
        for sm_89, of which the emulator executes the PTX.
        """
        if ptx:
            environment["LLMC_EMULATOR_FAULTS"] = "compute=90"
        found = self.train(
            precision,
            ([] if ptx else ["--arch=emulated"])
            + [f"--precision={precision}", *options.split()],
            LLMC_CUDA_DRIVER=driver,
            **environment,
        )
        loss, norm, gradient = TOLERANCES[precision]
        yield from compare.compare_curve(found[0], self.expected[0], (loss, norm))
        yield from compare.compare_held_out(found[0], self.expected[0], (loss,))
        yield from compare.compare_gradients(found[1], self.expected[1], (gradient,))


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
    parser.add_argument("--ptx", action="store_true")
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
    train = f"--steps {args.steps} --eval-batches 1 {train}"
    comparison = Comparison(
        args.llmc, path, stem, stem + ".data", compile_options, train
    )
    errors = []
    for precision in args.precision:
        errors += comparison.errors_of(precision, args.driver, ptx=args.ptx)
    for error in errors:
        print("error:", error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
