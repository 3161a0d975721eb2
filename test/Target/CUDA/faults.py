"""A C++ compiler for --arch=emulated that breaks one kernel on purpose.

    LLMC_TEST_FAULT=NAME LLMC_TEST_OBJECTS=DIR faults.py ARGUMENTS OF A COMPILER

The kernel is the one whose shared memory is that of the schedule in faults.test.
Objects of all others are kept in DIR, so that a fault costs one compilation.
Kernels come on standard input; what does not goes to the real compiler.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys

BROKEN = "LLMC_SHARED(18432)"

# Name: (pattern, replacement, how many places).
FAULTS = {
    "none": [],
    # Buffers are refilled while other warps still read them.
    "barrier": [(r"^    barrier\(\);$", "", 1)],
    # The pipeline waits for the stage before the one it reads.
    "wait": [(r"cp_async_wait<1>\(\)", "cp_async_wait<2>()", 1)],
    "commit": [(r"^    cp_async_commit\(\);$", "", 1)],
    # Chunks are read where they would be without a swizzle.
    "swizzle": [(r"b_chunk = \((\w+) \^ .*\) \* 16", r"b_chunk = \1 * 16", 1)],
    # Another chunk in every row.
    "chunk": [(r"b_chunk = (.*) \* 16", r"b_chunk = (\1 ^ 1) * 16", 1)],
    # The same in all places: right numbers, conflicts of banks.
    "no-swizzle": [
        (r"_chunk = \((\w+) \^ .*\) \* 16", r"_chunk = \1 * 16", 2),
        (r"\(copy_chunk \^ .*?& 3\)\) \* 16", "copy_chunk * 16", 1),
    ],
    "load": [(r"input \+ input_from", r"\g<0> + 32640", 4)],
    "store": [(r"store_global\(output \+", r"\g<0> 16384 +", 1)],
    # The buffer that is being filled; beyond the shared memory.
    "stage": [(r"weight_ring \+ \w+ \+ b_row", r"\g<0> + 4096", 2)],
    "shared": [(r"weight_ring \+ \w+ \+ b_row", r"\g<0> + 6144", 2)],
    # Half of a warp does not come.
    "divergence": [(r"^( +)(mma\(.* \+ 8\]\);)", r"\1if (lane < 16) \2", 1)],
}


def break_text(text, name):
    for pattern, replacement, places in FAULTS[name]:
        text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
        if count != places:
            sys.exit(f"faults.py: {name}: {count} places of '{pattern}', not {places}")
    return text


def main():
    arguments = sys.argv[1:]
    names = [os.environ.get("LLMC_TEST_CXX"), "clang++-22", "clang++", "c++", "g++"]
    real = next(path for path in (shutil.which(name) for name in names if name) if path)
    if arguments[-1] != "-":  # no kernel comes in a file
        os.execv(real, [real] + arguments)

    text = sys.stdin.read()
    fault = os.environ["LLMC_TEST_FAULT"]
    if BROKEN in text:
        text = break_text(text, fault)
    output = arguments[arguments.index("-o") + 1]
    objects = os.environ["LLMC_TEST_OBJECTS"]
    os.makedirs(objects, exist_ok=True)
    kept = os.path.join(objects, hashlib.sha256(text.encode()).hexdigest())
    if not os.path.exists(kept):
        done = subprocess.run([real] + arguments, input=text.encode(), check=False)
        if done.returncode:
            sys.exit(done.returncode)
        shutil.copy(output, f"{kept}.{os.getpid()}")
        os.replace(f"{kept}.{os.getpid()}", kept)
    shutil.copy(kept, output)


if __name__ == "__main__":
    main()
