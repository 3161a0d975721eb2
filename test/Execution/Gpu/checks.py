"""The checks of a GPU's programs: each a part of the report."""

import json
import os
import re
import shutil

import tensors
from kernels import MISMATCH
from report import INFO, NOT_RUN
from session import NO_TIME

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
        lines, faults = run_kernels(session, folder, limit)
        report.details["kernels of " + name] = lines
        errors = {line["kernel"]: line["error"] for line in lines}
        for kernel, fault in faults:
            fault.tell(report, part, f"{name}: {kernel}")
        for line in lines:
            if not line["ok"]:
                check, value = f"{name}: {line['kernel']}", f"{line['error']:.1e}"
                report.check(part, check, False, value, f"below {limit:g}")
        value, where = worst(errors) if errors else ("", "none")
        note = f"worst: {where}, limit {limit:g}"
        if index["left_out"]:
            note += f"; too large to precompute: {', '.join(index['left_out'])}"
        passed = len(errors) == len(index["kernels"])
        passed = passed and all(line["ok"] for line in lines)
        count = f"{len(errors)} of {len(index['kernels'])} kernels"
        if not passed and faults and faults[-1][1].error == NO_TIME:
            report.add(part, f"{name}: {count}", NOT_RUN, value, NO_TIME)
            continue
        report.check(part, f"{name}: {count}", passed, value, note)


def run_kernels(session, folder, limit):
    """The lines of kernels that ran, and (kernel, Outcome) of those that failed.

    A kernel that fails takes the context with it: those behind it get another one.
    """
    lines, faults, behind = [], [], ""
    while True:
        options = ["--limit", str(limit), "--behind", behind]
        done = session.script("kernels.py", "check", folder, *options, limit=90)
        found = done.lines()
        lines += [line for line in found if "error" in line]
        begun = [line["begins"] for line in found if "begins" in line]
        if not done.error or done.status == MISMATCH:
            return lines, faults
        behind = begun[-1] if begun else ""
        faults.append((behind or "the driver", done))
        if not begun or done.error == NO_TIME:
            return lines, faults


def check_programs(session, report):
    part = "small models"
    for name in session.pack["models"]:
        model, precision = name.split("-")
        inputs = ["--data", session.path("data", model), "--init-from"]
        inputs += [session.path("weights", model + ".safetensors")]
        inputs += session.pack["settings"].split()
        outs, failed = [], None
        for run in ("first", "second"):
            outs.append(session.scratch(f"{name}-{run}"))
            gradients = outs[-1] + ".gradients"
            files = ["--out", outs[-1], "--dump-gradients", gradients]
            done = session.program(name, *inputs, *files, limit=40)
            failed = failed or (done if done.error else None)
        if failed:
            failed.tell(report, part, name)
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
        compare_checkpoints(report, part, f"{name}: two runs", *outs)
        if precision == "bf16":
            check_offload(session, report, part, name, inputs, outs[0])


def check_offload(session, report, part, name, inputs, resident):
    """State and activations in pinned memory, copied beside the kernels."""
    out = session.scratch(f"{name}-offload")
    done = session.program(f"{name}-offload", *inputs, "--out", out, limit=40)
    if done.error:
        done.tell(report, part, f"{name}: offload")
        return
    compare_checkpoints(report, part, f"{name}: with and without offload", resident, out)


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
        report.check(part, f"{name}: {kind}, {step}", same, value)


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
            if name == "cpu":
                done.tell(report, part, "the CPU program", may_be_slow=True)
                return
            done.tell(report, part, name)
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
    if done.error == NO_TIME or done.is_late:
        done.tell(report, part, check, may_be_slow=True)
        return
    error = done.error or ("" if value else "compute-sanitizer printed no summary")
    clean = re.search(r"SUMMARY: 0 (errors|hazards)\b", value) is not None
    report.check(part, check, clean and not error, value, error)


def check_sanitizer(session, report):
    part = "compute-sanitizer"
    sanitizer = None if session.emulated else find_sanitizer()
    # In bf16 first: that is where copies and tensor cores are.
    names = sorted(session.pack["models"], key=lambda name: "f32" in name)
    for tool in ("memcheck", "racecheck", "synccheck"):
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
        done.tell(report, part, "first weights")
        return
    weights = os.path.join(zero, "step_000001", "model.safetensors")
    gradients = os.path.join(session.work, "gpt2-b16.gradients")
    outs = [session.scratch(f"gpt2-{run}") for run in ("first", "second")]
    for out in outs:
        files = ["--init-from", weights, "--out", out, "--dump-gradients", gradients]
        done = session.program("gpt2-b16", *data, *CURVE, *files, limit=60)
        if done.error:
            done.tell(report, part, "50 steps")
            return
    compare_checkpoints(report, part, "bf16: two runs", *outs)
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
            done.tell(report, part, check, may_be_slow=True)
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
