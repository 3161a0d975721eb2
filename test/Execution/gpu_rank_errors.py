"""What goes wrong between GPUs is said once and stops all ranks, soon.

    gpu_rank_errors.py DIR PROGRAM OFFLOADING NCCL

PROGRAM was compiled for two emulated GPUs, which NCCL, the stand-in for NVIDIA's
library, connects; OFFLOADING keeps state in the host's memory. Each case checks
the exit status, that there is one error and what it says, what is printed behind
it, and how long it took.
"""

import json
import os
import re
import subprocess
import sys
import time

directory, program, offloading, nccl = map(os.path.abspath, sys.argv[1:])
os.chdir(directory)
COMMON = ["--data", "data", "--threads", "1", "--quiet", "--eval-every", "0"]
failures = 0


def check(name, expected, *arguments, seconds=20, status=1, then="", program=program,
          **environment):  # fmt: skip
    global failures
    variables = {"LLMC_NCCL": nccl, "LLMC_EMULATOR_FAULTS": "devices=2", **environment}
    begin = time.time()
    try:
        done = subprocess.run([program, *COMMON, "--out", re.sub(r"\W", "-", name),
                               "--steps", "3", "--save-every", "1", *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, **variables}, timeout=120)  # fmt: skip
        code, text = done.returncode, done.stdout.decode()
    except subprocess.TimeoutExpired as late:
        code, text = None, f"(still running)\n{(late.stdout or b'').decode()}"
    took = time.time() - begin
    errors = re.findall(r"^error: .*$", text, re.M)
    right = (
        len(errors) == (1 if status else 0)
        and re.search(expected, errors[0] if errors else text)
        and re.search(then, text.partition(errors[0])[2] if errors else text)
        and code == status
        and took < seconds
    )
    print(f"{name}: {'ok' if right else 'WRONG'}, {took:.1f} s: {' | '.join(errors)}")
    if not right:
        failures += 1
        print(f"expected '{expected}', then '{then}', status {status}, {seconds} s; found status "
              f"{code} and\n{text}")  # fmt: skip


check("it runs", "", status=0, LLMC_EMULATOR_REPORT="report.json",
      LLMC_FAKE_NCCL="channels=4")  # fmt: skip
check("with channels as a user says", "", status=0, NCCL_MAX_NCHANNELS="2",
      LLMC_FAKE_NCCL="channels=2")  # fmt: skip
kernels = [kernel["name"] for kernel in json.load(open("report.json"))["kernels"]]

# What a machine lacks.
RANK = "^error: rank [01] of 2 on .*: "
check("too few GPUs", RANK + "the program trains on 2 GPUs of .*, which has 1: 0: "
      r"emulated GPU; .*--gpus 1", LLMC_EMULATOR_FAULTS="devices=1")  # fmt: skip
check("no NCCL", RANK + "no NCCL.*/nowhere/libnccl.so.*LLMC_NCCL must name",
      LLMC_NCCL="/nowhere/libnccl.so")  # fmt: skip
check("not NCCL", "libm.so.6 is no NCCL that will do: it has no ncclGetVersion",
      LLMC_NCCL="libm.so.6")  # fmt: skip
check("old NCCL", r"it is version 2\.13\.4; install NCCL 2\.14\.0 or newer",
      LLMC_FAKE_NCCL="version=21304")  # fmt: skip
check("no memory on a GPU", RANK + "the program needs .* of GPU memory",
      then=r"\n  NCCL, reserved +224 MiB\n",
      LLMC_EMULATOR_FAULTS="devices=2,free=200MiB")  # fmt: skip
# doctor counts the same.
doctor = subprocess.run([program, "doctor"], stdout=subprocess.PIPE, text=True, env={
    **os.environ, "LLMC_NCCL": nccl, "LLMC_EMULATOR_FAULTS": "devices=2,free=200MiB"})  # fmt: skip
if len(re.findall(r"^FAILS GPU [01] .* 200 MiB of .*, NCCL up to 224 MiB: does not fit; ",
                  doctor.stdout, re.M)) != 2:  # fmt: skip
    failures += 1
    print(f"doctor, with 200 MiB free:\n{doctor.stdout}")
check("a limit on pinned memory", RANK + r"the driver cannot pin .* of the host's memory "
      r"for the optimizer m, .*limit on locked memory \(ulimit -l\).*: raise it",
      program=offloading,
      LLMC_EMULATOR_FAULTS="devices=2,call:cuMemHostRegister_v2:2")  # fmt: skip

# What NCCL says, at whichever of its calls.
for function in ("ncclGetUniqueId", "ncclCommInitRankConfig", "ncclGroupStart",
                 "ncclGroupEnd", "ncclSend", "ncclRecv", "ncclAllGather",
                 "ncclCommGetAsyncError"):  # fmt: skip
    for call in (1, 2) if function != "ncclGetUniqueId" else (1,):
        check(f"{function} {call}", "NCCL: as the test wants it; NCCL_DEBUG=INFO",
              "--comm-timeout", "3", LLMC_FAKE_NCCL=f"fail={function}:{call}:3")  # fmt: skip
check("a call while graphs are made", "gradients.*: NCCL: as the test wants it",
      "--comm-timeout", "3", LLMC_FAKE_NCCL="fail=ncclRecv:5:3")  # fmt: skip
check("what arrives is not what was sent", "what rank [01] of 2 on .* sent to rank "
      "[01] of 2 .* arrived as something else: set NCCL_P2P_DISABLE=1",
      LLMC_FAKE_NCCL="lies=1")  # fmt: skip

# In the middle of a run.
check("a rank is lost", "the GPUs lost each other: NCCL: remote process exited.*; "
      "another rank or the network between is gone.*go on with --resume|start again",
      LLMC_FAKE_NCCL="lost=30:6")  # fmt: skip
check("a collective hangs", r"(no answer from rank [01] of 2|the GPU was not done) "
      r".*within 2 s", "--comm-timeout", "2", LLMC_FAKE_NCCL="hang=30")  # fmt: skip

# A kernel fails, in a graph: all ranks repeat the step, one kernel at a time, and
# the rank, the kernel and its line are named, for one that adds up parts with its
# collective.
REPEATED = (r"^\nrepeating step [12] one kernel at a time, to find which one failed\n"
            r"step [12] repeated: rank [01] of 2 on \S+: ")  # fmt: skip
for kind, found in ("linear", r"kernel linear_[0-9]+ "), ("add_", r"\w+ of gradients, "
                    r"bytes [0-9]+ to [0-9]+: kernel add_[0-9]+ "):  # fmt: skip
    name = next(one for one in kernels if one.startswith(kind))
    check(f"a kernel fails {kind}", "rank [01] of 2 on .*: step [12]: .*a kernel failed; "
          "(go on with --resume|start again)",
          then=REPEATED + found + r"\(\S+gpt.mlir:[0-9]+\) \w.*: CUDA_ERROR_ILLEGAL_ADDRESS"
          r".*\n$", seconds=40,
          LLMC_EMULATOR_FAULTS=f"devices=2,launch:{name}:1", LLMC_EMULATOR_REPORT="")  # fmt: skip
check("a GPU is lost", "CUDA_ERROR_DEVICE_UNAVAILABLE.*; the GPU was lost: ",
      LLMC_EMULATOR_FAULTS="devices=2,lost:700")  # fmt: skip

sys.exit(f"{failures} failures" if failures else 0)
