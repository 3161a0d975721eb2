"""Several emulated GPUs train with state in the host's memory as without.

    offload_gpus.py MODEL DIR NCCL

Compiles Inputs/MODEL.mlir for 2 and 3 emulated GPUs, which NCCL, the stand-in for
NVIDIA's library, connects, with each kind of --offload, in each stage of ZeRO, in
f32 and in bf16, some with layers that are computed again. Weights and moments are
the same bits as of a program of the same stages (0 and 1; 2 and 3) that keeps all of
it on the GPUs and computes nothing again, though streams put copies and kernels off
as long as they may. In f32, losses, norms and weights are those of as many CPU ranks within 1e-5:
kernels sum in other orders there.
"""

import os
import sys

from training import enter, model_file, print_differences, run, same_state, train

model, directory, nccl = sys.argv[1], sys.argv[2], os.path.abspath(sys.argv[3])
STEPS = 2
LAYER = "--recompute=layer"
# GPUs, precision and micro-batches a step; then, for stages whose bits are the
# same, the stage of the program that offloads nothing, and stages and options of
# those that are compared with it. Masters are beside copies in bf16 only. Three
# micro-batches: the one in the middle brings gradients and takes them back.
CASES = [
    (2, "f32", 3, {
        1: [(0, "optimizer"), (1, "optimizer,activations", LAYER)],
        3: [(2, "gradients"), (3, "optimizer,gradients,activations", LAYER)]}),
    (2, "bf16", 2, {
        1: [(0, "masters"), (1, "optimizer,masters,activations")],
        3: [(2, "optimizer,masters,gradients,activations", LAYER),
            (3, "masters,gradients")]}),
    (3, "f32", 1, {2: [(3, "gradients,activations", LAYER)]}),
]  # fmt: skip


def build(name, ranks, *options):
    run("llmc", "compile", model_file(model), "--gpus", str(ranks),
        "--batch", "3", "--seq", "19", "--bucket", "48", "-o", name, *options)  # fmt: skip


enter(directory, model)
for ranks, precision, accumulate, stages in CASES:
    gpus = {"LLMC_NCCL": nccl, "LLMC_EMULATOR_FAULTS": f"devices={ranks}"}
    lazy = {"LLMC_EMULATOR_STREAMS": "lazy", "LLMC_FAKE_NCCL": "late=2000", **gpus}
    emulated = ("--target=cuda", "--arch=emulated", "--precision=" + precision)
    case = f"{ranks}-{precision}"
    if precision == "f32":
        build("cpu-" + case, ranks, "--target=cpu")
        expected = train("cpu-" + case, "out-cpu-" + case, accumulate, STEPS)
    for plain, programs in stages.items():
        name = f"{case}-{plain}"
        build(name, ranks, *emulated, f"--zero={plain}")
        found = train(name, "out-" + name, accumulate, STEPS, **gpus)
        if precision == "f32":
            print_differences(found, expected, STEPS)
        for zero, kinds, *more in programs:
            name = f"{case}-{zero}-host"
            build(name, ranks, *emulated, f"--zero={zero}", f"--offload={kinds}", *more)
            offloaded = train(name, "out-" + name, accumulate, STEPS, **lazy)
            same_state(found, offloaded, STEPS)
            print(f"{ranks} GPUs, {precision}, stage {zero}, {kinds}"
                  f"{', ' + more[0] if more else ''}: the same bits")  # fmt: skip
