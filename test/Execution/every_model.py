"""Runs the kernels of models on the emulated GPU, beside the CPU's programs.

    every_model.py MODEL.mlir... --to DIR --driver FILE [--ptx]
                   [--real-widths [--with OPTIONS]]

Each model is shrunk (small_model.py), compiled at an even and at an odd shape,
and trained for a step with an evaluation and a sample. Checked are

- coverage: whatever is fused into a kernel of the model as it is, at a shape of
  real training, is fused into a kernel of a small model that was run;
- execution: every image of GPU code in a program was launched (the emulator's
  report against what the compiler says that it compiled);
- results: losses, norms and gradients within beside_cpu.py's tolerances.

Models that shrink to the same text are run once; with --thrifty a shape, too, at
which nothing is fused but what earlier models executed there, widths aside.
--real-widths runs each model as it is, but with one layer, on a few tokens, and
compares results only; --with are options of the compiler for the GPU's program,
such as --offload where the emulator, which takes five times a GPU's memory,
would need too much of it. With --ptx the programs are those for sm_89, and their
PTX is executed.
"""

import argparse
import json
import os
import re
import sys

import make_weights
import small_model
from beside_cpu import Comparison, run

# Options of the compiler, layers, whether the vocabulary is wide, tokens in a chunk
# of the head. In bf16 heads are worked on in chunks, by default from 4096 tokens on.
# An odd batch of an odd sequence is divided by no tile.
EVEN, ODD = ("--batch 2 --seq 64", 1, True, 64), ("--batch 3 --seq 19", 2, False, 64)
# Only with so many tokens do blocks share the depth of weight gradients, and only
# with so large a chunk that of a chunked head's.
MANY = {
    "f32": [("--batch 4 --seq 128", 1, False, 64)],
    "bf16": [
        ("--batch 8 --seq 128", 1, False, 64),
        ("--batch 24 --seq 128", 1, False, 1536),
    ],
}
FEW = "--batch 1 --seq 13"
REAL = "--batch 16 --seq 1024"
# One step: the evaluation at the end tells what its update did. Of two micro-batches,
# since the first one stores gradients and the second one adds to them.
TRAIN = (
    "--steps 1 --accumulate 2 --eval-batches 1 --sample-every 1 --sample 1 --sample-tokens 1 "
    "--temperature 0"
)

# The rate of small models makes a wide one's first step overshoot, to losses above
# the first one's, where the rounding of bf16 alone passes the tolerances.
RATE, REAL_RATE = "3e-3", "3e-4"


def chunks(precision, tokens):
    return f" --head-chunk={tokens}" if precision == "bf16" else ""


def attention_traits(body):
    """What is no mere size of an attention: heads' channels, shared keys."""
    for line in small_model.lines_of(body, r"attention\w*"):
        heads = small_model.integer(line, "heads")
        channels = next(small_model.extents(line))[-1]
        kv = re.search(r"\bkv_heads = (\d+)", line)
        yield channels // heads, kv is not None and int(kv[1]) < heads


def fused_bodies(schedule):
    """{what a kernel computes, sizes left out: name of one that does}

    `schedule` is what --compile-to=schedule prints.
    """
    bodies = {}
    pattern = r"^  tile\.func @(\w+)(\(.*?)\n  }\n"
    for name, text in re.findall(pattern, schedule, re.DOTALL | re.MULTILINE):
        kind = re.search(r'kind = "(\w+)"', text)[1]
        traits = [x for x in ("block_columns", "inplace", "split_k") if f"{x} = " in text]
        traits += attention_traits(text)
        text = re.sub(r" attributes \{.*?\} \{\n", " {\n", text)
        text = re.sub(r"(?<=[<x])\d+(?=x)", "#", text)
        text = re.sub(
            r"(heads|splits|row_pitch|tokens|decay_elements) = \d+", r"\1 = #", text
        )
        bodies[kind, *traits, text] = name
    return bodies


class Runner:
    def __init__(self, args):
        self.args, self.errors = args, []
        self.known = {}  # {shape and architecture: the model that was run}
        self.covered = {precision: set() for precision in args.precision}
        self.covered_at = {}  # {shape and precision: bodies}

    def fail(self, text):
        print("error:", text, file=sys.stderr, flush=True)
        self.errors.append(text)

    def bodies_of(self, path, shape, precision):
        options = f"{shape} --precision={precision} --compile-to=schedule"
        text, _ = run([self.args.llmc, "compile", path, *options.split()])
        return fused_bodies(text)

    def run_shape(self, name, text, shape, precisions):
        """Trains a small model; what it executed is covered."""
        options, layers, wide, chunk = shape
        small, vocabulary = small_model.shrink(text, layers, wide)
        path = self.write(name, options, small)
        new = []
        for precision in precisions:
            chunked = options + chunks(precision, chunk)
            bodies = self.bodies_of(path, chunked, precision).keys()
            covered = self.covered_at.setdefault((shape, precision), set())
            if self.args.thrifty and bodies <= covered:
                print(f"{name}, {options}, {precision}: nothing new")
                continue
            covered.update(bodies)
            self.covered[precision] |= bodies
            key = shape, precision, small_model.architecture(small)
            same = self.known.setdefault(key, name)
            if same == name:
                new.append(precision)
            else:
                print(f"{name}, {options}, {precision}: as {same}")
        if new:
            self.compare(name, path, options, vocabulary, new, chunk)

    def run_small(self, name, path, text):
        """The shapes of all models, and those without which a body is left."""
        for shape in (EVEN, ODD):
            some = self.args.precision
            if self.args.thrifty and shape == EVEN:
                some = [x for x in some if x != "f32"]
            self.run_shape(name, text, shape, some)
        for precision in self.args.precision:
            expected = self.bodies_of(path, REAL, precision)
            for shape in (EVEN, *MANY[precision]):
                if expected.keys() - self.covered[precision]:
                    self.run_shape(name, text, shape, [precision])
            missing = expected.keys() - self.covered[precision]
            for body in missing:
                self.fail(
                    f"{name}, {precision}: no kernel that was executed is like "
                    f"{expected[body]}:\n{body[-1]}"
                )
            print(
                f"{name}, {precision}: {len(expected) - len(missing)} of "
                f"{len(expected)} fused bodies executed"
            )

    def write(self, name, options, text):
        label = re.sub(r"\W+", "-", options).strip("-")
        path = os.path.join(self.args.to, f"{name}.{label}.mlir")
        with open(path, "w") as file:
            file.write(text)
        return path

    def check_executed(self, label, log, report):
        """Every image was launched: `log` is the compiler's, with --verbose."""
        distinct = int(re.search(r"images: \d+ kernels, (\d+) distinct", log)[1])
        with open(report) as file:
            kernels = json.load(file)["kernels"]
        executed = [k["name"] for k in kernels if k["launches"]]
        if len(executed) != distinct:
            self.fail(
                f"{label}: {len(executed)} of {distinct} images were executed: "
                + " ".join(sorted(executed))
            )
        print(f"{label}: {len(executed)} of {distinct} images executed")

    def compare(self, name, path, options, vocabulary, precisions, chunk=64):
        stem = path.removesuffix(".mlir")
        data = stem + ".data"
        make_weights.write_data(data, 8193, vocabulary)
        rate = REAL_RATE if self.args.real_widths else RATE
        comparison = Comparison(self.args.llmc, path, stem, data, options, TRAIN, rate)
        for precision in precisions:
            label = f"{name}, {options}, {precision}"
            report = f"{stem}.{precision}.json"
            differences = comparison.errors_of(
                precision,
                self.args.driver,
                f"{chunks(precision, chunk)} {self.args.options}",
                self.args.ptx,
                LLMC_EMULATOR_REPORT=report,
                LLMC_EMULATOR_COUNTERS="0",
            )
            for error in differences:
                self.fail(f"{label}: {error}")
            self.check_executed(label, comparison.compile_log, report)

    def run(self, path):
        with open(path) as file:
            text = file.read()
        name = os.path.basename(path).removesuffix(".mlir")
        if not self.args.real_widths:
            self.run_small(name, path, text)
            return
        path = self.write(name, "real", small_model.at_most(text, 1))
        vocabulary = small_model.vocabulary_of(text)
        self.compare(name, path, FEW, vocabulary, self.args.precision)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+")
    parser.add_argument("--to", required=True)
    parser.add_argument("--llmc", default="llmc")
    parser.add_argument("--driver", required=True)
    parser.add_argument("--precision", nargs="+", default=["f32", "bf16"])
    parser.add_argument("--real-widths", action="store_true")
    parser.add_argument("--ptx", action="store_true")
    parser.add_argument("--with", dest="options", default="")
    parser.add_argument(
        "--thrifty",
        action="store_true",
        help="f32 at the even shape only where a fused body needs it, and nothing "
        "whose kernels earlier models executed",
    )
    args = parser.parse_args()
    os.makedirs(args.to, exist_ok=True)
    runner = Runner(args)
    for path in args.models:
        runner.run(path)
    return 1 if runner.errors else 0


if __name__ == "__main__":
    sys.exit(main())
