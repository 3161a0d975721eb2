"""Kernels on their own, launched through the CUDA driver: no compiler, no numpy.

    kernels.py build FOLDER --include DIR --compiler CXX
        FOLDER/*.cu, as `llmc compile --emit=cuda` writes them, become
        FOLDER/emulated.so, which the emulated driver loads
    kernels.py expect FOLDER --max-flops F --max-elements N
        runs every kernel on random data on the emulated driver; writes
        FOLDER/expected.json and .bin. Larger kernels are left out
    kernels.py check FOLDER --limit E [--behind KERNEL]
        runs them again on a driver, those behind KERNEL; compares; relative error in
        the Frobenius norm. Status 3: a comparison failed; 1: the kernel begun last
    kernels.py probe FOLDER
        loads one kernel, so that a driver that is too old shows
    kernels.py warm FOLDER... --jobs N
        loads all kernels, so that the driver's compiler has cached them
    kernels.py time FOLDER --seconds S
        ms of a launch, TFLOP/s and GB/s, on the same data each time
    kernels.py copy
        GB/s of a large copy

Results are lines of JSON. With an emulated.so in the folder this is what is
loaded, and else NAME.ptx of each kernel.
"""

import argparse
import array
import glob
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import time

from cuda_driver import Driver, DriverError, NoGpu

MISMATCH = 3  # exit status where a kernel ran and computed something else
SAMPLES = 1 << 16  # elements compared of each output, evenly spaced
SIZES = {"float": 4, "int": 4, "bf16": 2}


class Kernel:
    """What a stand-alone source says of its kernel."""

    def __init__(self, path):
        with open(path) as file:
            text = file.read()
        self.path = path
        self.text, _, benchmark = text.partition("//===---")
        head = re.search(
            r"LLMC_KERNEL\([^)]*\)\s*(\w+)\s*\(([^)]*)\)", self.text, re.S
        )
        self.name = head.group(1)
        self.arguments = []  # (type, written, elements)
        counts = re.findall(r"LLMC_ARGUMENT\(\w+, (\d+)L*\)", self.text)
        for text, count in zip(head.group(2).split(","), counts, strict=True):
            kind = re.search(r"\b(float|bf16|int)\b", text).group(1)
            self.arguments.append((kind, "const" not in text.split(), int(count)))

        def numbers(pattern):
            return [int(n) for n in re.search(pattern, benchmark).groups()]

        self.grid = numbers(r"dim3 grid\((\d+), (\d+), (\d+)\)")
        self.threads, self.shared = numbers(r"threads = (\d+), sharedBytes = (\d+)")
        self.flops, self.bytes = numbers(r"flops = (\d+), bytes = (\d+)")

    def size(self):
        return sum(SIZES[kind] * count for kind, _, count in self.arguments)


def read_kernels(folder):
    kernels = [Kernel(path) for path in glob.glob(os.path.join(folder, "*.cu"))]
    return sorted(kernels, key=lambda kernel: kernel.name)


class Images:
    """Finds the functions of a folder's kernels."""

    def __init__(self, driver, folder):
        self.driver, self.module = driver, None
        path = os.path.join(folder, "emulated.so")
        if os.path.exists(path):
            with open(path, "rb") as file:
                self.module = driver.load(file.read())

    def get(self, kernel):
        if self.module:
            return self.driver.function(self.module, kernel.name, kernel.shared)
        with open(kernel.path[:-3] + ".ptx", "rb") as file:
            text = file.read().rstrip(b"\0")
        entry = re.search(rb"\.entry\s+(\w+)", text).group(1).decode()
        return self.driver.function(
            self.driver.load(text + b"\0"), entry, kernel.shared
        )


# The highest byte of a number, from a random byte: sign and exponent such that
# magnitudes are between 1/32 and 1/2.
SIGNED = bytes((b & 0x80) | (0x3D + (b & 1)) for b in range(256))
POSITIVE = bytes(0x3D + (b & 1) for b in range(256))
INDEX = bytes(b & 63 for b in range(256))


def random_data(kind, count, seed, table=SIGNED):
    size = SIZES[kind]
    data = bytearray(random.Random(seed).randbytes(count * size))
    if kind == "int":  # small: a token and a target of any model
        data[0::4] = data[0::4].translate(INDEX)
        for byte in range(1, 4):
            data[byte::4] = bytes(count)
    else:
        data[size - 1 :: size] = data[size - 1 :: size].translate(table)
    return data


def sample(kind, data):
    """At most SAMPLES of the elements, as floats."""
    values = array.array({"float": "f", "int": "i", "bf16": "H"}[kind], bytes(data))
    values = values[:: -(-len(values) // SAMPLES)]
    if kind == "bf16":
        bits = array.array("I", (value << 16 for value in values))
        values = array.array("f", bits.tobytes())
    return array.array("f", values)


def run_kernel(driver, images, kernel, table):
    """Launches once on random data; samples of everything that it may write."""
    addresses = []
    try:
        for number, (kind, _, count) in enumerate(kernel.arguments):
            data = random_data(kind, count, f"{kernel.name} {number}", table)
            addresses.append(driver.allocate(len(data)))
            driver.upload(addresses[-1], data)
        function = images.get(kernel)
        driver.launch(function, kernel.grid, kernel.threads, kernel.shared, addresses)
        driver.wait()
        return [
            sample(kind, driver.download(address, SIZES[kind] * count))
            for address, (kind, written, count) in zip(addresses, kernel.arguments)
            if written
        ]
    finally:
        for address in addresses:
            driver.release(address)


def relative_error(found, expected):
    """In the Frobenius norm; infinite where a number is not finite."""
    norm = math.sqrt(math.fsum(y * y for y in expected))
    error = math.sqrt(math.fsum((x - y) ** 2 for x, y in zip(found, expected)))
    if not math.isfinite(error) or not math.isfinite(norm):
        return math.inf
    return error / norm if norm else error


def build(args):
    target = os.path.join(args.folder[0], "emulated.so")
    flags = "-std=c++17 -O1 -fPIC -shared -ffp-contract=off -fno-strict-aliasing -w"
    # Not in the folder: the device's header of the same name lies there.
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "emulated.cpp")
        with open(path, "w") as file:
            for kernel in read_kernels(args.folder[0]):
                file.write(kernel.text)
        include = "-I" + args.include
        command = [args.compiler, *flags.split(), include, path, "-o", target]
        return subprocess.run(command, check=False).returncode


def expect(args, driver):
    folder = args.folder[0]
    images, index, samples, left_out = Images(driver, folder), {}, array.array("f"), []
    for kernel in read_kernels(folder):
        elements = sum(count for _, _, count in kernel.arguments)
        if kernel.flops > args.max_flops or elements > args.max_elements:
            left_out.append(kernel.name)
            continue
        for data, table in (("signed", SIGNED), ("positive", POSITIVE)):
            outputs = run_kernel(driver, images, kernel, table)
            # A root of random second moments is not a number.
            if all(math.isfinite(value) for output in outputs for value in output):
                break
        else:
            sys.exit(f"error: {kernel.name} gives numbers that are not finite")
        index[kernel.name] = {
            "data": data,
            "offset": len(samples),
            "counts": [len(output) for output in outputs],
        }
        for output in outputs:
            samples.extend(output)
    with open(os.path.join(folder, "expected.bin"), "wb") as file:
        samples.tofile(file)
    with open(os.path.join(folder, "expected.json"), "w") as file:
        json.dump({"kernels": index, "left_out": left_out}, file, indent=1)
    print(json.dumps({"kernels": len(index), "left_out": left_out}))


def check(args, driver):
    folder = args.folder[0]
    with open(os.path.join(folder, "expected.json")) as file:
        index = json.load(file)["kernels"]
    samples = array.array("f")
    with open(os.path.join(folder, "expected.bin"), "rb") as file:
        samples.frombytes(file.read())
    images, failures = Images(driver, folder), 0
    for kernel in read_kernels(folder):
        if kernel.name not in index or kernel.name <= args.behind:
            continue
        print(json.dumps({"begins": kernel.name}), flush=True)
        entry = index[kernel.name]
        table = SIGNED if entry["data"] == "signed" else POSITIVE
        outputs = run_kernel(driver, images, kernel, table)
        worst, offset = 0.0, entry["offset"]
        for output, count in zip(outputs, entry["counts"], strict=True):
            expected = samples[offset : offset + count]
            worst = max(worst, relative_error(output, expected))
            offset += count
        failures += not worst < args.limit
        line = {"kernel": kernel.name, "error": worst, "ok": worst < args.limit}
        print(json.dumps(line), flush=True)
    return failures


def probe(args, driver):
    paths = glob.glob(os.path.join(args.folder[0], "*.ptx"))
    path = min(paths, key=os.path.getsize)
    with open(path, "rb") as file:
        text = file.read().rstrip(b"\0")
    try:
        driver.unload(driver.load(text + b"\0"))
    except DriverError as error:
        version = re.search(rb"\.version\s+(\S+)", text).group(1).decode()
        raise DriverError(f"PTX {version} does not load: {error}") from None
    print(json.dumps({"ptx": os.path.basename(path)}))


def warm(args):
    """In several processes: the driver compiles on one thread of each."""
    paths = [path for f in args.folder for path in glob.glob(os.path.join(f, "*.ptx"))]
    paths.sort(key=os.path.getsize, reverse=True)
    children = []
    for job in range(1, args.jobs + 1):
        children.append(os.fork())
        if not children[-1]:
            driver = Driver()
            driver.open()
            for path in paths[job - 1 :: args.jobs]:
                with open(path, "rb") as file:
                    driver.unload(driver.load(file.read().rstrip(b"\0") + b"\0"))
            os._exit(0)
    failed = sum(os.waitpid(child, 0)[1] != 0 for child in children)
    print(json.dumps({"kernels": len(paths), "failed": failed}))
    return failed


def measure(driver, images, kernel):
    pattern = 1 << 22  # elements of random data, repeated
    addresses = []
    try:
        for number, (kind, _, count) in enumerate(kernel.arguments):
            data = random_data(kind, min(count, pattern), str(number), POSITIVE)
            addresses.append(driver.allocate(count * SIZES[kind]))
            for offset in range(0, count * SIZES[kind], len(data)):
                size = min(len(data), count * SIZES[kind] - offset)
                driver.upload(addresses[-1], data[:size], offset)
        function = images.get(kernel)

        def work(count):
            for _ in range(count):
                driver.launch(
                    function, kernel.grid, kernel.threads, kernel.shared, addresses
                )

        work(3)
        once = driver.time(lambda: work(1))
        count = max(3, min(200, int(30 / max(once, 1e-3))))
        return driver.time(lambda: work(count)) / count
    finally:
        for address in addresses:
            driver.release(address)


def measure_all(args, driver):
    end = time.monotonic() + args.seconds
    images = Images(driver, args.folder[0])
    # The largest products first: what is left out for want of time is small.
    for kernel in sorted(read_kernels(args.folder[0]), key=lambda k: -k.flops):
        line = {"kernel": kernel.name, "flops": kernel.flops, "bytes": kernel.bytes}
        if time.monotonic() > end:
            line["left_out"] = "no time left"
        elif kernel.size() > driver.free_memory() * 0.9:
            line["left_out"] = f"takes {kernel.size() / 2**30:.1f} GiB"
        else:
            line["ms"] = measure(driver, images, kernel)
        print(json.dumps(line), flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = ("build", "expect", "check", "probe", "warm", "time", "copy")
    parser.add_argument("action", choices=actions)
    parser.add_argument("folder", nargs="*")
    parser.add_argument("--include")
    parser.add_argument("--compiler")
    parser.add_argument("--max-flops", type=float, default=math.inf)
    parser.add_argument("--max-elements", type=float, default=math.inf)
    parser.add_argument("--limit", type=float, default=1e-5)
    parser.add_argument("--behind", default="", metavar="KERNEL")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60)
    args = parser.parse_args()
    if args.action == "build":
        return build(args)
    if args.action == "warm":
        return 1 if warm(args) else 0
    try:
        driver = Driver()
        driver.open()
        if args.action == "expect":
            return expect(args, driver)
        if args.action == "check":
            return MISMATCH if check(args, driver) else 0
        if args.action == "probe":
            return probe(args, driver)
        if args.action == "time":
            return measure_all(args, driver)
        print(json.dumps({"gb_s": driver.copy_bandwidth()}))
    except (NoGpu, DriverError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    sys.exit(main())
