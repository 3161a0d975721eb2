"""Runs Gpu/speed.py without a GPU, on times that are made up.

    dry_speed.py DIR

DIR/kernels/gpt2-b16, llama2-7b and ceiling hold sources of kernels. Each kernel
takes a time such that it moves 100 GB/s or multiplies 50 TFLOP/s; PyTorch twice
that. Prints the report.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../Gpu"))

import speed  # noqa: E402
import works  # noqa: E402
from kernels import read_kernels  # noqa: E402
from report import Report  # noqa: E402
from session import Outcome, Session  # noqa: E402


def milliseconds(flops, size):
    return max(flops / 50e9, size / 100e6)


class DrySession(Session):
    """Answers what the scripts and programs would print."""

    def __init__(self, folder):
        self.folder, self.work = folder, folder
        self.python, self.torch = sys.executable, ""
        self.gpt2_steps = [{"loss": 1.0, "ms": 100.0}] * 50

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def script(self, name, *arguments, limit, python=None):
        lines = []
        if name == "kernels.py" and arguments[0] == "copy":
            lines = [{"gb_s": 1000.0}]
        elif name == "kernels.py":
            for kernel in read_kernels(arguments[1]):
                ms = milliseconds(kernel.flops, kernel.bytes)
                line = {"kernel": kernel.name, "flops": kernel.flops, "ms": ms}
                lines.append({**line, "bytes": kernel.bytes})
        elif name == "torch_kernels.py":
            for work in works.works():
                ms = milliseconds(work.flops, work.bytes) * 2
                line = {"work": work.name(), "ms": ms, "flops": work.flops}
                lines.append({**line, "bytes": work.bytes})
        elif name == "torch_gpt2.py":
            lines = [{"mode": arguments[2], "tokens_per_s": 81920.0}]
        return Outcome("\n".join(map(json.dumps, lines)), "", 0)

    def program(self, name, *arguments, limit, prefix=()):
        """A profile as runtime/train/Profile.cpp prints it."""
        text = "kernel   calls  ms  share  MFLOP  MB  GFLOP/s  of peak  GB/s  of bw\n"
        for kernel in read_kernels(self.path("kernels", name)):
            ms = milliseconds(kernel.flops, kernel.bytes) * speed.STEPS
            text += f"{kernel.name}  {speed.STEPS}  {ms:.2f}   1.0%  0  0 0  -  0  -\n"
        return Outcome(text + "all kernels      1.00  99.0%\n", "", 0)


def main():
    report = Report({"GPU": "none", "date": "never"})
    speed.measure(DrySession(sys.argv[1]), report)
    print(report.text())


if __name__ == "__main__":
    main()
