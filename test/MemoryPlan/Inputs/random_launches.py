"""Writes a function of N launches whose tensors have random sizes and
lifetimes; with `check FILE`, compares the planned arena with the most bytes
alive at one time."""

import random
import re
import sys

SIZES = [16, 48, 64, 1000, 4096, 20000]


def lifetimes(count):
    random.seed(count)
    size = [random.choice(SIZES) for _ in range(count)]
    reads = []
    last = list(range(count))
    for time in range(count):
        # Mostly recent tensors, now and then an old one, as backward ops do.
        choices = [random.randrange(max(0, time - random.choice([3, 3, 3, 400])), time) for _ in range(2)] if time else []
        reads.append(choices)
        for tensor in choices:
            last[tensor] = time
    return size, reads, last


def write(count):
    size, reads, _ = lifetimes(count)
    kernels, lines = {}, []
    for time in range(count):
        inputs = [f"tensor<{size[t]}xf32>" for t in reads[time]]
        signature = f"({', '.join(inputs)}) -> tensor<{size[time]}xf32>"
        name = kernels.setdefault(signature, f"k{len(kernels)}")
        operands = ", ".join(f"%t{t}" for t in reads[time])
        lines.append(f"  %t{time} = tile.launch @{name}({operands}) : {signature}")
    for signature, name in kernels.items():
        result = signature.split("-> ")[1]
        inputs = re.findall(r"tensor<\d+xf32>", signature)[:-1]
        arguments = ", ".join(f"%a{i}: {t}" for i, t in enumerate(inputs))
        print(f"tile.func @{name}({arguments}) -> {result} {{")
        print(f"  %c = arith.constant dense<0.0> : {result}")
        print(f"  tile.return %c : {result}\n}}")
    print("tile.func @last(%h: tensor<9xf32>) -> tensor<f32> {")
    print("  %y = model.mean %h : (tensor<9xf32>) -> tensor<f32>\n  tile.return %y : tensor<f32>\n}")
    print("func.func @update(%h: tensor<9xf32>) -> tensor<f32> {")
    print("\n".join(lines))
    print("  %r = tile.launch @last(%h) : (tensor<9xf32>) -> tensor<f32>\n  return %r : tensor<f32>\n}")


def check(count, path):
    size, _, last = lifetimes(count)
    aligned = [(4 * n + 63) // 64 * 64 for n in size]
    bound = max(sum(aligned[t] for t in range(time + 1) if last[t] >= time) for time in range(count))
    with open(path) as file:
        arena = int(re.search(r"plan.arena activation @activations bytes (\d+)", file.read()).group(1))
    print(f"{arena} bytes, at least {bound}, {100 * (arena / bound - 1):.2f} % above")
    assert bound <= arena <= 1.1 * bound


if len(sys.argv) == 2:
    write(int(sys.argv[1]))
else:
    check(int(sys.argv[1]), sys.argv[2])
