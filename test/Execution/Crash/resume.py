"""resume.py PROGRAM --data DIR --work DIR: interrupts a run at every step, in
three ways, resumes it, and compares losses and final checkpoints with those of
a run that was not interrupted, byte for byte.

1. As a crash after the checkpoint of step k leaves it: nothing later, half of
   the next checkpoint, a line of the metrics cut off in the middle.
2. SIGTERM as soon as step k is reported, which is while the next one computes.
3. A run that is interrupted again after each step.

Each start has another number of threads. The run must wrap into a second epoch
within a step; the script refuses data where it does not."""

import argparse
import os
import re
import shutil
import sys

import runs

STEPS, ACCUMULATE = 9, 3


def cut(whole, out, step):
    """What a crash after the checkpoint of `step` leaves of the whole run."""
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    if step > 0:
        shutil.copytree(runs.path_of(whole, step), runs.path_of(out, step))
        with open(os.path.join(out, "latest"), "w") as file:
            file.write(f"step_{step:06}\n")
    half = runs.path_of(out, step + 1) + ".tmp"
    os.makedirs(half)
    model = runs.read(os.path.join(runs.path_of(whole, step + 1), "model.safetensors"))
    with open(os.path.join(half, "model.safetensors"), "wb") as file:
        file.write(model[: len(model) // 2])
    lines = runs.read(os.path.join(whole, "metrics.jsonl"))
    with open(os.path.join(out, "metrics.jsonl"), "wb") as file:
        file.write(lines[: lines.index(b'{"step":%d,' % (step + 1)) + 15])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--spoil", help="one more option for the interrupted runs")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    whole, out = (os.path.join(arguments.work, name) for name in ("whole", "out"))
    options = (
        f"--steps {STEPS} --accumulate {ACCUMULATE} --save-every 1 --seed 7 "
        "--warmup 2 --lr 1e-2 --eval-every 4"
    ).split()

    interrupted = options + ([arguments.spoil] if arguments.spoil else [])

    def line(threads, **more):
        return runs.command(
            arguments.program, arguments.data, out, interrupted, threads=threads, **more
        )

    output = runs.run(
        runs.command(arguments.program, arguments.data, whole, options, threads=2, keep=0)
    )
    windows = int(re.search(r"(\d+) training windows", output)[1])
    in_a_step = int(re.search(r"\((\d+) x (\d+) x", output)[2]) * ACCUMULATE
    if not in_a_step < windows < in_a_step * STEPS or windows % in_a_step == 0:
        sys.exit(f"{windows} windows do not wrap within a step of {in_a_step}")

    for step in range(STEPS):
        cut(whole, out, step)
        output = runs.run(line(1 + step % 3, resume=True))
        taken = f"resume: {runs.path_of(out, step)}, step {step}, " if step else "starting at step 1"
        for said in (taken, f"removed {runs.path_of(out, step + 1)}.tmp"):
            if said not in output:
                raise runs.Mismatch(f"not said after a crash at {step}: {said}\n{output}")
        runs.expect_same_run(out, whole, STEPS)

    stopped = []
    for step in range(1, STEPS):
        shutil.rmtree(out)
        status, output = runs.stop_at_line(line(1 + step % 2), rf" *{step}/{STEPS} \|")
        if status not in (128 + 15, 0):
            raise runs.Mismatch(f"SIGTERM at step {step}: exit status {status}\n{output}")
        stopped += [int(s) for s in re.findall(r"stopped by signal 15 after step (\d+)", output)]
        if status:
            if runs.steps_in(out)[-1] != stopped[-1]:
                raise runs.Mismatch(f"no checkpoint of step {stopped[-1]}\n{output}")
            runs.run(line(2 - step % 2, resume=True))
        runs.expect_same_run(out, whole, STEPS)
    if len(stopped) < STEPS // 2:
        raise runs.Mismatch(f"only {len(stopped)} runs were stopped before their end")

    shutil.rmtree(out)
    starts = 0
    while runs.steps_in(out)[-1:] != [STEPS]:
        starts += 1
        status, output = runs.stop_at_line(line(1 + starts % 3, resume=True), r" *\d+/\d+ \|")
        if status not in (128 + 15, 0):
            raise runs.Mismatch(f"SIGTERM: exit status {status}\n{output}")
    runs.run(line(2, resume=True))
    runs.expect_same_run(out, whole, STEPS)
    print(
        f"{STEPS} crashes, {len(stopped)} SIGTERMs (after steps {stopped}) and a run in {starts} "
        "starts: every loss and every byte of the final checkpoint the same"
    )


try:
    main()
except runs.Mismatch as mismatch:
    sys.exit(f"resume.py: {mismatch}")
