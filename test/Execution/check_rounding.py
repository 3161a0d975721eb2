"""Checks that AdamW rounded bf16 weights stochastically, bit for bit and on average.

    check_rounding.py PLAN.mlir OUT STEP --lr RATE --weight-decay DECAY

OUT holds the checkpoints of steps STEP - 1 and STEP. The moments of the second are
those that the update used, so that it can be computed again from them: in f32, one
rounding an operation, then to bf16 by bits that follow from the step and from the
element's index in the arena, which PLAN, the IR after memory planning, knows.
"""

import argparse
import math
import os
import re
import struct
import sys

import safetensors

MASK = 0xFFFFFFFF


def f32(x):
    """Nearest f32. Of a sum, product, quotient or root of two f32 that was computed
    in double precision, this is what f32 arithmetic gives."""
    return struct.unpack("<f", struct.pack("<f", x))[0]


def bits_of(x):
    return struct.unpack("<I", struct.pack("<f", x))[0]


def from_bits(bits):
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def mix(x):
    x = (x ^ (x >> 16)) * 0x7FEB352D & MASK
    x = (x ^ (x >> 15)) * 0x846CA68B & MASK
    return x ^ (x >> 16)


def round_stochastically(x, step, index):
    random = mix(index ^ mix(step)) & 0xFFFF
    return from_bits((bits_of(x) + random) & 0xFFFF0000)


def round_to_nearest(x):
    bits = bits_of(x)
    return from_bits((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000)


def read_variables(path):
    """Name: first element in the arena, whether weight decay applies."""
    pattern = re.compile(
        r'plan\.variable "([^"]+)" in @compute\[(\d+)\] : tensor<[^>]*bf16>( decay)?'
    )
    with open(path) as file:
        return {
            name: (int(offset) // 2, bool(decay))
            for name, offset, decay in pattern.findall(file.read())
        }


def read_step(out, step):
    folder = os.path.join(out, f"step_{step:06}")
    return [
        safetensors.read(os.path.join(folder, name + ".safetensors"))
        for name in ("model", "optimizer")
    ]


class Update:
    """AdamW on one element, as f32 arithmetic gives it."""

    def __init__(self, step, args):
        self.lr, self.decay = f32(args.lr), f32(args.weight_decay)
        self.epsilon = f32(args.epsilon)
        self.corrections = [
            f32(-math.expm1(step * math.log(beta))) for beta in args.betas
        ]

    def __call__(self, weight, m, v, decays):
        mean = f32(m / self.corrections[0])
        root = f32(math.sqrt(f32(v / self.corrections[1])))
        step = f32(mean / f32(root + self.epsilon))
        decay = f32(self.decay * weight) if decays else 0.0
        return f32(weight - f32(self.lr * f32(step + decay)))


def check(args):
    variables = read_variables(args.plan)
    before, _ = read_step(args.out, args.step - 1)
    after, moments = read_step(args.out, args.step)
    if not variables or set(variables) != set(after):
        yield f"the plan and the checkpoint differ: {set(variables) ^ set(after)}"
        return
    update = Update(args.step, args)
    elements = wrong = kept = 0
    moved = expected = variance = 0.0
    for name, (first, decays) in variables.items():
        values = zip(
            before[name][1], after[name][1], moments["m." + name][1], moments["v." + name][1]
        )
        for i, (weight, found, m, v) in enumerate(values):
            exact = update(weight, m, v, decays)
            elements += 1
            wrong += found != round_stochastically(exact, args.step, first + i)
            # Rounding to nearest would never move these.
            if round_to_nearest(exact) != weight or exact == weight:
                continue
            kept += 1
            direction = math.copysign(1.0, exact - weight)
            low = from_bits(bits_of(exact) & 0xFFFF0000)
            unit = abs(from_bits(bits_of(low) + 0x10000) - low)
            part = abs(exact - low) / unit
            # In units of the last place, towards where the optimizer goes.
            moved += direction * (found - weight) / unit
            expected += direction * (exact - weight) / unit
            variance += part * (1 - part)
    print(
        f"step {args.step}: {elements} weights, {wrong} other than computed; "
        f"rounding to nearest would keep {kept}, which move by {moved:.0f} units "
        f"in the last place, {expected:.1f} expected, deviation {variance**0.5:.1f}"
    )
    if wrong:
        yield f"{wrong} of {elements} weights are not what the update gives"
    if abs(moved - expected) > 4 * math.sqrt(variance):
        yield f"weights move by {moved:.1f} units, expected {expected:.1f}"
    if expected < 8 * math.sqrt(variance):
        yield "too few weights to tell stochastic rounding from rounding to nearest"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("plan")
    parser.add_argument("out")
    parser.add_argument("step", type=int)
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--weight-decay", type=float, required=True)
    parser.add_argument("--betas", type=float, nargs=2, default=(0.9, 0.95))
    parser.add_argument("--epsilon", type=float, default=1e-8)
    errors = list(check(parser.parse_args()))
    for error in errors:
        print("error:", error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
