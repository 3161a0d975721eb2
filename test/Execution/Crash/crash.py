"""crash.py PROGRAM --data DIR --work DIR [--kills N] [--seed S]

Kills a training program again and again while it saves after every step, on a
small disk that now and then is full, and damages what it left now and then.
After each stop:
- every directory that claims to be a checkpoint is the undisturbed run's, byte
  for byte, and the newest is not older than the last one reported as saved;
- the next start takes the newest one that is whole, says so, says why it did not
  take each newer one, and what unfinished ones it removed;
- the run that comes out of it all has the losses, norms, evaluations, weights
  and moments of the undisturbed one, bit for bit.

What the instants are: SIGKILL after a random time; SIGKILL within a save, that
is, a random moment after a step_*.tmp appeared; SIGTERM; SIGKILL while a second
program was refused the same --out. The figures of each are printed."""

import argparse
import collections
import os
import random
import re
import shutil
import sys
import time

import runs
import smalldisk

STEPS = 24
OPTIONS = (
    f"--steps {STEPS} --accumulate 2 --save-every 1 --seed 7 --warmup 2 --lr 1e-2 "
    "--eval-every 10"
).split()


class Found:
    """What lies in --out before a start, and what the program has to say of it."""

    def __init__(self, crashes):
        out, damaged = crashes.out, crashes.damaged
        leftovers, steps = runs.leftovers_in(out), runs.steps_in(out)
        self.newest = max(crashes.usable(), default=0)
        skipped = [why for step, why in damaged.items() if step > self.newest]
        self.wanted = [f"removed {os.path.join(out, name)}, " for name in leftovers] + skipped
        index = os.path.join(out, "latest")
        missing = os.path.exists(index) and runs.read(index).decode().strip() not in [
            f"step_{step:06}" for step in steps
        ]
        if missing and steps:
            self.wanted.append(f"warning: {index} names ")
        if self.newest:
            path = runs.path_of(out, self.newest)
            self.wanted.append(f"resume: {path}, step {self.newest}, the newest complete checkpoint")
        else:
            self.wanted.append("starting at step 1")
        self.count = {
            "checkpoints skipped, with the reason": len(skipped),
            "unfinished ones removed, and said": len(leftovers),
            "indexes that named a missing one": int(missing and bool(steps)),
        }


class Crashes:
    def __init__(self, arguments):
        self.program, self.data = arguments.program, arguments.data
        self.random = random.Random(arguments.seed)
        self.whole = os.path.join(arguments.work, "whole")
        self.log = os.path.join(arguments.work, "log")
        started = time.monotonic()
        runs.run(self.line(self.whole, keep=0))
        self.seconds = time.monotonic() - started
        first = runs.path_of(self.whole, 1)
        self.bytes = sum(os.path.getsize(os.path.join(first, name)) for name in os.listdir(first))
        # Two are kept while a third is written, and there is a little more.
        size = 3 * self.bytes + self.bytes // 2 + (512 << 10)
        path = os.path.join(arguments.work, "disk")
        self.disk = smalldisk.Disk.make(path, size, arguments.disk)
        self.out = os.path.join(path, "out")
        self.count = collections.Counter()
        self.damaged = {}  # step: why it will be skipped

    def line(self, out, **more):
        more.setdefault("keep", 2)
        return runs.command(self.program, self.data, out, OPTIONS, **more)

    def usable(self):
        return [step for step in runs.steps_in(self.out) if step not in self.damaged]

    NAMES = {
        "time": "SIGKILL at a random time",
        "save": "SIGKILL after a save had begun",
        "second": "SIGKILL beside a second program",
        "term": "SIGTERM",
    }

    # What is done to the program.

    def wait_for_save(self, process):
        end = time.monotonic() + self.seconds
        while process.poll() is None and time.monotonic() < end:
            if runs.leftovers_in(self.out):
                break
        time.sleep(self.random.uniform(0, 0.2 * self.seconds / STEPS))

    def disturb(self, process, kind):
        if kind == "full" and self.disk.mounted:
            time.sleep(self.random.uniform(0, 0.3 * self.seconds))
            self.disk.fill(self.random.randrange(self.bytes))
        if kind == "save":
            self.wait_for_save(process)
        elif kind != "full":
            time.sleep(self.random.uniform(0, 0.4 * self.seconds))
        if kind == "second":
            self.expect_refused(process)
        if kind == "term":
            process.terminate()
        elif kind != "full":
            process.kill()

    def expect_refused(self, process):
        """A second program on the same --out writes nothing and says why."""
        if not smalldisk.stop(process) or not re.search("^model:", self.output(), re.M):
            return
        before = sorted(os.listdir(self.out))
        said = runs.run(self.line(self.out, resume=True), expected=1)
        if f"process {process.pid}, is writing into" not in said:
            raise runs.Mismatch(f"a second program on the same --out said\n{said}")
        if sorted(os.listdir(self.out)) != before:
            raise runs.Mismatch("a second program wrote into the same --out")
        self.count["second programs refused"] += 1

    def damage(self):
        """Spoils the newest checkpoint, or what lies about it. One that is
        whole stays."""
        usable = self.usable()
        if len(usable) < 2:
            return
        step, path = usable[-1], runs.path_of(self.out, usable[-1])
        name = self.random.choice(runs.FILES)
        file = os.path.join(path, name)
        kind = self.random.choice(["cut", "flip", "remove", "remove all", "half", "index"])
        if kind == "cut":
            os.truncate(file, self.random.randrange(os.path.getsize(file)))
        elif kind == "flip":
            place = self.random.randrange(os.path.getsize(file) - 2)
            with open(file, "r+b") as changed:
                changed.seek(place)
                byte = changed.read(1)[0]
                # Not a space for a tab in state.json, which would be no damage.
                changed.seek(place)
                changed.write(bytes([byte ^ 0x80]))
        elif kind == "remove":
            os.remove(file)
        elif kind == "remove all":
            shutil.rmtree(path)
        elif kind == "half":
            half = runs.path_of(self.out, STEPS + self.random.randrange(9)) + ".tmp"
            os.makedirs(half, exist_ok=True)
            with open(os.path.join(half, name), "wb") as part:
                part.write(b"half")
        else:
            with open(os.path.join(self.out, "latest"), "w") as index:
                index.write(f"step_{STEPS + 1:06}\n")
        if kind in ("cut", "flip", "remove"):
            self.damaged[step] = f"warning: {path} skipped: "
        self.count[f"damage: {kind}"] += 1

    # What must hold.

    def output(self):
        with open(self.log, errors="replace") as file:
            return file.read()

    def check_stop(self, kind, status, newest_before):
        output = self.output()
        full = any(reason in output for reason in self.disk.FULL)
        killed = {"term": smalldisk.TERMINATED}.get(kind, smalldisk.KILLED)
        if status == 1 and full:
            self.count["stopped by the full disk"] += 1
        elif status == 0:
            self.count["reached the end"] += 1
        elif status == killed or (kind == "term" and status == -15):
            self.count[self.NAMES[kind]] += 1
            self.count["of all stops, within a save"] += bool(runs.leftovers_in(self.out))
        else:
            raise runs.Mismatch(f"{kind}: exit status {status}")
        for step in self.usable():
            runs.expect_same_checkpoint(self.out, self.whole, step)
        saved = [int(s) for s in re.findall(r"^step (\d+): saved", output, re.M)]
        newest = max(self.usable(), default=0)
        least = max(saved + [newest_before])
        if newest < least:
            raise runs.Mismatch(f"step {least} was saved, the newest is {newest}")
        reported = [int(s) for s in re.findall(r"^ *(\d+)/\d+ \|", output, re.M)]
        self.count["steps lost"] += max(0, max(reported, default=0) - newest)
        if status == smalldisk.TERMINATED and newest != max(reported, default=newest):
            raise runs.Mismatch(f"SIGTERM left {newest} of {reported}")

    def check_start(self, found):
        """What the program said of the state that it found."""
        output = self.output()
        if "\nmodel:" not in "\n" + output:
            return  # it did not get so far
        for said in found.wanted:
            if said not in output:
                raise runs.Mismatch(f"not said: {said}")
        self.count["starts checked"] += 1
        for name, number in found.count.items():
            self.count[name] += number

    def start_and_stop(self):
        found = Found(self)
        kind = self.random.choices(
            ["time", "save", "full", "term", "second"], [35, 35, 15, 10, 5]
        )[0]
        if self.random.random() < 0.1 or (kind == "full" and not self.disk.mounted):
            self.disk.fill(self.random.randrange(2 * self.bytes))
        threads = self.random.randint(1, 3)
        line = self.line(self.out, threads=threads, resume=True)
        process = self.disk.start(line, self.log)
        self.disturb(process, kind)
        status = smalldisk.finish(process)
        self.disk.make_room()
        self.damaged = {s: why for s, why in self.damaged.items() if not self.is_whole(s)}
        self.check_stop(kind, status, found.newest)
        self.check_start(found)
        if self.random.random() < 0.15:
            self.damage()
        return status == 0

    def is_whole(self, step):
        """A damaged one was written again, or is gone."""
        if step not in runs.steps_in(self.out):
            return True
        try:
            runs.expect_same_checkpoint(self.out, self.whole, step)
        except runs.Mismatch:
            return False
        return True

    def live(self):
        """One run, from its first step to its end."""
        shutil.rmtree(self.out, ignore_errors=True)
        self.damaged = {}
        stuck, newest = 0, 0
        while self.start_and_stop() is False or self.usable()[-1:] != [STEPS]:
            before, newest = newest, max(self.usable(), default=0)
            stuck = stuck + 1 if newest == before else 0
            if stuck > 60:
                raise runs.Mismatch(f"the run does not get on from step {newest}")
        self.damaged = {}
        runs.run(self.line(self.out, resume=True))  # what damage undid, and the end
        runs.expect_same_run(self.out, self.whole, STEPS)
        self.count["whole runs compared"] += 1

    def kills(self):
        return sum(n for name, n in self.count.items() if name.startswith("SIGKILL"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--data", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--disk", choices=["auto", "tmpfs", "limit"], default="auto")
    arguments = parser.parse_args()
    shutil.rmtree(arguments.work, ignore_errors=True)
    os.makedirs(arguments.work)
    started = time.monotonic()
    crashes = Crashes(arguments)
    try:
        while crashes.kills() < arguments.kills:
            crashes.live()
    except runs.Mismatch as mismatch:
        print(crashes.output())
        sys.exit(
            f"crash.py: after {crashes.kills()} kills, seed {arguments.seed}: {mismatch}\n"
            f"in {crashes.out}: {sorted(os.listdir(crashes.out))}"
        )
    for name, number in sorted(crashes.count.items()):
        print(f"  {number:6} {name}")
    print(f"{crashes.kills()} kills in {time.monotonic() - started:.0f} s, no finding")


main()
