"""Compares a model's tile programs in f32 and in bf16: arenas and products."""

import re
import sys


def arenas(text):
    found = re.findall(r"plan\.arena \w+ @(\w+) bytes (\d+)", text)
    return {name: int(size) for name, size in found}


with open(sys.argv[1]) as wide, open(sys.argv[2]) as mixed:
    wide_text, mixed_text = wide.read(), mixed.read()
wide, mixed = arenas(wide_text), arenas(mixed_text)

assert "compute" not in wide
assert mixed["compute"] * 2 == mixed["parameters"]
for name in ("parameters", "gradients", "moment1", "moment2", "io"):
    assert mixed[name] == wide[name], name
assert mixed.get("constants") == wide.get("constants")
ratio = mixed["activations"] / wide["activations"]
assert 0.5 <= ratio < 0.52, ratio

# Every product reads bf16 and sums in f32; no gradient is summed in bf16.
operands = r"tensor<[0-9x]+x(\w+)>"
dots = re.findall(rf"tile\.dot .* : {operands}, {operands}, {operands}\n", mixed_text)
assert dots and set(dots) == {("bf16", "bf16", "f32")}, set(dots)
for view in re.findall(r"plan\.view @gradients.*: memref<(\S+)>", mixed_text):
    assert view.endswith("f32"), view
for view in re.findall(r"plan\.view @compute.*: memref<(\S+)>", mixed_text):
    assert view.endswith("bf16"), view
