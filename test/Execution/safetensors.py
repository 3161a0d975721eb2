"""Safetensors files with the standard library alone: writes F32 and F64, reads
also F16 and BF16, as floats."""

import array
import glob
import json
import os
import re
import struct
import sys

assert sys.byteorder == "little", "the files are little-endian"
CODES = {"F32": "f", "F64": "d"}


def write(path, tensors):
    """tensors: (name, shape, array of "f" or "d")."""
    header, offset = {}, 0
    for name, shape, data in tensors:
        end = offset + len(data) * data.itemsize
        header[name] = {
            "dtype": "F32" if data.typecode == "f" else "F64",
            "shape": list(shape),
            "data_offsets": [offset, end],
        }
        offset = end
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, data in tensors:
            file.write(data.tobytes())


def read_header(file):
    return json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))


def read_metadata(path):
    with open(path, "rb") as file:
        return read_header(file).get("__metadata__", {})


def decode(dtype, raw):
    if dtype == "F16":
        return array.array("f", struct.unpack(f"<{len(raw) // 2}e", raw))
    if dtype == "BF16":  # the upper half of an F32
        halves = (b"\0\0" + raw[i : i + 2] for i in range(0, len(raw), 2))
        return array.array("f", b"".join(halves))
    return array.array(CODES[dtype], raw)


def read(path):
    """{name: (shape, array)}"""
    with open(path, "rb") as file:
        header = read_header(file)
        body = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        data = decode(entry["dtype"], body[begin:end])
        tensors[name] = (tuple(entry["shape"]), data)
    return tensors


def read_moments(folder):
    """A checkpoint's moments, of one file or joined from those of all ranks:
    "m.x[0:64]" is a part of "m.x". Parts must make up a whole."""
    whole = os.path.join(folder, "optimizer.safetensors")
    if os.path.exists(whole):
        return {name: data for name, (_, data) in read(whole).items()}
    parts = {}
    for path in sorted(glob.glob(os.path.join(folder, "optimizer-*-of-*.safetensors"))):
        for text, (_, data) in read(path).items():
            name, first, end = re.fullmatch(r"(.*)\[(\d+):(\d+)\]", text).groups()
            assert len(data) == int(end) - int(first), f"{path}: {text}: {len(data)}"
            parts.setdefault(name, []).append((int(first), data))
    moments = {}
    for name, found in parts.items():
        moments[name] = array.array("f")
        for first, data in sorted(found, key=lambda part: part[0]):
            assert first == len(moments[name]), f"{folder}: {name}: no {first}"
            moments[name] += data
    return moments
