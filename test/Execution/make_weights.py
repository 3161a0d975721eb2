"""Writes the first weights of a model, and token shards, by formula.

    make_weights.py [MODEL --weights FILE] [--data DIR --batch B --seq T]

The training shard holds B T + 1 tokens: exactly one batch of windows, so that
each step sees the same batch whatever order the seed gives its rows.
"""

import argparse
import array
import os
import struct

import formula
import models
import safetensors


def write_weights(path, model):
    safetensors.write(
        path,
        [
            (name, shape, array.array("f", formula.values(name, shape, init)))
            for name, shape, init in models.MODELS[model]()
        ],
    )


def write_shard(path, first, count, vocabulary=models.VOCABULARY):
    header = struct.pack("<256i", 20240520, 1, count, *[0] * 253)
    text = array.array(
        "H", (formula.token(first + i, vocabulary) for i in range(count))
    )
    with open(path, "wb") as file:
        file.write(header + text.tobytes())


def write_data(folder, count, vocabulary=models.VOCABULARY):
    """Shards of `count` tokens to train on and to hold out."""
    os.makedirs(folder, exist_ok=True)
    write_shard(os.path.join(folder, "train.bin"), 0, count, vocabulary)
    write_shard(os.path.join(folder, "val.bin"), count, count, vocabulary)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=models.MODELS, nargs="?")
    parser.add_argument("--weights", help="where those of MODEL go")
    parser.add_argument("--data")
    parser.add_argument("--batch", type=int, default=3)
    parser.add_argument("--seq", type=int, default=19)
    parser.add_argument("--vocabulary", type=int, default=models.VOCABULARY)
    args = parser.parse_args()
    if args.model and args.weights:
        write_weights(args.weights, args.model)
    if args.data:
        write_data(args.data, args.batch * args.seq + 1, args.vocabulary)


if __name__ == "__main__":
    main()
