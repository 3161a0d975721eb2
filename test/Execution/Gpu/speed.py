"""Timings: kernels and whole steps, beside ceilings and PyTorch's kernels."""

import re
import shutil
import statistics

import works
from kernels import read_kernels
from report import INFO, NOT_RUN

STEPS = 20  # of a profile, in which a kernel is one of at least as many calls
PART = "timings"


def number(value):
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def read_profile(text):
    """{kernel: (calls, ms of a call)} of the table that --profile prints."""
    times = {}
    for line in text.splitlines():
        found = re.match(r"(\S+)\s+(\d+)\s+([\d.]+)\s+[\d.]+%", line)
        if found and int(found.group(2)):
            calls = int(found.group(2))
            times[found.group(1)] = (calls, float(found.group(3)) / calls)
    return times


class Ceilings:
    """What this GPU reaches: GB/s of a copy, TFLOP/s of mma.sync alone and of a
    library's product."""

    def __init__(self):
        self.copy = self.mma = self.product = None
        self.works = []  # what PyTorch's kernels take

    def find(self, kind, flops=0, size=0):
        """The line of PyTorch's kernel for the same work, or None.

        Equal arithmetic, or about as many bytes: kernels of ours do a bit more.
        """

        def differs(work):
            if flops:
                return abs(work["flops"] / flops - 1) / 0.02
            return max(work["bytes"] / size, size / work["bytes"]) / 2 if size else 0

        same = [
            work
            for work in self.works
            if "ms" in work and work["work"].split()[0] == kind and differs(work) <= 1
        ]
        return min(same, key=differs, default=None)


def measure_ceilings(session, report):
    ceilings = Ceilings()
    done = session.script("kernels.py", "copy", limit=20)
    if done.lines():
        ceilings.copy = done.lines()[0]["gb_s"]
        text = f"{ceilings.copy:.0f} GB/s"
        report.add(PART, "a copy of 1 GiB, by the driver", INFO, text)
    else:
        report.add(PART, "a copy of 1 GiB, by the driver", NOT_RUN, "", done.error)
    done = session.script(
        "kernels.py", "time", session.path("kernels", "ceiling"), limit=30
    )
    times = [line for line in done.lines() if "ms" in line]
    if times:
        ceilings.mma = times[0]["flops"] / times[0]["ms"] / 1e9
        report.add(PART, "mma.sync alone, bf16", INFO, f"{ceilings.mma:.0f} TFLOP/s")
    else:
        report.add(PART, "mma.sync alone, bf16", NOT_RUN, "", done.error)
    missing = session.torch_missing()
    if missing:
        report.add(PART, "a library's product, PyTorch's kernels", NOT_RUN, "", missing)
        return ceilings
    done = session.script("torch_kernels.py", limit=150, python=session.python)
    ceilings.works = done.lines()
    report.details["PyTorch's kernels"] = ceilings.works
    if done.error:
        report.add(PART, "PyTorch's kernels, some", NOT_RUN, "", done.error)
    for work in ceilings.works:
        if "error" in work:
            report.add(PART, "PyTorch: " + work["work"], NOT_RUN, "", work["error"])
    rates = {
        work["work"]: work["flops"] / work["ms"] / 1e9
        for work in ceilings.works
        if work["work"].startswith("product") and "ms" in work
    }
    if rates:
        best = max(rates, key=rates.get)
        ceilings.product = rates[best]
        text = f"{ceilings.product:.0f} TFLOP/s"
        report.add(PART, f"a library's {best}, bf16", INFO, text)
    lines = []
    for work in ceilings.works:
        if "ms" in work:
            rates = [work["flops"] / work["ms"] / 1e9, work["bytes"] / work["ms"] / 1e6]
            cells = (number(rate) if rate else "" for rate in rates)
            lines.append((work["work"], f"{work['ms']:.4f}", *cells))
    columns = ["work", "ms", "TFLOP/s", "GB/s"]
    report.table("PyTorch's kernels", columns, lines, "Least traffic over time.")
    return ceilings


# Kernels by their names, and the kind of work in works.py.
KINDS = [
    (r"linear_(silu|mul)_(mul|silu)_\d", "swiglu"),
    (r"linear\w*weight_grad", "weight_grad"),
    (r"linear", "product"),
    (r"attention_\d", "attention"),
    (r"layer_norm_\d", "layer_norm"),
    (r"layer_norm_weight_grad", "layer_norm_grad"),
    (r"rms_norm_\d", "rms_norm"),
    (r"rms_norm_weight_grad", "rms_norm_grad"),
    (r"rotate_\d", "rotate"),
    (r"embedding_grad", "embedding_grad"),
    (r"embedding_", "embedding"),
    (r"sum_rows_\d", "sum_rows"),
    (r"token_loss_cross_entropy_grad", "cross_entropy"),
    (r"sum_of_squares", "norm"),
    (r"adamw", "adamw"),
]


def find_work(kernel, ceilings):
    """The line of PyTorch's kernel for what a kernel does, or None."""
    for pattern, kind in KINDS:
        if re.match(pattern, kernel.name):
            if kind in ("product", "weight_grad", "attention", "swiglu"):
                return ceilings.find(kind, flops=kernel.flops)
            return ceilings.find(kind, size=kernel.bytes)
    return None


def kernel_line(kernel, calls, milliseconds, ceilings):
    """Time of a launch, rates, part of the ceiling that binds, PyTorch's time."""
    seconds = max(milliseconds, 1e-6) / 1e3
    teraflops = kernel.flops / seconds / 1e12
    gigabytes = kernel.bytes / seconds / 1e9
    parts = []
    products = ceilings.mma or ceilings.product
    if products and kernel.name.startswith(("linear", "attention")):
        name = "mma.sync" if ceilings.mma else "product"
        parts.append((teraflops / products, name))
    if ceilings.copy:
        parts.append((gigabytes / ceilings.copy, "copy"))
    part, which = max(parts, default=(0, ""))
    work = find_work(kernel, ceilings)
    return (
        kernel.name,
        *((str(calls),) if calls else ()),
        f"{milliseconds:.4f}",
        number(teraflops),
        number(gigabytes),
        f"{100 * part:.0f} % of {which}" if which else "",
        f"{work['ms']:.4f} ({work['work']})" if work else "",
    )


def measure_step(session, report, ceilings):
    """Every kernel of a step of gpt2-124m, by the program's own events."""
    out = session.scratch("profile")
    data = ["--data", session.path("data", "gpt2"), "--out", out, "--quiet"]
    options = f"--steps {STEPS} --eval-every 0 --eval-batches 1 --profile".split()
    done = session.program("gpt2-b16", *data, *options, limit=40)
    shutil.rmtree(out, ignore_errors=True)
    times = read_profile(done.output)
    check = "kernels of gpt2-124m, B=16 T=1024, --profile"
    if done.error or not times:
        error = done.error or "the program printed no profile"
        report.add(PART, check, NOT_RUN, "", error)
        return
    report.details[check] = times
    kernels = {k.name: k for k in read_kernels(session.path("kernels", "gpt2-b16"))}
    order = sorted(times, key=lambda name: -times[name][0] * times[name][1])
    lines = [
        kernel_line(kernels[name], *times[name], ceilings)
        for name in order
        if name in kernels
    ]
    total = sum(calls * ms for calls, ms in times.values())
    report.add(PART, check, INFO, f"{total / STEPS:.2f} ms a step in kernels")
    columns = ["kernel", "calls", "ms", "TFLOP/s", "GB/s", "of ceiling", "PyTorch ms"]
    note = (
        "A kernel may do more than PyTorch's in its line: what is fused into it. "
        "Launched one by one between events; the evaluation at the end included."
    )
    report.table("Kernels of gpt2-124m, B=16 T=1024, bf16", columns, lines, note)
    groups = [
        ("attention, backward", r"attention_(delta|query_grad|key_value_grad)_\d",
         "attention_grad"),
        ("AdamW with clipping", r"(adamw|norm|sum_of_squares)_\d", "norm adamw"),
    ]  # fmt: skip
    lines = []
    for title, pattern, kinds in groups:
        found = [times[name][1] for name in times if re.match(pattern, name)]
        theirs = [ceilings.find(kind) for kind in kinds.split()]
        theirs = f"{sum(w['ms'] for w in theirs):.4f}" if all(theirs) else ""
        lines.append((title, f"{sum(found):.4f}", theirs))
    report.table(
        "Several kernels for one of PyTorch's", ["work", "ms", "PyTorch ms"], lines
    )


def measure_alone(session, report, ceilings):
    folder = session.path("kernels", "llama2-7b")
    options = ["time", folder, "--seconds", "25"]
    done = session.script("kernels.py", *options, limit=45)
    check = "kernels of llama2-7b, B=1 T=4096, alone"
    times = [line for line in done.lines() if "ms" in line]
    for line in done.lines():
        if "left_out" in line:
            name = f"llama2-7b: {line['kernel']}"
            report.add(PART, name, NOT_RUN, "", line["left_out"])
    if done.error or not times:
        report.add(PART, check, NOT_RUN, "", done.error)
    report.details[check] = times
    kernels = {kernel.name: kernel for kernel in read_kernels(folder)}
    lines = [
        kernel_line(kernels[line["kernel"]], 0, line["ms"], ceilings)
        for line in times
    ]
    columns = ["kernel", "ms", "TFLOP/s", "GB/s", "of ceiling", "PyTorch ms"]
    note = "Launched again and again on the same data, of which the L2 cache keeps some."
    report.table("Kernels of llama2-7b, B=1 T=4096, bf16", columns, lines, note)


def measure_steps(session, report):
    """Whole steps, all with clipping and AdamW on f32 masters."""
    rates = {}
    steps = getattr(session, "gpt2_steps", [])[10:]
    if steps:
        rates["llmc"] = works.TOKENS / statistics.median(s["ms"] for s in steps) * 1e3
    else:
        report.add(PART, "step of gpt2-124m, llmc", NOT_RUN, "", "no 50 steps above")
    for mode in ("eager", "compile"):
        name = f"PyTorch {mode}"
        missing = session.torch_missing()
        if missing:
            report.add(PART, f"step of gpt2-124m, {name}", NOT_RUN, "", missing)
            continue
        limit = 40 if mode == "eager" else 110
        options = ["speed", "--mode", mode, "--steps", "20"]
        done = session.script("torch_gpt2.py", *options, limit=limit, python=session.python)
        found = [x["tokens_per_s"] for x in done.lines() if "tokens_per_s" in x]
        if found:
            rates[name] = found[0]
        else:
            report.add(PART, f"step of gpt2-124m, {name}", NOT_RUN, "", done.error)
    for name, rate in rates.items():
        text = f"{rate:.0f} tokens/s, {works.TOKENS / rate * 1e3:.2f} ms"
        note = f"{rate / rates['llmc']:.2f} of llmc's" if "llmc" in rates else ""
        report.add(PART, f"step of gpt2-124m, {name}", INFO, text, note)
    report.details["tokens per second"] = rates


def measure(session, report):
    ceilings = measure_ceilings(session, report)
    for part in (measure_step, measure_alone):
        part(session, report, ceilings)
    measure_steps(session, report)
