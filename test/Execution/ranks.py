"""Several ranks train as one does.

    ranks.py MODEL DIR [--ranks 2,3,4] [--zero 0,1,2,3] [--accumulate 1,3]
             [--recompute none|ops|layer] [--without-mpi]

Compiles Inputs/MODEL.mlir for one rank and, in each stage of ZeRO, for more, and
trains with and without accumulation on the same global batches: as threads, as
processes, and as two processes with half of the ranks each (2 + 1, 2 + 2). Against
one rank: every loss and norm, and every tensor of the trained weights, within 1e-6
relative (of a tensor's norm), of both moments within 3e-6, since the second is
of squares. Between stages, at the same number of ranks: the same bits. With
accumulation, stages 0 and 1 add up micro-batches before ranks, and stages 2 and
3 ranks before micro-batches, so that only those two have the same bits each.
The one rank computes nothing again, the others what --recompute says.

AdamW's epsilon is 1e-4: with a tiny one, a gradient that is 0 but for rounding,
as that of attention's key bias, would decide on steps of full length.
"""

import argparse

from training import compare, enter, model_file, run, same_state, state

TOLERANCE = "1e-6"
STEPS = 5


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("directory")
    parser.add_argument("--ranks", default="2,3,4")
    parser.add_argument("--zero", default="0,1,2,3")
    parser.add_argument("--accumulate", default="1,3")
    parser.add_argument("--recompute", default="none")
    parser.add_argument("--without-mpi", action="store_true")
    arguments = parser.parse_args()
    stages = [int(stage) for stage in arguments.zero.split(",")]
    enter(arguments.directory, arguments.model)

    def build(name, *options):
        run("llmc", "compile", model_file(arguments.model),
            "--target=cpu", "--batch", "3", "--seq", "19", "-o", name, *options)  # fmt: skip

    def train(name, accumulate, program, start=lambda command: command):
        run(*start([program, "--data", "data", "--init-from", "first.safetensors",
                    "--out", name, "--accumulate", str(accumulate),
                    "--steps", str(STEPS), "--lr", "1e-3", "--warmup", "2",
                    "--epsilon", "1e-4", "--threads", "1", "--quiet"]))  # fmt: skip
        return name

    build("one")
    ones = {}
    for ranks in map(int, arguments.ranks.split(",")):
        for zero in stages:
            # Small buckets, so that there are several, of uneven sizes.
            build(f"{ranks}-{zero}", "--gpus", str(ranks), f"--zero={zero}",
                  "--bucket", "48", "--recompute", arguments.recompute)  # fmt: skip
        for accumulate in map(int, arguments.accumulate.split(",")):
            total = ranks * accumulate
            if total not in ones:
                ones[total] = train(f"out-1x{total}", total, "./one")
            engines = {"threads": lambda command: command}
            if not arguments.without_mpi:
                engines["mpi"] = lambda command: ["mpirun", "-n", str(ranks), *command]
            if not arguments.without_mpi and ranks > 2:
                half = ranks // 2
                engines["both"] = lambda command: [
                    "mpirun", "--bind-to", "none",
                    "-n", "1", *command, "--ranks-here", str(ranks - half), ":",
                    "-n", "1", *command, "--ranks-here", str(half),
                ]  # fmt: skip
            outs = {
                train(f"out-{ranks}x{accumulate}-{zero}-{engine}", accumulate,
                      f"./{ranks}-{zero}", start): zero
                for zero in stages for engine, start in engines.items()
            }  # fmt: skip
            for out in outs:
                print(f"{ranks} ranks, accumulate {accumulate}: {out}")
                print(compare("curve", f"{out}/metrics.jsonl",
                              f"{ones[total]}/metrics.jsonl",
                              "--tolerance", TOLERANCE,
                              "--norm-tolerance", TOLERANCE), end="")  # fmt: skip
                for found, expected, tolerance in zip(
                    state(out, STEPS), state(ones[total], STEPS), (TOLERANCE, "3e-6")
                ):
                    print(compare("gradients", found, expected,
                                  "--tolerance", tolerance), end="")  # fmt: skip
            for first, second in zip(list(outs), list(outs)[1:]):
                if accumulate > 1 and outs[first] < 2 <= outs[second]:
                    continue
                same_state(first, second, STEPS)
                compare("curve", *(f"{one}/metrics.jsonl" for one in (first, second)),
                        "--tolerance", "0", "--norm-tolerance", "0")  # fmt: skip
                print(f"{first} and {second}: the same bits")


if __name__ == "__main__":
    main()
