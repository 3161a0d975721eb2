"""Puts all that a machine with a GPU needs into a directory; see README.md."""

import argparse
import datetime
import json
import os
import shutil
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
EXECUTION = os.path.dirname(HERE)
SOURCE = os.path.dirname(os.path.dirname(EXECUTION))
sys.path.insert(0, EXECUTION)

import formula  # noqa: E402 of the folder above

SMALL = ["gpt-f32", "gpt-bf16", "llama-f32", "llama-bf16"]
SCRIPTS = (
    "checks.py cuda_driver.py kernels.py rates.py report.py run.py session.py "
    "speed.py tensors.py torch_gpt2.py torch_kernels.py torch_timing.py works.py"
).split()
# What the small models' programs are run with, here and there.
SETTINGS = "--lr 1e-3 --warmup 5 --clip 1 --weight-decay 0.1 --quiet --steps"
# All that may lie in the host's memory.
OFFLOAD = ["--offload=optimizer,masters,gradients,activations"]
GPT2, VOCABULARY = "models/gpt2-124m.mlir", 50257
# Kernels beyond these are not run under emulation, which is slow: of gpt2-124m
# those over all parameters, and in f32 those of the head.
MOST = {
    "bf16": ["--max-flops", "6e9", "--max-elements", "6e7"],
    "f32": ["--max-flops", "2e9", "--max-elements", "1e7"],
}
RUN = """#!/bin/bash
# Runs the checks and timings of this directory: see README.md beside this file.
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
command -v python3 >/dev/null || { echo "error: python3 is missing" >&2; exit 1; }
PYTHONDONTWRITEBYTECODE=1 exec python3 -B scripts/run.py "$@"
"""


class Packer:
    def __init__(self, args):
        self.args, self.root = args, os.path.abspath(args.directory)
        self.bin = os.path.join(os.path.abspath(args.build), "bin")
        self.driver = os.path.join(args.build, "lib", "libcuda-emulated.so")
        self.driver = os.path.abspath(self.driver)
        self.notes = []
        # Under emulation a step takes as long as thousands on a GPU.
        self.settings = f"{SETTINGS} {6 if args.emulated else 24}"

    def path(self, *names):
        path = os.path.join(self.root, *names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def run(self, *command, emulated=False):
        environment = dict(os.environ)
        if emulated:
            environment["LLMC_CUDA_DRIVER"] = self.driver
            # Other tests check the kernels; here their numbers are wanted.
            for check in ("SHARED_RACES", "GLOBAL_RACES", "UNINITIALIZED"):
                environment["LLMC_EMULATOR_" + check] = "0"
        print("+", " ".join(os.path.relpath(word) if word.startswith("/") else word
                            for word in command), flush=True)  # fmt: skip
        if subprocess.run(command, env=environment, check=False).returncode:
            sys.exit("error: this command failed: " + " ".join(command))

    def compile(self, output, model, batch, sequence, *options):
        command = [os.path.join(self.bin, "llmc"), "compile"]
        command += [os.path.join(SOURCE, model), "--batch", str(batch)]
        self.run(*command, "--seq", str(sequence), *options, "-o", output)

    def portable(self):
        """A linker such that the program needs no newer libstdc++ than is there."""
        path = self.path("scratch", "link")
        with open(path, "w") as file:
            file.write('#!/bin/sh\nexec c++ -static-libstdc++ -static-libgcc "$@"\n')
        os.chmod(path, 0o755)
        return ["--linker", path]

    def cuda(self, name, model, batch, sequence, precision, *options):
        if self.args.emulated:
            arch = ["--arch=emulated"]
        else:
            arch = [f"--arch={self.args.arch}", *self.portable()]
        self.compile(
            self.path("programs", name),
            *(model, batch, sequence, *arch, f"--precision={precision}", *options),
        )

    def kernels(self, name, model, batch, sequence, precision, *, expect=()):
        """Sources, PTX and, unless `expect` is None, what each must compute."""
        folder = self.path("kernels", name, "x")[:-2]
        shape = (model, batch, sequence, f"--precision={precision}")
        arch = f"--arch={self.args.arch}"
        self.compile(folder, *shape, arch, "--emit=cuda")
        if not self.args.emulated:
            self.compile(folder, *shape, arch, "--emit=ptx")
        if expect is None:
            return
        if not os.path.exists(self.driver):
            self.notes.append(f"kernels of {name}: the build has no emulator")
            return
        script = ["python3", "-B", os.path.join(HERE, "kernels.py")]
        include = os.path.join(SOURCE, "tools/llmc-emulator/include")
        names = [os.environ.get("CXX"), "clang++-22", "clang++", "c++", "g++"]
        compiler = self.args.compiler
        compiler = compiler or next(x for x in names if x and shutil.which(x))
        options = ["--include", include, "--compiler", compiler]
        self.run(*script, "build", folder, *options)
        self.run(*script, "expect", folder, *expect, emulated=True)
        if not self.args.emulated:
            os.remove(os.path.join(folder, "emulated.so"))

    def shard(self, folder, count):
        header = struct.pack("<256i", 20240520, 1, count, *[0] * 253)
        tokens = [formula.token(i, VOCABULARY) for i in range(count)]
        for split in ("train", "val"):
            with open(self.path("data", folder, split + ".bin"), "wb") as file:
                file.write(header + struct.pack(f"<{count}H", *tokens))

    def small(self, name):
        """A model of Inputs/, and what the CPU's program makes of it."""
        model, precision = name.split("-")
        source = f"test/Execution/Inputs/{model}.mlir"
        self.cuda(name, source, 3, 19, precision)
        if precision == "bf16":
            self.cuda(f"{name}-offload", source, 3, 19, precision, *OFFLOAD)
        self.kernels(name, source, 3, 19, precision)
        weights, data = (
            self.path("weights", model + ".safetensors"),
            self.path("data", model, "x")[:-2],
        )
        expected = self.path("expected", model, "metrics.jsonl")
        if os.path.exists(expected):
            return
        script = os.path.join(EXECUTION, "make_weights.py")
        files = ["--weights", weights, "--data", data]
        self.run("python3", "-B", script, model, *files)
        program, out = self.path("scratch", model), self.path("scratch", model + ".out")
        self.compile(program, source, 3, 19, "--target=cpu")
        gradients = self.path("expected", model, "gradients.safetensors")
        inputs = ["--data", data, "--init-from", weights, "--out", out]
        self.run(
            program, *inputs, "--dump-gradients", gradients, *self.settings.split()
        )  # fmt: skip
        shutil.copy(os.path.join(out, "metrics.jsonl"), expected)

    def large(self):
        self.shard("gpt2", 16 * 1024 + 1)
        self.shard("gpt2-small", 64 + 1)
        self.cuda("gpt2-b16", GPT2, 16, 1024, "bf16")
        self.cuda("gpt2-small-bf16", GPT2, 1, 64, "bf16")
        self.cuda("gpt2-small-f32", GPT2, 1, 64, "f32")
        self.compile(
            self.path("programs", "gpt2-small-cpu"),
            *(GPT2, 1, 64, "--target=cpu", f"--cpu={self.args.cpu}"),
            *self.portable(),
        )
        self.kernels("gpt2-b16", GPT2, 16, 1024, "bf16", expect=None)
        for precision, most in MOST.items():
            name = "gpt2-small-" + precision
            self.kernels(name, GPT2, 1, 64, precision, expect=most)
        self.kernels(
            "llama2-7b", "models/llama2-7b.mlir", 1, 4096, "bf16", expect=None
        )  # fmt: skip
        self.ceiling()

    def ceiling(self):
        """The kernel that does nothing but mma.sync."""
        compiler = os.path.join(self.bin, "llmc-compile-images")
        if not os.path.exists(compiler):
            self.notes.append("mma.sync's ceiling: the build has no tests")
            return
        with open(os.path.join(HERE, "mma_ceiling.cu")) as file:
            text = file.read()
        source = self.path("scratch", "mma_ceiling.cu")
        with open(source, "w") as file:
            file.write(text.partition("//===---")[0])
        header = "compiler/Target/CUDA/Intrinsics/llmc_device.h"
        command = [compiler, source, f"--arch={self.args.arch}", "--ptx"]
        command += ["--header", os.path.join(SOURCE, header)]
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            sys.exit("error: " + " ".join(command) + ": " + made.stderr)
        ptx = made.stdout[made.stdout.index(".version") :].partition("\nimages:")[0]
        for name, content in (("mma_ceiling.cu", text), ("mma_ceiling.ptx", ptx)):
            with open(self.path("kernels", "ceiling", name), "w") as file:
                file.write(content)

    def finish(self):
        for name in SCRIPTS:
            shutil.copy(os.path.join(HERE, name), self.path("scripts", name))
        shutil.copy(os.path.join(HERE, "README.md"), self.path("README.md"))
        with open(self.path("run"), "w") as file:
            file.write(RUN)
        os.chmod(self.path("run"), 0o755)
        shutil.rmtree(self.path("scratch"), ignore_errors=True)
        commit = ["git", "-C", SOURCE, "describe", "--always", "--dirty"]
        found = subprocess.run(commit, capture_output=True, text=True, check=False)
        contents = {
            "emulated": self.args.emulated,
            "driver": self.driver if self.args.emulated else "",
            "arch": "emulated" if self.args.emulated else self.args.arch,
            "commit": found.stdout.strip() or "unknown",
            "date": datetime.date.today().isoformat(),
            "models": self.args.models.split(","),
            "settings": self.settings,
            "notes": self.notes,
        }
        with open(self.path("pack.json"), "w") as file:
            json.dump(contents, file, indent=1)
        size = sum(
            os.path.getsize(os.path.join(folder, name))
            for folder, _, names in os.walk(self.root)
            for name in names
        )
        print(f"packed {size / 2**20:.1f} MiB into {self.args.directory}; "
              f"there: {os.path.join(self.args.directory, 'run')}")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(prog="gpu pack", description=__doc__)
    parser.add_argument("directory", help="made; must not hold anything yet")
    parser.add_argument("--build", default=os.path.join(SOURCE, "build"))
    parser.add_argument("--arch", default="sm_89", help="sm_80 or newer")
    parser.add_argument("--cpu", default="x86-64-v3", help="for the CPU's program")
    parser.add_argument("--compiler", help="C++ compiler for emulated kernels")
    parser.add_argument("--emulated", action="store_true", help="to run without a GPU")
    parser.add_argument("--models", default=",".join(SMALL), help="the small ones")
    args = parser.parse_args()
    if set(args.models.split(",")) - set(SMALL):
        sys.exit(f"error: --models: expected some of {','.join(SMALL)}")
    if not os.path.exists(os.path.join(args.build, "bin", "llmc")):
        sys.exit(f"error: no llmc in {args.build}/bin: name the build with --build")
    if os.path.exists(args.directory) and not os.path.isdir(args.directory):
        sys.exit(f"error: {args.directory} is not a directory")
    if os.path.isdir(args.directory) and os.listdir(args.directory):
        sys.exit(f"error: {args.directory} is not empty")
    packer = Packer(args)
    for name in args.models.split(","):
        packer.small(name)
    if not args.emulated:
        packer.large()
    packer.finish()


if __name__ == "__main__":
    main()
