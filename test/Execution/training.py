"""What the tests that compare whole training runs share: commands, inputs, and
what a run ends with."""

import os
import subprocess
import sys

import safetensors

here = os.path.dirname(os.path.abspath(__file__))


def run(*command, **environment):
    """What the command prints; ends the test if it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, **environment})  # fmt: skip
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout.decode()}")
    return done.stdout.decode()


def script(name, *arguments):
    return run(sys.executable, "-B", os.path.join(here, name), *arguments)


def compare(*arguments):
    return script("compare.py", *arguments)


def model_file(model):
    return os.path.join(here, "Inputs", model + ".mlir")


def enter(directory, model):
    """Works in `directory`, where first.safetensors has the model's first weights
    and data its tokens."""
    os.makedirs(directory, exist_ok=True)
    os.chdir(directory)
    script("make_weights.py", model, "--weights", "first.safetensors", "--data",
           "data", "--batch", "40")  # fmt: skip


def state(out, steps):
    """The weights after so many steps, and the moments of all ranks in one file."""
    folder = os.path.join(out, f"step_{steps:06}")
    joined = f"{out}-moments.safetensors"
    if not os.path.exists(joined):
        moments = sorted(safetensors.read_moments(folder).items())
        safetensors.write(joined, [(name, [len(data)], data) for name, data in moments])
    return [os.path.join(folder, "model.safetensors"), joined]


def same_state(first, second, steps):
    """Ends the test unless weights and moments of two runs are the same bits."""
    for pair in zip(state(first, steps), state(second, steps)):
        compare("same", *pair)


def train(program, out, accumulate, steps, **environment):
    """Trains a program of several GPUs, or of ranks to compare them with."""
    run("./" + program, "--data", "data", "--init-from", "first.safetensors",
        "--out", out, "--accumulate", str(accumulate), "--steps", str(steps),
        "--lr", "1e-3", "--warmup", "1", "--epsilon", "1e-4", "--threads", "1",
        "--quiet", **environment)  # fmt: skip
    return out


def print_differences(found, expected, steps):
    """Ends the test unless losses, norms and weights of two runs are near."""
    print(compare("curve", f"{found}/metrics.jsonl", f"{expected}/metrics.jsonl",
                  "--tolerance", "1e-5", "--norm-tolerance", "1e-5"))  # fmt: skip
    print(compare("gradients", state(found, steps)[0], state(expected, steps)[0],
                  "--tolerance", "1e-5"))  # fmt: skip
