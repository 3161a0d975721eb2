"""Runs what pack.py has packed; see README.md. Exit status 1: a check failed.

Every part has a time limit and all have one together; what did not run, and why,
is a row of the table as well.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time

import checks
import speed
from cuda_driver import Driver, DriverError, NoGpu
from report import FAILED, NOT_RUN, Report, today
from session import ROOT, Session

DISK = 4_000_000_000  # bytes of scratch files at a time


def warm(session, report):
    """PTX becomes this GPU's code before anything is measured."""
    jobs = str(min(16, os.cpu_count() or 1))
    kernels = session.path("kernels")
    folders = [os.path.join(kernels, name) for name in sorted(os.listdir(kernels))]
    start = time.monotonic()
    done = session.script("kernels.py", "warm", *folders, "--jobs", jobs, limit=90)
    count = done.lines()[0]["kernels"] if done.lines() else 0
    seconds = f"{time.monotonic() - start:.0f} s"
    check = f"PTX of {count} kernels loads, with the driver's compiler"
    report.check("kernels", check, not done.error, seconds, done.error)


def check_driver(session):
    """Ends everything where the driver does not read the PTX: nothing would run."""
    folder = session.path("kernels", session.pack["models"][0])
    done = session.script("kernels.py", "probe", folder, limit=60)
    if done.error:
        sys.exit(
            f"error: {done.error}; the kernels were compiled by a newer CUDA than "
            "the driver's: update the driver, or pack with the libnvrtc of an older "
            "one (LLMC_NVRTC); nothing was run"
        )


def prepare(args):
    """Ends everything where results would be lost after minutes of work."""
    for option in ("work", "results"):
        path = getattr(args, option)
        try:
            os.makedirs(path, exist_ok=True)
            with tempfile.TemporaryFile(dir=path):
                pass
        except OSError as error:
            sys.exit(
                f"error: {path} cannot be written to: {error.strerror}; name another "
                f"folder with --{option}; nothing was run"
            )
    free = shutil.disk_usage(args.work).free
    if free < DISK:
        sys.exit(
            f"error: {args.work} has {free / 1e9:.1f} GB free, the checkpoints of "
            f"gpt2-124m take {DISK / 1e9:.0f}; name another folder with --work; "
            "nothing was run"
        )


# In this order: what can be cut short for want of time comes last.
PARTS = {
    "kernels": checks.check_kernels,
    "small": checks.check_programs,
    "gpt2-small": checks.check_gpt2_small,
    "gpt2": checks.check_gpt2,
    "timings": speed.measure,
    "sanitizer": checks.check_sanitizer,
}


def main():
    parser = argparse.ArgumentParser(prog="run", description=__doc__)
    parser.add_argument("--work", default=os.path.join(ROOT, "work"))
    parser.add_argument("--results", default=os.path.join(ROOT, "results"))
    parser.add_argument("--only", metavar="PART,...", help=", ".join(PARTS))
    parser.add_argument("--seconds", type=float, default=540, help="for everything")
    args = parser.parse_args()
    unknown = set((args.only or "kernels").split(",")) - set(PARTS)
    if unknown:
        parser.error(f"--only: expected some of {', '.join(PARTS)}")
    with open(os.path.join(ROOT, "pack.json")) as file:
        pack = json.load(file)
    if pack["emulated"]:
        os.environ["LLMC_CUDA_DRIVER"] = pack["driver"]
    try:
        gpu = Driver().information()
    except (NoGpu, DriverError) as error:
        sys.exit(f"error: {error}; nothing was run")
    if not pack["emulated"] and gpu["capability"] < 80:
        text = f"{gpu['name']} is of compute capability {gpu['capability'] / 10}"
        sys.exit(f"error: {text}; 8.0 or newer is needed; nothing was run")
    prepare(args)
    session = Session(args, pack)
    missing = "no GPU" if pack["emulated"] else session.torch_missing()
    report = Report(
        {
            "GPU": gpu["name"],
            "compute capability": f"{gpu['capability'] / 10}",
            "memory": f"{gpu['memory_gib']} GiB",
            "driver": "of CUDA " + gpu["cuda"],
            "PyTorch": missing or session.torch_version,
            "llmc": f"{pack['commit']}, {pack['arch']}, packed {pack['date']}",
            "host": f"{platform.system()} {platform.release()}",
            "date": today(),
        }
    )
    if not pack["emulated"]:
        check_driver(session)
    for note in pack["notes"]:
        report.add("pack", "left out", NOT_RUN, "", note)
    start = time.monotonic()
    chosen = args.only.split(",") if args.only else list(PARTS)
    if pack["emulated"]:
        note = "an emulated GPU: too slow for it, and its times mean nothing"
        for name in ("gpt2-small", "gpt2", "timings"):
            report.add(name, "all", NOT_RUN, "", note)
        chosen = [x for x in chosen if x in ("kernels", "small", "sanitizer")]
    elif not args.only:
        warm(session, report)
    for name in PARTS:
        if name not in chosen:
            continue
        part = PARTS[name]
        try:
            part(session, report)
        except KeyboardInterrupt:
            report.add(name, "the part", FAILED, "", "interrupted")
            chosen = []
        except Exception as error:  # a part that fails must not hide the others
            report.add(name, "the part", FAILED, "", f"{type(error).__name__}: {error}")
        report.write(args.results)
    report.heading["seconds"] = f"{time.monotonic() - start:.0f}"
    report.write(args.results)
    print("\n" + report.text())
    print(f"written: {args.results}/results.json and results.md")
    return 1 if report.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
