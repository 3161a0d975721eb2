"""Weights and tokens that anyone can compute: integer arithmetic only.

The interpreter computes the same in tools/llmc-interpret/Formula.cpp, so that
it, the compiled program and PyTorch start from the same bits.
"""

import zlib


def mix(element, name):
    """The finaliser of MurmurHash3 over a multiplicative sequence, 32 bits."""
    mask = 0xFFFFFFFF
    h = (element * 2654435769 + zlib.crc32(name.encode())) & mask
    h ^= h >> 16
    h = h * 0x85EBCA6B & mask
    h ^= h >> 13
    h = h * 0xC2B2AE35 & mask
    return h ^ h >> 16


def values(name, shape, init):
    """One parameter's values, before rounding to f32.

    init is "ones", "zeros" or the deviation of a normal<..>.
    """
    center, spread = {"ones": (1.0, 0.125), "zeros": (0.0, 0.03125)}.get(
        init, (0.0, 2.0 * init if isinstance(init, float) else 0.0)
    )
    count = 1
    for extent in shape:
        count *= extent
    return [
        center + spread * ((mix(i, name) >> 8) / 8388608.0 - 1.0) for i in range(count)
    ]


def token(position, vocabulary):
    return mix(position, "tokens") % vocabulary
