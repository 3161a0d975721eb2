"""A program whose state lies in the host's memory trains as one whose does not.

    offload.py MODEL DIR

Compiles Inputs/MODEL.mlir for the CPU with nothing and with every set of kinds
in the host's memory, for one rank and for two, threads of one process, in each
stage of ZeRO, and trains with and without accumulation: every loss and norm, the
weights and both moments have the same bits. A run that was saved in the middle
goes on without offload, and the other way round, with the same bits. What the
plan takes off the device is what it pins on the host, but for the staging.
"""

import argparse
import json
import os

from training import compare, enter, model_file, run

STEPS = 5
KINDS = ["optimizer", "gradients", "activations"]
# Of several ranks, by the stage of ZeRO: kinds, micro-batches a step, and whether
# a run goes on elsewhere. Gradients have shards from stage 2 on.
SHARED = {
    0: (["optimizer"], (2,), False),
    1: (["optimizer"], (2,), False),
    2: (["gradients"], (1, 2), False),
    3: (["optimizer,gradients,activations"], (1, 2), True),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("directory")
    arguments = parser.parse_args()
    enter(arguments.directory, arguments.model)
    model = model_file(arguments.model)
    # Small buckets, so that places are used again, of uneven sizes.
    options = ("--target=cpu", "--batch", "3", "--seq", "19", "--bucket", "24")

    def build(name, *more):
        run("llmc", "compile", model, *options, "-o", name, *more)
        return json.loads(run("llmc", "plan", model, *options, "--json", *more))

    def train(out, accumulate, *program, steps=STEPS, start=()):
        start = start or ("--init-from", "first.safetensors")
        run(*program, "--data", "data", *start, "--out", out, "--threads", "2",
            "--accumulate", str(accumulate), "--steps", str(steps),
            "--lr", "1e-3", "--warmup", "2", "--save-every", "3", "--keep", "0",
            "--schedule", "constant", "--quiet")  # fmt: skip
        return out

    def same(first, second, step=STEPS):
        folders = [os.path.join(out, f"step_{step:06}") for out in (first, second)]
        # Of several ranks, each has a file of moments.
        files = [sorted(name for name in os.listdir(folder)
                        if name.endswith(".safetensors"))
                 for folder in folders]  # fmt: skip
        assert files[0] == files[1] and len(files[0]) >= 2, files
        for name in files[0]:
            compare("same", *(os.path.join(folder, name) for folder in folders))
        compare("curve", *(f"{out}/metrics.jsonl" for out in (first, second)),
                "--tolerance", "0", "--norm-tolerance", "0")  # fmt: skip

    def check_plan(without, with_, kinds):
        def bytes_of(plan, host):
            return {arena["name"]: arena["bytes"] for arena in plan["arenas"]
                    if arena["host"] == host}  # fmt: skip

        moved = bytes_of(with_, True)
        assert moved and not bytes_of(without, True), moved
        assert with_["host_bytes"] == sum(moved.values())
        assert ("saved" in moved) == ("activations" in kinds), moved
        left = bytes_of(with_, False)
        # Activations that wait there are not all of them.
        saved = moved.pop("saved", 0)
        staging = left.pop("staging", 0)
        assert (staging > 0) == bool(moved)
        kept = bytes_of(without, False)
        for name, size in moved.items():
            assert kept.pop(name) == size, name
        # Windows of gradients lie among the activations.
        windows = left["activations"] - kept["activations"]
        if saved:
            assert "gradients" in moved or windows < 0, windows
        else:
            assert windows == 0 or "gradients" in moved and windows > 0, windows
        kept["activations"] = left["activations"]
        assert left == kept, (left, kept)
        workspaces = (with_["threads"] - 1) * left["workspace"]
        assert with_["total_bytes"] == sum(left.values()) + staging + workspaces

    sets = KINDS + [",".join(KINDS)]
    groups = [("one", (), sets, (1, 2), True)]
    groups += [(f"two-{zero}", ("--gpus", "2", f"--zero={zero}"), *tried)
               for zero, tried in SHARED.items()]  # fmt: skip
    for name, more, these, accumulations, resumes in groups:
        plain = build(name, *more)
        for number, kinds in enumerate(these):
            check_plan(plain, build(f"{name}-{number}", *more, f"--offload={kinds}"),
                       kinds)  # fmt: skip
        for accumulate in accumulations:
            expected = train(f"out-{name}-{accumulate}", accumulate, f"./{name}")
            for number, kinds in enumerate(these):
                out = train(f"out-{name}-{accumulate}-{number}", accumulate,
                            f"./{name}-{number}")  # fmt: skip
                same(out, expected)
                print(f"{name}, accumulate {accumulate}, {kinds}: the same bits")
        if not resumes:
            continue
        # Checkpoints do not say where state lay.
        last = f"{name}-{len(these) - 1}"
        for first, second in ((name, last), (last, name)):
            out = train(f"out-{first}-on", 1, f"./{first}", steps=3)
            train(out, 1, f"./{second}", start=("--resume",))
            same(out, f"out-{name}-1")
            print(f"{first} gone on with as {second}: the same bits")


main()
