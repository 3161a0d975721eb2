"""What a run of the script for a GPU stands on: its commands, with time limits."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

from report import FAILED, NOT_RUN

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NO_TIME = "no time left"


class Outcome:
    """What a command did: `error` is empty if it ended with status 0."""

    def __init__(self, output, error, status=None, is_late=False):
        self.output, self.error, self.status = output, error, status
        self.is_late = is_late  # it was ended at its own limit

    def tell(self, report, part, check, may_be_slow=False):
        """Adds the error. That the time for all was over says nothing of a command,
        nor does its own limit if it `may_be_slow`, as a sanitizer is; but what runs
        on the GPU and does not end hangs."""
        slow = self.error == NO_TIME or (self.is_late and may_be_slow)
        report.add(part, check, NOT_RUN if slow else FAILED, "", self.error)

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
        left = self.remaining()
        if left < 1:
            return Outcome("", NO_TIME)
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            env={**os.environ, **environment},
        )
        try:
            output, errors = process.communicate(timeout=min(limit, left))
        except BaseException as stop:  # Ctrl-C does not reach a session of its own
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            if not isinstance(stop, subprocess.TimeoutExpired):
                raise
            if left < limit:
                return Outcome(output, NO_TIME)
            return Outcome(output, f"not done within {limit:.0f} s", is_late=True)
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
