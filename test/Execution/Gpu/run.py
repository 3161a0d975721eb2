"""Runs what pack.py has packed; see README.md. Exit status 1: a check failed.

Every part has a time limit and all have one together; what did not run, and why,
is a row of the table as well.
"""

import argparse
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time

import speed
import tensors
from cuda_driver import Driver, DriverError, NoGpu
from report import FAILED, INFO, NOT_RUN, Report, today

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KERNEL_LIMITS = {"f32": 1e-5, "bf16": 1e-2}
# Of whole steps against the CPU's f32, see test/Execution/emulated-gpt.test: in
# bf16 a gradient has passed a dozen roundings in a row.
LOSS_LIMITS = {"f32": 1e-5, "bf16": 2e-3}
GRADIENT_LIMITS = {"f32": 1e-5, "bf16": 2e-2}
# GPT-2 sums up to 50257 products where the small models sum 97 to 192, and its
# norms are over 768: measured nowhere yet, so with room.
GPT2_GRADIENT_LIMITS = {"f32": 1e-4, "bf16": 4e-2}
CURVE_LIMIT = 1e-2
CURVE = "--steps 50 --lr 2e-4 --warmup 10 --clip 1 --weight-decay 0.1".split()


class Outcome:
    """What a command did: `error` is empty if it ended with status 0."""

    def __init__(self, output, error, status=None):
        self.output, self.error, self.status = output, error, status

    def lines(self):
        """The lines of JSON that it printed."""
        return [json.loads(x) for x in self.output.splitlines() if x.startswith("{")]


class Session:
    def __init__(self, args, pack):
        self.pack, self.emulated = pack, pack["emulated"]
        self.work = os.path.abspath(args.work)
        self.end = time.monotonic() + args.seconds
        self.python = os.environ.get("LLMC_PYTHON") or sys.executable
        self.torch = None  # why not, or ""
        # The driver compiles PTX once for all parts.
        os.environ.setdefault("CUDA_CACHE_PATH", os.path.join(self.work, "jit"))
        os.environ.setdefault("CUDA_CACHE_MAXSIZE", str(1 << 32))

    def remaining(self):
        return self.end - time.monotonic()

    def path(self, *names):
        return os.path.join(ROOT, *names)

    def scratch(self, name):
        path = os.path.join(self.work, name)
        shutil.rmtree(path, ignore_errors=True)
        return path

    def run(self, command, limit, **environment):
        """Runs a command for `limit` seconds at most, with all that it starts."""
        limit = min(limit, self.remaining())
        if limit < 1:
            return Outcome("", "no time left")
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, **environment},
        )
        try:
            output, errors = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return Outcome(output, f"not done within {limit:.0f} s")
        if process.returncode == 0:
            return Outcome(output, "", 0)
        last = [x for x in errors.splitlines() + output.splitlines() if x.strip()]
        error = next((x for x in last if "rror" in x), last[-1] if last else "")
        text = f"status {process.returncode}: {error.strip()[:300]}"
        return Outcome(output, text, process.returncode)

    def script(self, name, *arguments, limit, python=None):
        command = [python or sys.executable, "-B", self.path("scripts", name)]
        return self.run(command + list(arguments), limit)

    def program(self, name, *arguments, limit, prefix=()):
        command = [*prefix, self.path("programs", name), *arguments]
        return self.run(command, limit)

    def torch_missing(self):
        """Why PyTorch cannot be used, or ""."""
        if self.torch is None:
            test = "import torch; assert torch.cuda.is_available(), 'torch sees no GPU'; print(torch.__version__)"
            found = self.run([self.python, "-c", test], 60)
            self.torch = found.error and "PyTorch: " + found.error
            self.torch_version = found.output.strip()
        return self.torch


def worst(errors):
    name = max(errors, key=errors.get)
    return f"{errors[name]:.1e}", name


def check_kernels(session, report):
    part = "kernels"
    for name in sorted(os.listdir(session.path("kernels"))):
        folder = session.path("kernels", name)
        if not os.path.exists(os.path.join(folder, "expected.json")):
            continue
        limit = KERNEL_LIMITS[name.rsplit("-", 1)[1]]
        with open(os.path.join(folder, "expected.json")) as file:
            index = json.load(file)
        done = session.script(
            "kernels.py", "check", folder, "--limit", str(limit), limit=90
        )
        lines = done.lines()
        report.details["kernels of " + name] = lines
        errors = {line["kernel"]: line["error"] for line in lines}
        passed = len(errors) == len(index["kernels"]) and not done.error
        value, where = worst(errors) if errors else ("", "")
        for line in lines:
            if not line["ok"]:
                value, where = f"{line['error']:.1e}", line["kernel"]
                report.check(part, f"{name}: {where}", False, value, f"below {limit:g}")
        left_out = index["left_out"]
        note = f"worst: {where}, limit {limit:g}"
        if left_out:
            note += f"; too large to precompute: {', '.join(left_out)}"
        if done.error and not any(not line["ok"] for line in lines):
            note = done.error
        count = f"{len(errors)} of {len(index['kernels'])} kernels"
        report.check(part, f"{name}: {count}", passed, value, note)


def check_programs(session, report):
    part = "small models"
    for name in session.pack["models"]:
        model, precision = name.split("-")
        inputs = ["--data", session.path("data", model), "--init-from"]
        inputs += [session.path("weights", model + ".safetensors")]
        inputs += session.pack["settings"].split()
        outs, error = [], ""
        for run in ("first", "second"):
            outs.append(session.scratch(f"{name}-{run}"))
            gradients = outs[-1] + ".gradients"
            files = ["--out", outs[-1], "--dump-gradients", gradients]
            done = session.program(name, *inputs, *files, limit=40)
            error = error or done.error
        if error:
            report.check(part, name, False, "", error)
            continue
        expected = session.path("expected", model)
        curves = [
            [step["loss"] for step in tensors.read_steps(f"{folder}/metrics.jsonl")]
            for folder in (outs[0], expected)
        ]
        limit = LOSS_LIMITS[precision]
        off = tensors.compare_losses(*curves)
        check = f"{name}: {len(curves[0])} losses against the CPU program"
        report.check(part, check, off < limit, f"{off:.1e}", f"limit {limit:g}")
        errors = tensors.compare_tensors(
            outs[0] + ".gradients", expected + "/gradients.safetensors"
        )
        compare_gradients(
            report, part, f"{name}: gradients against the CPU program", errors,
            GRADIENT_LIMITS[precision],
        )  # fmt: skip
        compare_checkpoints(report, part, name, *outs)


def compare_gradients(report, part, check, errors, limit, note=""):
    value, where = worst(errors)
    report.details[check] = errors
    note = f"{len(errors)} tensors, worst: {where}, limit {limit:g}{note}"
    report.check(part, check, max(errors.values()) < limit, value, note)


def compare_checkpoints(report, part, name, first, second):
    with open(os.path.join(first, "latest")) as file:
        step = file.read().strip()
    for kind in ("model", "optimizer"):
        paths = [f"{folder}/{step}/{kind}.safetensors" for folder in (first, second)]
        same = tensors.same_bytes(*paths)
        value = "equal bytes" if same else "bytes differ"
        report.check(part, f"{name}: {kind} of two runs, {step}", same, value)


def check_gpt2_small(session, report):
    """One sequence of 64 tokens, against the CPU program on this machine."""
    part = "gpt2-124m, B=1 T=64"
    inputs = ["--data", session.path("data", "gpt2-small"), "--seed", "5", "--quiet"]
    inputs += "--steps 1 --eval-every 0 --eval-batches 1".split()
    losses, files = {}, {}
    for name in ("cpu", "f32", "bf16"):
        out = session.scratch("gpt2-small")
        files[name] = os.path.join(session.work, f"gpt2-{name}.gradients")
        done = session.program(
            f"gpt2-small-{name}", *inputs, "--out", out, "--dump-gradients",
            files[name], limit=60,
        )  # fmt: skip
        if done.error:
            what = "the CPU program" if name == "cpu" else name
            report.check(part, what, False, "", done.error)
            if name == "cpu":
                return
            continue
        losses[name] = [s["loss"] for s in tensors.read_steps(out + "/metrics.jsonl")]
        shutil.rmtree(out)
        if name == "cpu":
            continue
        off = tensors.compare_losses(losses[name], losses["cpu"])
        limit = LOSS_LIMITS[name]
        check = f"{name}: loss against the CPU program"
        report.check(part, check, off < limit, f"{off:.1e}", f"limit {limit:g}")
        errors = tensors.compare_tensors(files[name], files["cpu"])
        check = f"{name}: gradients against the CPU program"
        note = f", of {tensors.SAMPLES} elements of each at most"
        compare_gradients(report, part, check, errors, GPT2_GRADIENT_LIMITS[name], note)


def find_sanitizer():
    homes = [os.environ.get("CUDA_HOME"), "/usr/local/cuda", "/opt/cuda"]
    places = [os.environ.get("LLMC_SANITIZER"), shutil.which("compute-sanitizer")]
    places += [f"{home}/bin/compute-sanitizer" for home in homes if home]
    places += [f"{h}/compute-sanitizer/compute-sanitizer" for h in homes if h]
    return next((place for place in places if place and os.path.exists(place)), None)


def add_sanitizer(report, part, check, done):
    """Clean is what says so: neither errors nor hazards, of any severity."""
    summary = [x for x in done.output.splitlines() if "SUMMARY" in x]
    value = summary[-1].strip("= ") if summary else ""
    if done.error == "no time left":
        report.add(part, check, NOT_RUN, "", done.error)
        return
    error = done.error or ("" if value else "compute-sanitizer printed no summary")
    clean = re.search(r"SUMMARY: 0 (errors|hazards)\b", value) is not None
    report.check(part, check, clean and not error, value, error)


def check_sanitizer(session, report):
    part = "compute-sanitizer"
    sanitizer = None if session.emulated else find_sanitizer()
    # In bf16 first: that is where copies and tensor cores are.
    names = sorted(session.pack["models"], key=lambda name: "f32" in name)
    for tool in ("memcheck", "racecheck"):
        for name in names:
            if session.emulated:
                note = "no GPU; the emulator checks the same as it runs"
                report.add(part, f"{tool}, {name}", NOT_RUN, "", note)
                continue
            if not sanitizer:
                note = "there is no compute-sanitizer in PATH, CUDA_HOME or /usr/local/cuda"
                report.add(part, f"{tool}, {name}", NOT_RUN, "", note)
                continue
            model = name.split("-")[0]
            prefix = [sanitizer, "--tool", tool, "--error-exitcode", "9"]
            if tool == "racecheck":
                prefix += ["--racecheck-report", "all"]
            data = session.path("data", model)
            files = ["--data", data, "--out", session.scratch("sanitizer")]
            options = [*files, "--steps", "2", "--accumulate", "2", "--quiet"]
            done = session.program(name, *options, prefix=prefix, limit=60)
            add_sanitizer(report, part, f"{tool}, {name}", done)


def check_gpt2(session, report):
    """50 steps at B=16, T=1024: reruns, and beside PyTorch."""
    part = "gpt2-124m, B=16 T=1024"
    data = ["--data", session.path("data", "gpt2"), "--eval-batches", "1", "--quiet"]
    zero = session.scratch("gpt2-zero")
    # A rate of zero: the checkpoint holds the first weights.
    first = [*data, "--seed", "5", "--steps", "1", "--lr", "0", "--out", zero]
    done = session.program("gpt2-b16", *first, limit=60)
    if done.error:
        report.check(part, "first weights", False, "", done.error)
        return
    weights = os.path.join(zero, "step_000001", "model.safetensors")
    gradients = os.path.join(session.work, "gpt2-b16.gradients")
    outs = [session.scratch(f"gpt2-{run}") for run in ("first", "second")]
    for out in outs:
        files = ["--init-from", weights, "--out", out, "--dump-gradients", gradients]
        done = session.program("gpt2-b16", *data, *CURVE, *files, limit=60)
        if done.error:
            report.check(part, "50 steps", False, "", done.error)
            return
    compare_checkpoints(report, part, "bf16", *outs)
    steps = tensors.read_steps(outs[0] + "/metrics.jsonl")
    session.gpt2_steps = steps
    losses = [step["loss"] for step in steps]
    report.add(part, "losses of 50 steps", INFO, f"{losses[0]:.4f} to {losses[-1]:.4f}")
    missing = session.torch_missing()
    curves, off = {}, {}
    for precision in ("bf16", "f32"):
        check = f"losses beside PyTorch's in {precision}"
        if missing:
            report.add(part, check, NOT_RUN, "", missing)
            continue
        options = ["curve", "--weights", weights, "--data", session.path("data", "gpt2")]
        options += ["--steps", "50", "--precision", precision, "--gradients", gradients]
        limit = 80 if precision == "f32" else 40
        done = session.script("torch_gpt2.py", *options, limit=limit, python=session.python)
        lines = done.lines()
        curves[precision] = [line["loss"] for line in lines if "loss" in line]
        errors = next((x["gradients"] for x in lines if "gradients" in x), None)
        if errors and precision == "f32":
            compare_gradients(
                report, part, "gradients against PyTorch's in f32", errors,
                GPT2_GRADIENT_LIMITS["bf16"],
            )  # fmt: skip
        if done.error:
            timely = done.error == "no time left"
            report.add(part, check, NOT_RUN if timely else FAILED, "", done.error)
            continue
        off[precision] = tensors.compare_losses(losses, curves[precision])
    # Or twice what PyTorch itself loses in bf16: its two curves drift apart as well.
    limit = CURVE_LIMIT
    if len(off) == 2:
        limit = max(limit, 2 * tensors.compare_losses(*curves.values()))
    for precision, difference in off.items():
        check = f"losses beside PyTorch's in {precision}"
        note = f"largest relative difference, limit {limit:.1e}"
        report.check(part, check, difference < limit, f"{difference:.1e}", note)
    lines = []
    for i, step in enumerate(steps):
        others = [
            f"{curve[i]:.4f}" if i < len(curve) else "" for curve in curves.values()
        ]
        lines.append((str(i + 1), f"{step['loss']:.4f}", *others))
    columns = ["step", "llmc bf16", *(f"PyTorch {name}" for name in curves)]
    report.table("Losses of gpt2-124m, B=16 T=1024", columns, lines)
    for folder in (zero, *outs):
        shutil.rmtree(folder, ignore_errors=True)


def warm(session, report):
    """PTX becomes this GPU's code before anything is measured."""
    jobs = str(min(16, os.cpu_count() or 1))
    kernels = session.path("kernels")
    folders = [os.path.join(kernels, name) for name in sorted(os.listdir(kernels))]
    start = time.monotonic()
    done = session.script("kernels.py", "warm", *folders, "--jobs", jobs, limit=90)
    count = done.lines()[0]["kernels"] if done.lines() else 0
    seconds = f"{time.monotonic() - start:.0f} s"
    check = f"PTX of {count} kernels loads, with the driver's compiler"
    report.check("kernels", check, not done.error, seconds, done.error)


def check_driver(session):
    """Ends everything where the driver does not read the PTX: nothing would run."""
    folder = session.path("kernels", session.pack["models"][0])
    done = session.script("kernels.py", "probe", folder, limit=60)
    if done.error:
        sys.exit(
            f"error: {done.error}; the kernels were compiled by a newer CUDA than "
            "the driver's: update the driver, or pack with the libnvrtc of an older "
            "one (LLMC_NVRTC); nothing was run"
        )


# In this order: what can be cut short for want of time comes last.
PARTS = {
    "kernels": check_kernels,
    "small": check_programs,
    "gpt2-small": check_gpt2_small,
    "gpt2": check_gpt2,
    "timings": speed.measure,
    "sanitizer": check_sanitizer,
}


def main():
    parser = argparse.ArgumentParser(prog="run", description=__doc__)
    parser.add_argument("--work", default=os.path.join(ROOT, "work"))
    parser.add_argument("--results", default=os.path.join(ROOT, "results"))
    parser.add_argument("--only", metavar="PART,...", help=", ".join(PARTS))
    parser.add_argument("--seconds", type=float, default=540, help="for everything")
    args = parser.parse_args()
    unknown = set((args.only or "kernels").split(",")) - set(PARTS)
    if unknown:
        parser.error(f"--only: expected some of {', '.join(PARTS)}")
    with open(os.path.join(ROOT, "pack.json")) as file:
        pack = json.load(file)
    if pack["emulated"]:
        os.environ["LLMC_CUDA_DRIVER"] = pack["driver"]
    try:
        gpu = Driver().information()
    except (NoGpu, DriverError) as error:
        sys.exit(f"error: {error}; nothing was run")
    if not pack["emulated"] and gpu["capability"] < 80:
        text = f"{gpu['name']} is of compute capability {gpu['capability'] / 10}"
        sys.exit(f"error: {text}; 8.0 or newer is needed; nothing was run")
    os.makedirs(args.work, exist_ok=True)
    session = Session(args, pack)
    missing = "no GPU" if pack["emulated"] else session.torch_missing()
    report = Report(
        {
            "GPU": gpu["name"],
            "compute capability": f"{gpu['capability'] / 10}",
            "memory": f"{gpu['memory_gib']} GiB",
            "driver": "of CUDA " + gpu["cuda"],
            "PyTorch": missing or session.torch_version,
            "llmc": f"{pack['commit']}, {pack['arch']}, packed {pack['date']}",
            "host": f"{platform.system()} {platform.release()}",
            "date": today(),
        }
    )
    if not pack["emulated"]:
        check_driver(session)
    for note in pack["notes"]:
        report.add("pack", "left out", NOT_RUN, "", note)
    start = time.monotonic()
    chosen = args.only.split(",") if args.only else list(PARTS)
    if pack["emulated"]:
        note = "an emulated GPU: too slow for it, and its times mean nothing"
        for name in ("gpt2-small", "gpt2", "timings"):
            report.add(name, "all", NOT_RUN, "", note)
        chosen = [x for x in chosen if x in ("kernels", "small", "sanitizer")]
    elif not args.only:
        warm(session, report)
    for name in PARTS:
        if name not in chosen:
            continue
        part = PARTS[name]
        try:
            part(session, report)
        except Exception as error:  # a part that fails must not hide the others
            report.add(name, "the part", FAILED, "", f"{type(error).__name__}: {error}")
        report.write(args.results)
    report.heading["seconds"] = f"{time.monotonic() - start:.0f}"
    report.write(args.results)
    print("\n" + report.text())
    print(f"written: {args.results}/results.json and results.md")
    return 1 if report.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
