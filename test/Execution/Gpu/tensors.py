"""Tensors of safetensors files of any size, without numpy; metrics of a run."""

import json
import math
import mmap
import struct

SAMPLES = 1 << 16  # elements compared of each tensor, evenly spaced


def read_header(data):
    """{name: (shape, begin, end)} of F32 tensors, bytes within the file."""
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    return {
        name: (entry["shape"], *(8 + size + n for n in entry["data_offsets"]))
        for name, entry in header.items()
    }


class Tensors:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.header = read_header(self.data)

    def sample(self, name):
        _, begin, end = self.header[name]
        with memoryview(self.data) as whole, whole[begin:end] as part:
            with part.cast("f") as values:
                return values[:: -(-len(values) // SAMPLES)].tolist()


def compare_tensors(found, expected):
    """{name: relative error in the Frobenius norm}"""
    found, expected = Tensors(found), Tensors(expected)
    if set(found.header) != set(expected.header):
        names = sorted(set(found.header) ^ set(expected.header))
        raise ValueError(f"tensors of one file only: {names}")
    errors = {}
    for name in expected.header:
        x, y = found.sample(name), expected.sample(name)
        norm = math.sqrt(math.fsum(b * b for b in y))
        error = math.sqrt(math.fsum((a - b) ** 2 for a, b in zip(x, y, strict=True)))
        errors[name] = error / norm if norm else error
        if not math.isfinite(errors[name]):
            errors[name] = math.inf
    return errors


def read_steps(path):
    """The steps' lines of a metrics.jsonl."""
    with open(path) as file:
        lines = [json.loads(line) for line in file]
    return [line for line in lines if "loss" in line]


def compare_losses(found, expected):
    """Largest relative difference of two lists of losses of equal length."""
    if len(found) != len(expected):
        raise ValueError(f"{len(found)} steps, expected {len(expected)}")
    worst = max(abs(a / b - 1) for a, b in zip(found, expected))
    return worst if math.isfinite(worst) else math.inf


def same_bytes(first, second):
    with open(first, "rb") as a, open(second, "rb") as b:
        while True:
            x, y = a.read(1 << 24), b.read(1 << 24)
            if x != y:
                return False
            if not x:
                return True
