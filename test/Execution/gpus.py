"""Several emulated GPUs train as as many CPU ranks do.

    gpus.py MODEL DIR NCCL

Compiles Inputs/MODEL.mlir for 2 and 3 emulated GPUs, which NCCL, the stand-in for
NVIDIA's library, connects, and for as many CPU ranks; trains both with and
without accumulation. Losses, norms and trained weights within 1e-5 relative: the
kernels sum in other orders than those of the CPU. On the GPUs the same bits again
with streams that put their work off, with a rank that comes late, in all stages,
and when kernels are launched one by one.
"""

import os
import sys

from training import enter, model_file, print_differences, run, same_state, train

model, directory, nccl = sys.argv[1], sys.argv[2], os.path.abspath(sys.argv[3])
STEPS = 3


def build(name, *options):
    run("llmc", "compile", model_file(model),
        "--batch", "3", "--seq", "19", "--bucket", "48", "-o", name, *options)  # fmt: skip


enter(directory, model)

for ranks in (2, 3):
    gpus = {"LLMC_NCCL": nccl, "LLMC_EMULATOR_FAULTS": f"devices={ranks}"}
    for zero in ("0", "1", "2", "3") if ranks == 2 else ("0", "1"):
        build(f"gpu-{ranks}-{zero}", "--target=cuda", "--arch=emulated",
              "--precision=f32", "--gpus", str(ranks), "--zero=" + zero)  # fmt: skip
    build(f"cpu-{ranks}", "--target=cpu", "--gpus", str(ranks))
    for accumulate in (1, 2) if ranks == 2 else (1,):
        name = f"{ranks}x{accumulate}"
        expected = train(f"cpu-{ranks}", f"out-cpu-{name}", accumulate, STEPS)
        found = train(f"gpu-{ranks}-1", f"out-gpu-{name}", accumulate, STEPS, **gpus)
        print_differences(found, expected, STEPS)
        # From stage 2 on each micro-batch is summed over ranks before the next
        # one is added.
        for zero in ("0", "2", "3") if name == "2x1" else ("0",):
            same_state(found, train(f"gpu-{ranks}-{zero}", f"out-{zero}-{name}",
                                    accumulate, STEPS, **gpus), STEPS)  # fmt: skip
    for variant, variables in {
        "lazy": {"LLMC_EMULATOR_STREAMS": "lazy", "LLMC_FAKE_NCCL": "late=2000"},
        "one-by-one": {"LLMC_LAUNCH_BLOCKING": "1"},
    }.items():
        same_state(found, train(f"gpu-{ranks}-1", f"out-{variant}-{ranks}", accumulate,
                                STEPS, **gpus, **variables), STEPS)  # fmt: skip
