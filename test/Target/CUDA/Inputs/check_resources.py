#!/usr/bin/env python3
"""Checks the remarks of `llmc compile --remarks=target`: what ptxas reports of
every kernel against what the chip has and what the schedule planned."""

import argparse
import re
import sys

REGISTERS = 255


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("remarks")
    parser.add_argument("--least", type=int, required=True,
                        help="kernels that must be reported")
    parser.add_argument("--shared-bytes", type=int, default=101376,
                        help="what a block may have; sm_89's if not given")
    options = parser.parse_args()
    with open(options.remarks) as file:
        text = file.read()
    errors = [f"kernel '{name}' spills"
              for name in re.findall(r"kernel '(\w+)' spills", text)]
    errors += [f"kernel '{name}' gets fewer blocks per SM than planned"
               for name in re.findall(
                   r"kernel '(\w+)': \d+ blocks per SM, \d+ were planned", text)]
    kernels = re.findall(r"kernel '(\w+)': (\d+) registers a thread, "
                         r"(\d+) bytes of shared memory", text)
    for name, registers, shared in kernels:
        if int(registers) > REGISTERS:
            errors.append(f"kernel '{name}' has {registers} registers")
        if int(shared) > options.shared_bytes:
            errors.append(f"kernel '{name}' has {shared} bytes of shared memory")
    if len(kernels) < options.least:
        errors.append(f"{len(kernels)} kernels were reported, expected "
                      f"{options.least} at least")
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    if errors:
        sys.exit(1)
    if not kernels:
        sys.exit("error: no kernel was reported")
    print(f"{len(kernels)} kernels: no spills, at most "
          f"{max(int(k[1]) for k in kernels)} registers and "
          f"{max(int(k[2]) for k in kernels)} bytes of shared memory")


if __name__ == "__main__":
    main()
