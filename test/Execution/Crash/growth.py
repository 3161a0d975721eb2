"""growth.py PROGRAM --data DIR --work DIR [--steps N] [--allow KIB]: the memory of
a training run over time. The run evaluates, saves and samples on the way. Its
own (anonymous) memory, resident and swapped out, is looked at after each printed
step; the median of the last fifth may be at most --allow above that of the second fifth, and it
must have been seen often enough to say so. (A look may fall into a checkpoint that is being saved.)"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import time


def resident(process):
    """KiB of the process's own memory, None when it has ended."""
    try:
        with open(f"/proc/{process}/status") as file:
            found = re.findall(r"(?:RssAnon|VmSwap):\s+(\d+)", file.read())
    except OSError:
        return None
    return sum(map(int, found)) if found else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--allow", type=int, default=128, help="KiB")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    every = max(1, arguments.steps // 40)
    line = [arguments.program, "--data", arguments.data, "--out", arguments.work]
    line += f"--steps {arguments.steps} --threads {arguments.threads} --log-every {every}".split()
    line += f"--eval-every {3 * every} --save-every {2 * every} --sample-every {5 * every}".split()
    line += "--sample-tokens 20 --keep 2".split()
    started = time.monotonic()
    # Standard error apart: a sanitizer's report is to be seen.
    sanitizer = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"
    process = subprocess.Popen(
        line,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        bufsize=1,
        env={
            **os.environ,
            "ASAN_OPTIONS": sanitizer + ":thread_local_quarantine_size_kb=64",
            # Else threads that meet in malloc get an arena each, at any time.
            "MALLOC_ARENA_MAX": "1",
        },
    )
    seen = []
    for text in process.stdout:
        step = re.match(r" *(\d+)/\d+ \|", text)
        memory = step and resident(process.pid)
        if memory:
            seen.append((int(step[1]), memory))
    if process.wait() != 0:
        sys.exit(f"growth.py: the program ended with status {process.returncode}")
    for step, memory in seen:
        print(f"  step {step:6}  {memory:9} KiB")
    size = os.path.getsize(os.path.join(arguments.work, "metrics.jsonl"))

    def usual(first, last):
        low, high = (part * arguments.steps / 5 for part in (first, last))
        values = [memory for step, memory in seen if low < step <= high]
        if len(values) < 4:
            sys.exit("growth.py: too few looks at the memory to say anything")
        return statistics.median_low(values)

    early, late = usual(1, 2), usual(4, 5)
    print(
        f"{arguments.steps} steps in {time.monotonic() - started:.0f} s ({size} bytes of metrics): "
        f"{early} KiB in the second fifth, {late} KiB in the last: {late - early:+} KiB"
    )
    if late - early > arguments.allow:
        sys.exit(f"growth.py: the memory grew by more than {arguments.allow} KiB")


main()
