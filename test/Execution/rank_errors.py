"""What goes wrong between ranks is said once, stops all of them, and leaves the
checkpoint whole.

    rank_errors.py DIR ONE TWO OTHER FOUR

ONE, TWO and FOUR are programs of Inputs/gpt.mlir for so many ranks, OTHER another
one for two; DIR/data and DIR/other-data hold shards. Each case checks the
exit status, that there is one error and what it says, and how long it took.
"""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

directory, one, two, other, four = map(os.path.abspath, sys.argv[1:])
os.chdir(directory)
COMMON = ["--data", "data", "--threads", "1", "--quiet", "--eval-every", "0"]
failures = 0


def start(*command, **environment):
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **environment},
        text=True,
    )


def finish(name, process, expected, seconds, status=1):
    """One error, which matches; the exit status; the time that it took."""
    global failures
    begin = time.time()
    try:
        text = process.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        text = process.communicate()[0] + "\n(still running after 60 s)"
    took = time.time() - begin
    errors = re.findall(r"^error: .*$", text, re.M)
    right = (
        len(errors) == (1 if expected else 0)
        and re.search(expected, errors[0] if errors else "")
        and process.returncode == status
        and took < seconds
    )
    print(f"{name}: {'ok' if right else 'WRONG'}, {took:.1f} s: {' | '.join(errors)}")
    if not right:
        failures += 1
        print(f"expected '{expected}', status {status}, {seconds} s; found status "
              f"{process.returncode} and\n{text}")  # fmt: skip


def two_ranks(first, second):
    return ["mpirun", "-n", "1", *first, ":", "-n", "1", *second]


def wait_for_steps(out, process, steps=3):
    """Until the run has got so far; the processes of its ranks."""
    for _ in range(600):
        try:
            lines = open(os.path.join(out, "metrics.jsonl")).readlines()
        except OSError:
            lines = []
        if len(lines) >= steps and glob.glob(os.path.join(out, "step_??????")):
            break
        if process.poll() is not None:
            break
        time.sleep(0.05)
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    return [int(pid) for pid in open(children).read().split()]


def steps_of(out):
    lines = [json.loads(line) for line in open(os.path.join(out, "metrics.jsonl"))]
    return [line["step"] for line in lines if "loss" in line]


# How it was started.
finish("no launcher", start(two, *COMMON, "--out", "threads", "--steps", "3"),
       "", 10, status=0)  # fmt: skip
finish("too many ranks", start("mpirun", "-n", "3", two, *COMMON, "--out", "a"),
       r"compiled for 2 ranks \(--gpus 2\), 3 were started; start it with "
       r"'mpirun -n 2 PROGRAM ...', with one process for each machine, or on one "
       "machine without a launcher", 15)  # fmt: skip
finish("one-rank program", start("mpirun", "-n", "2", one, *COMMON, "--out", "a"),
       "2 ranks were started, but the program trains on one device", 15)  # fmt: skip
finish("no MPI", start("mpirun", "-n", "2", two, *COMMON, "--out", "a",
                       LLMC_MPI="/nowhere/libmpi.so"),
       "no Open MPI: .*/nowhere/libmpi.so.*LLMC_MPI must name", 15)  # fmt: skip
finish("not Open MPI", start("mpirun", "-n", "2", two, *COMMON, "--out", "a",
                             LLMC_MPI="libm.so.6"),
       "libm.so.6 is no Open MPI that is known here: it has no", 15)  # fmt: skip
finish("an option", start("mpirun", "-n", "2", two, *COMMON, "--comm-timeout", "0"),
       "--comm-timeout: expected a number of seconds", 15)  # fmt: skip
finish("a rank does not come up",
       start(*two_ranks([two, *COMMON, "--out", "a", "--comm-timeout", "2"],
                        ["sleep", "30"])),
       "rank 0 of 2 on .*: not all ranks came up within 2 s", 20)  # fmt: skip

finish("alone with a part of the ranks",
       start(two, *COMMON, "--out", "a", "--ranks-here", "1"),
       "--ranks-here 1: the program was compiled for 2 ranks, and this is its "
       "only process", 10)  # fmt: skip
finish("three for four", start("mpirun", "-n", "3", four, *COMMON, "--out", "a"),
       "compiled for 4 ranks, which 3 processes cannot share equally; say with "
       "--ranks-here", 15)  # fmt: skip
finish("unequal shares", start(*two_ranks([two, *COMMON, "--out", "a"],
                                          [two, *COMMON, "--out", "a",
                                           "--ranks-here", "2"])),
       r"compiled for 2 ranks, but --ranks-here says that its processes run 0 \+ 2",
       15)  # fmt: skip

# srun without PMIx, as its environment tells; then with one that is not there.
SLURM = {"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "2"}
finish("srun without PMIx", start(two, *COMMON, "--out", "a", **SLURM),
       "srun started 2 processes that cannot find each other: .*srun --mpi=pmix.*"
       "'mpirun PROGRAM", 5)  # fmt: skip
finish("its second process", start("sh", "-c", '"$@" || echo error: silent', "sh", two,
                                   *COMMON, "--out", "a",
                                   **{**SLURM, "SLURM_PROCID": "1"}),
       "^error: silent$", 5, status=0)  # fmt: skip
finish("a PMI that connects nobody",
       start(two, *COMMON, "--out", "a", **SLURM, PMI_FD="9"),
       "Open MPI connects 1 of the 2 processes that were started", 15)  # fmt: skip

# What they were given.
run = [two, *COMMON, "--steps", "3", "--out", "b"]
finish("another program", start(*two_ranks(run, [other] + run[1:])),
       "rank 1 of 2 on .* runs another program than rank 0", 15)  # fmt: skip
changed = [word if word != "data" else "other-data" for word in run]
finish("other data", start(*two_ranks(run, changed)),
       "rank 1 of 2 on .* reads other tokens than rank 0", 15)  # fmt: skip
finish("other options", start(*two_ranks(run, run + ["--lr", "0.5"])),
       "rank 1 of 2 on .* was given other options than rank 0", 15)  # fmt: skip
missing = [word if word != "data" else "nowhere" for word in run]
finish("no data on one rank", start(*two_ranks(run, missing)),
       "rank 1 of 2 on .*: --data: .*nowhere", 15)  # fmt: skip
finish("the loss is not finite",
       start("mpirun", "-n", "2", two, *COMMON, "--out", "c", "--lr", "1e30",
             "--steps", "9", "--warmup", "0"),
       "^error: step [0-9]*: the (loss|gradient norm) is ", 15)  # fmt: skip

# Ranks that are threads of one process.
finish("threads: no data", start(two, *COMMON[2:], "--data", "nowhere"),
       "^error: --data: .*nowhere", 10)  # fmt: skip
finish("threads: the loss is not finite",
       start(two, *COMMON, "--out", "d", "--lr", "1e30", "--steps", "9", "--warmup", "0"),
       "^error: step [0-9]*: the (loss|gradient norm) is ", 10)  # fmt: skip
finish("threads: no room for the checkpoint",
       start(two, *COMMON, "--out", "/dev/full/out"), "^error: --out: ", 10)  # fmt: skip
process = start(two, *COMMON, "--steps", "1000000", "--save-every", "2", "--out", "t")
wait_for_steps("t", process)
os.kill(process.pid, signal.SIGTERM)
finish("threads: a signal", process, "", 10, status=128 + signal.SIGTERM)
if not os.path.isdir(f"t/step_{steps_of('t')[-1]:06}"):
    failures += 1
    print("threads: a signal left no checkpoint")
# Of so many micro-batches no step comes to its end: all ranks give up the same one.
process = start(two, *COMMON, "--out", "long", "--accumulate", "1000000")
time.sleep(2)
os.kill(process.pid, signal.SIGTERM)
finish("threads: a signal in a long step", process, "", 10, status=128 + signal.SIGTERM)
if os.listdir("long").count("step_000000") != 1:
    failures += 1
    print(f"long holds {os.listdir('long')}, no checkpoint of step 0")

# Sampling, which needs all ranks: one model has no rank to itself.
sample = [two, "--sample", "1 2", "--out", "nowhere", "--threads", "1"]
finish("samples of nothing", start("mpirun", "-n", "2", *sample),
       "^error: --sample: no checkpoint in nowhere", 15)  # fmt: skip
finish("samples of too few", start("mpirun", "-n", "3", *sample),
       r"compiled for 2 ranks \(--gpus 2\), 3 were started", 15)  # fmt: skip

# In the middle of a run.
LONG = [*COMMON, "--steps", "1000000", "--save-every", "2", "--warmup", "2"]
for name, number, message, seconds in (
    ("killed", signal.SIGKILL, r"rank [01] of 2 on .*, process {}, is gone", 5),
    ("stopped", signal.SIGSTOP, r"rank [01] of 2 on .*: no answer from rank [01] of 2"
                                " on .* within 2 s", 10),
):  # fmt: skip
    for which in (0, 1):
        out = f"{name}-{which}"
        process = start("mpirun", "-n", "2", two, *LONG, "--out", out,
                        "--comm-timeout", "2")  # fmt: skip
        ranks = wait_for_steps(out, process)
        os.kill(ranks[which], number)
        finish(f"rank {which} {name}", process, message.format(ranks[which]), seconds,
               status=137 if number == signal.SIGKILL else 1)  # fmt: skip

# Two ranks in each of two processes: all know who is gone, and go on as four.
BIND = ["--bind-to", "none"]
for which, gone in enumerate(("ranks 0 to 1", "ranks 2 to 3")):
    out = f"killed-four-{which}"
    process = start("mpirun", "-n", "2", *BIND, four, *LONG, "--out", out)
    processes = wait_for_steps(out, process)
    os.kill(processes[which], signal.SIGKILL)
    finish(f"{gone} killed", process,
           f"{gone} of 4 on .*, process {processes[which]}, are gone", 5,
           status=137)  # fmt: skip
finish("four go on", start(four, *COMMON, "--out", "killed-four-1", "--resume", "--steps",
                           str(steps_of("killed-four-1")[-1] + 2)),
       "", 30, status=0)  # fmt: skip
process = start("mpirun", "-n", "2", *BIND, four, *LONG, "--out", "signal-four")
os.kill(wait_for_steps("signal-four", process)[1], signal.SIGTERM)
finish("a signal to two ranks", process, "", 10, status=128 + signal.SIGTERM)

# Both read a shard that is cut short under them.
for how, which in ((["mpirun", "-n", "2"], "mpi"), ([], "threads")):
    for attempt in range(3 if how else 1):
        out = f"cut-{which}-{attempt}"
        shutil.copytree("data", "cut-data", dirs_exist_ok=True)
        process = start(*how, two, *[word if word != "data" else "cut-data"
                                     for word in LONG], "--out", out)  # fmt: skip
        wait_for_steps(out, process)
        for shard in glob.glob("cut-data/*.bin"):
            os.truncate(shard, 0)
        finish(f"a shard is cut {which}", process,
               "rank [01] of 2 on .*: a token shard was cut short", 10)  # fmt: skip

# The checkpoint is whole: one rank goes on where two were killed, and two again.
before = steps_of("killed-1")[-1]
finish("one rank goes on", start(one, *COMMON, "--out", "killed-1", "--resume",
                                 "--accumulate", "2", "--steps", str(before + 4)),
       "", 30, status=0)  # fmt: skip
finish("two ranks go on", start("mpirun", "-n", "2", two, *COMMON, "--out", "killed-1",
                                "--resume", "--steps", str(before + 8)),
       "", 30, status=0)  # fmt: skip
if steps_of("killed-1") != list(range(1, before + 9)):
    failures += 1
    print(f"the steps of killed-1 are not 1 to {before + 8}: {steps_of('killed-1')}")

# Both together say what one rank with all parameters says.
finish("other prompts",
       start(*two_ranks([two, "--sample", "1", "--out", "killed-1"],
                        [two, "--sample", "2", "--out", "killed-1"])),
       "rank 1 of 2 on .* was given other options than rank 0", 15)  # fmt: skip
samples = [
    subprocess.run([*how, "--sample", "1 2", "--out", "killed-1", "--quiet"],
                   stdout=subprocess.PIPE, check=True).stdout
    for how in ([one], [two], ["mpirun", "-n", "2", two])
]  # fmt: skip
if len(set(samples)) != 1 or len(samples[0].split()) < 200:
    failures += 1
    print(f"one rank, two threads and two processes sample {samples}")

# A signal to one rank: all save and stop at the same step.
process = start("mpirun", "-n", "2", two, *LONG, "--out", "signal")
os.kill(wait_for_steps("signal", process)[1], signal.SIGTERM)
finish("a signal to one rank", process, "", 10, status=128 + signal.SIGTERM)
saved = f"signal/step_{steps_of('signal')[-1]:06}"
if not os.path.isdir(saved):
    failures += 1
    print(f"a signal to one rank: there is no {saved}")

sys.exit(f"{failures} failures" if failures else 0)
