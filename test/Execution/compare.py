"""Compares what a program did with a reference; prints the worst, exits 1 if off.

    compare.py curve METRICS.jsonl REFERENCE
        every step's loss, gradient norm and rate within --tolerance, relative;
        the norm within --norm-tolerance if given; REFERENCE is a .json of Reference/
        or the metrics of another program
    compare.py gradients FOUND.safetensors EXPECTED.safetensors
        |found - expected| of every tensor within --tolerance of |expected|
    compare.py norm METRICS.jsonl GRADIENTS.safetensors
        the first step's norm within --tolerance of that of the gradients, which
        the program summed over micro-batches; each tensor must be seen
    compare.py same FILE FILE
        equal, byte for byte
"""

import argparse
import json
import math
import sys

import safetensors


def read_steps(path):
    with open(path) as file:
        if path.endswith(".json"):
            return json.load(file)["curve"]
        lines = [json.loads(line) for line in file]
    return [line for line in lines if "loss" in line]


def compare_curve(found, expected, tolerances):
    steps, curve = read_steps(found), read_steps(expected)
    if len(steps) != len(curve):
        yield f"expected {len(curve)} steps, found {len(steps)}"
    for key in ("loss", "norm", "lr"):
        tolerance = tolerances[key == "norm"]
        worst = 0.0
        for number, (step, reference) in enumerate(zip(steps, curve), 1):
            error = abs(step[key] / reference[key] - 1)
            if not error <= tolerance:
                yield (
                    f"step {number}: {key} {step[key]}, expected "
                    f"{reference[key]}, {error:.1e} off"
                )
            worst = max(worst, error)
        print(f"{key}: {len(steps)} steps, largest relative error {worst:.1e}")


def read_held_out(path):
    with open(path) as file:
        lines = [json.loads(line) for line in file]
    return [line["held_out_loss"] for line in lines if "held_out_loss" in line]


def compare_held_out(found, expected, tolerances):
    """The losses of evaluations, of two programs' metrics."""
    losses, references = read_held_out(found), read_held_out(expected)
    if not losses or len(losses) != len(references):
        yield f"expected {len(references)} evaluations, found {len(losses)}"
    worst = 0.0
    for number, (loss, reference) in enumerate(zip(losses, references), 1):
        error = abs(loss / reference - 1)
        if not error <= tolerances[0]:
            yield f"evaluation {number}: loss {loss}, expected {reference}"
        worst = max(worst, error)
    print(f"held out: {len(losses)} losses, largest relative error {worst:.1e}")


# Attention does not change when all keys of a head are shifted alike, and rotation
# leaves little of that: these gradients are small sums of large terms.
CANCELLING = ("k_proj.bias",)


def compare_gradients(found, expected, tolerances):
    found, expected = safetensors.read(found), safetensors.read(expected)
    if set(found) != set(expected):
        yield f"tensors of one file only: {sorted(set(found) ^ set(expected))}"
    worst = 0.0
    for name in sorted(set(found) & set(expected)):
        (shape, x), (reference_shape, y) = found[name], expected[name]
        if shape != reference_shape:
            yield f"{name}: shape {shape}, expected {reference_shape}"
            continue
        norm = math.sqrt(sum(b * b for b in y))
        error = math.sqrt(sum((a - b) ** 2 for a, b in zip(x, y)))
        tolerance = tolerances[0] * (2 if name.endswith(CANCELLING) else 1)
        if not error <= tolerance * norm:
            yield f"{name}: off by {error:.3e}, its norm is {norm:.3e}"
        worst = max(worst, error / norm if norm else 0.0)
    print(f"gradients: {len(found)} tensors, largest error {worst:.1e} of the norm")


def compare_norm(found, expected, tolerances):
    norm = read_steps(found)[0]["norm"]
    scale = 1 / int(safetensors.read_metadata(expected)["accumulate"])
    squares = {
        name: sum(x * x for x in values)
        for name, (_, values) in safetensors.read(expected).items()
    }
    total = sum(squares.values())
    for name, square in squares.items():
        # Without it the norm would be off by half of its share.
        if not square > 4 * tolerances[0] * total:
            yield f"{name}: its share of the norm is too small to be missed"
    error = abs(norm / (math.sqrt(total) * scale) - 1)
    if not error <= tolerances[0]:
        yield f"norm {norm}, expected {math.sqrt(total) * scale}, {error:.1e} off"
    print(
        f"norm: relative error {error:.1e}, smallest share of a tensor "
        f"{min(squares.values()) / total:.1e}"
    )


def compare_same(found, expected, _):
    with open(found, "rb") as a, open(expected, "rb") as b:
        if a.read() != b.read():
            yield f"{found} and {expected} differ"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = {
        "curve": compare_curve,
        "gradients": compare_gradients,
        "norm": compare_norm,
        "same": compare_same,
    }
    parser.add_argument("kind", choices=kinds)
    parser.add_argument("found")
    parser.add_argument("expected")
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--norm-tolerance", type=float)
    args = parser.parse_args()
    tolerances = args.tolerance, args.norm_tolerance or args.tolerance
    errors = list(kinds[args.kind](args.found, args.expected, tolerances))
    for error in errors:
        print("error:", error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
