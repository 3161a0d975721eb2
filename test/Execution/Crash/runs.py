"""Runs of a training program, what they leave in --out, and how to compare it."""

import json
import os
import re
import signal
import subprocess

# What a checkpoint is loaded from; config.json may be there for other programs.
FILES = ("model.safetensors", "optimizer.safetensors", "state.json")

# Of a line of metrics.jsonl.
EXACT = ("step", "loss", "norm", "lr", "held_out_loss")


class Mismatch(Exception):
    """What was found is not what the undisturbed run says."""


def read(path):
    with open(path, "rb") as file:
        return file.read()


def command(program, data, out, options, **more):
    """The argument list; `more` are options that change no bit."""
    line = [program, "--data", data, "--out", out, *options]
    for name, value in more.items():
        line += ["--" + name.replace("_", "-")] + ([] if value is True else [str(value)])
    return line


def run(line, expected=0):
    """Runs to the end and returns the output."""
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != expected:
        raise Mismatch(f"{' '.join(line)}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def steps_in(out):
    """Steps of the directories that claim to be whole checkpoints, oldest first."""
    names = os.listdir(out) if os.path.isdir(out) else []
    return sorted(int(n[5:]) for n in names if re.fullmatch(r"step_\d+", n))


def path_of(out, step):
    return os.path.join(out, f"step_{step:06}")


def leftovers_in(out):
    names = os.listdir(out) if os.path.isdir(out) else []
    return sorted(n for n in names if re.fullmatch(r"step_\d+\.tmp", n))


def expect_same_checkpoint(out, reference, step):
    """Byte for byte, and nothing else in the directory."""
    found, expected = path_of(out, step), path_of(reference, step)
    names = sorted(os.listdir(expected))
    if sorted(os.listdir(found)) != names or not set(FILES) <= set(names):
        raise Mismatch(f"{found} holds {sorted(os.listdir(found))}, expected {names}")
    for name in names:
        if read(os.path.join(found, name)) != read(os.path.join(expected, name)):
            raise Mismatch(f"{found}/{name} differs from the undisturbed run's")


def metrics_of(out):
    """What no clock decides in every line, as text: no digit may differ."""
    lines = []
    with open(os.path.join(out, "metrics.jsonl")) as file:
        for text in file:
            line = json.loads(text, parse_float=str)
            lines.append([(key, line[key]) for key in EXACT if key in line])
    return lines


def expect_same_run(out, reference, steps):
    if steps_in(out)[-1:] != [steps]:
        raise Mismatch(f"{out} ends with the checkpoints {steps_in(out)}, expected {steps}")
    expect_same_checkpoint(out, reference, steps)
    found, expected = metrics_of(out), metrics_of(reference)
    if found != expected:
        wrong = next((f for f, e in zip(found, expected) if f != e), "its length")
        raise Mismatch(f"{out}/metrics.jsonl differs from the undisturbed run's: {wrong}")


def stop_at_line(line, pattern, stop=signal.SIGTERM):
    """Runs until a line of the output matches, then sends the signal. Returns
    the exit status, negative for a signal that killed, and the output. A signal
    that comes once the run is over, before the program is, stops nothing: 0."""
    process = subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1
    )
    output = ""
    for text in process.stdout:
        output += text
        if re.match(pattern, text):
            process.send_signal(stop)
            break
    output += process.stdout.read()
    status = process.wait()
    if status == -stop and re.search(r"^memory: peak ", output, re.MULTILINE):
        status = 0
    return status, output
