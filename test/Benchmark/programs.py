"""What the benchmarks share: the build, the models' facts, and their tokens."""

import os
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
VOCABULARY = {"gpt2-124m": 50257, "llama-15m": 32000}


def fail(message):
    sys.exit(f"error: {message}")


def split(text):
    return text.split(",")


def build_directory():
    return pathlib.Path(os.environ.get("LLMC_BUILD", ROOT / "build"))


def write_shard(path, count, vocabulary):
    """`count` tokens by a formula, as uint16: see test/Execution/formula.py."""
    state, tokens = 1, []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        tokens.append((state >> 8) % vocabulary)
    header = struct.pack("<256i", 20240520, 1, count, *[0] * 253)
    path.write_bytes(header + struct.pack(f"<{count}H", *tokens))


def write_data(folder, count, vocabulary):
    """Exactly one batch, which is every step's; a held-out file must be there."""
    folder.mkdir(exist_ok=True)
    write_shard(folder / "train.bin", count, vocabulary)
    write_shard(folder / "val.bin", count, vocabulary)
