"""A small model of the same architecture, from the text of a model file.

The text stays as it is but for its numbers, so that every fused kernel of the
large model has a twin: fewer layers; fewer heads of the same size, as many of
them for each head of keys and values; other widths of at most 223, equal modulo
64 to what they were; a vocabulary equal modulo 256, above the columns that a
block of rows can hold at once where the model's own is.
Deviations of first weights grow as rows of products become shorter, so that
activations are about those of a model of 768 channels; those of more make
attention so sharp that the rounding of bf16 alone passes all tolerances.
"""

import math
import re

# Rows of more columns are worked on in parts (compiler/Schedule/CudaModel.cpp).
WIDE = 8192
POSITIONS = 128
INNER = 160
# GPT-2's, for which a deviation of 0.02 was chosen.
CHANNELS = 768


def extents(text):
    """The numbers of each tensor type in a text, ? left out."""
    for shape in re.findall(r"tensor<((?:[\d?]+x)+)\w+>", text):
        yield [int(n) for n in shape.split("x") if n.isdigit()]


def integer(line, name):
    return int(re.search(rf"\b{name} = (\d+)", line)[1])


def same_residue(least, number, modulus):
    """The smallest number from `least` on that leaves what `number` leaves."""
    return least + (number - least) % modulus


def lines_of(text, op):
    return re.findall(rf"^.*\bmodel\.{op}\b.*$", text, re.MULTILINE)


def vocabulary_of(text):
    (loss,) = lines_of(text, "cross_entropy")
    return next(extents(loss))[-1]


class Conflict(Exception):
    """One number of the model would have to become two."""


def choose_widths(text, wide):
    """{width: width of the small model}, {attention's line: (heads, kv_heads)}"""
    widths, heads = {}, {}

    def put(old, new):
        if widths.setdefault(old, new) != new:
            raise Conflict(f"{old} would become {widths[old]} and {new}")

    for line in lines_of(text, "attention"):
        types = list(extents(line))
        queries, keys = types[0][-1], types[1][-1]
        old, old_kv = integer(line, "heads"), integer(line, "kv_heads")
        group, size = old // old_kv, queries // old
        # Two heads of keys, where that is not too wide.
        kv = min(old_kv, 2 if 2 * group * size <= 512 else 1)
        heads[line] = group * kv, kv
        put(queries, group * kv * size)
        put(keys, kv * size)
    for line in lines_of(text, "split"):
        whole, *parts = (shape[-1] for shape in extents(line))
        put(whole, sum(widths[part] for part in parts))
    vocabulary = vocabulary_of(text)
    least = WIDE + 1 if wide else 65
    put(vocabulary, min(vocabulary, same_residue(least, vocabulary, 256)))
    positions = {
        list(extents(line))[1][0] for line in lines_of(text, "position_embedding")
    }
    for shape in extents(text):
        for width in shape:
            if width in widths:
                continue
            if width in positions:
                widths[width] = min(width, POSITIONS)
            else:
                widths[width] = min(width, same_residue(INNER, width, 64))
    return widths, heads


def shrink(text, layers=2, wide=True):
    """The small model's text, and its vocabulary: wide, or below 321."""
    text = re.sub(r"^ *//.*\n", "", text, flags=re.MULTILINE)
    try:
        widths, heads = choose_widths(text, wide)
    except Conflict:
        # Two numbers that happen to be equal, in a model that is small already.
        widths, heads = {n: n for shape in extents(text) for n in shape}, {}
    for line, (new, new_kv) in heads.items():
        changed = re.sub(r"\bheads = \d+", f"heads = {new}", line)
        changed = re.sub(r"\bkv_heads = \d+", f"kv_heads = {new_kv}", changed)
        text = text.replace(line, changed)
    embedding = lines_of(text, "embedding")[0]
    width = list(extents(embedding))[1][-1]

    def shape(match):
        numbers = match[1].split("x")
        return "tensor<" + "x".join(
            str(widths[int(n)]) if n.isdigit() else n for n in numbers
        )

    def deviation(match):
        grown = math.sqrt(min(width, CHANNELS) / widths[width])
        return f"normal<{float(match[1]) * grown:.6g}>"

    small = re.sub(r"tensor<((?:[\d?]+x)+)", shape, text)
    small = re.sub(r"normal<([\d.e-]+)>", deviation, small)
    return at_most(small, layers), widths[vocabulary_of(text)]


def at_most(text, layers):
    """The model with so many layers."""

    def fewer(match):
        return f"model.repeat {min(int(match[1]), layers)} "

    return re.sub(r"model\.repeat (\d+) ", fewer, text)


def architecture(text):
    """Equal for models that differ in name and initial values only."""
    text = re.sub(r"^ *//.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"model\.graph @\w+", "model.graph @model", text)
    return re.sub(r"normal<[^>]*>", "normal<0.1>", text)
