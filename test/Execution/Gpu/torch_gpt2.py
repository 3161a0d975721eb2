"""GPT-2 124M in PyTorch: losses and gradients beside llmc's, tokens a second.

    torch_gpt2.py curve --weights FILE --data DIR --steps N --precision f32|bf16
                        [--gradients FILE]
        N steps on the one batch in DIR/train.bin, with the settings of SETTINGS;
        with --gradients, how far the first step's are from those in FILE
    torch_gpt2.py speed --mode eager|compile
        tokens a second, bf16 with f32 masters, fused AdamW, clipping; where the
        batch does not fit the memory, half of it at a time, and so on

Results are lines of JSON. Weights are a program's checkpoint. With --device=cpu
everything runs without a GPU, for tests: GPT-2s of any size, whose heads --heads
counts; `speed` then takes a small one.
"""

import argparse
import json
import mmap
import os
import time

import torch
import torch.nn.functional as F

from rates import cosine
from tensors import read_header
from torch_timing import elapsed

# Layers, channels, vocabulary, positions of the models that are timed: GPT-2
# 124M with a vocabulary that library products are fast at, and one for tests.
SIZES = {"cuda": (12, 768, 50304, 1024), "cpu": (2, 128, 512, 1024)}
SETTINGS = {"lr": 2e-4, "min-lr": 0.1, "warmup": 10, "weight-decay": 0.1, "clip": 1.0}


def say(**line):
    print(json.dumps(line), flush=True)


def read_tensors(path):
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    return {
        name: torch.frombuffer(
            data, dtype=torch.float32, count=(end - begin) // 4, offset=begin
        ).view(shape)
        for name, (shape, begin, end) in read_header(data).items()
    }


def read_tokens(path, batch, sequence, device):
    with open(path, "rb") as file:
        text = bytearray(file.read()[1024:])
    tokens = torch.frombuffer(text, dtype=torch.int16).long() & 0xFFFF
    tokens = tokens[: batch * sequence + 1].to(device)
    return tokens[:-1].view(batch, sequence), tokens[1:].view(batch, sequence)


class Gpt2(torch.nn.Module):
    """The model of models/gpt2-124m.mlir, written with PyTorch's fused operations."""

    def __init__(self, tensors, heads, device):
        super().__init__()
        self.width = tensors["wte.weight"].shape[1]
        self.layers = sum(name.endswith(".ln_1.weight") for name in tensors)
        self.heads = heads or self.width // 64
        self.p = torch.nn.ParameterDict(
            {
                # A copy: what was read is a file's.
                name.replace(".", "_"): torch.nn.Parameter(
                    tensor.to(device, copy=True)
                )
                for name, tensor in tensors.items()
            }
        )

    def forward(self, tokens, targets):
        p = self.p
        b, t = tokens.shape

        def norm(x, name):
            return F.layer_norm(
                x, (self.width,), p[name + "_weight"], p[name + "_bias"], 1e-5
            )

        def conv1d(x, name):
            return F.linear(x, p[name + "_weight"].t(), p[name + "_bias"])

        x = F.embedding(tokens, p["wte_weight"]) + p["wpe_weight"][:t]
        for i in range(self.layers):
            h = f"h_{i}_"
            qkv = conv1d(norm(x, h + "ln_1"), h + "attn_c_attn")
            q, k, v = (
                y.view(b, t, self.heads, self.width // self.heads).transpose(1, 2)
                for y in qkv.split(self.width, -1)
            )
            a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            a = a.transpose(1, 2).reshape(b, t, self.width)
            x = x + conv1d(a, h + "attn_c_proj")
            m = conv1d(norm(x, h + "ln_2"), h + "mlp_c_fc")
            x = x + conv1d(F.gelu(m, approximate="tanh"), h + "mlp_c_proj")
        logits = F.linear(norm(x, "ln_f"), p["wte_weight"])
        return F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten())

    def optimizer(self):
        groups = [
            {"params": [p for p in self.p.values() if p.dim() >= 2]},
            {"params": [p for p in self.p.values() if p.dim() < 2], "weight_decay": 0},
        ]
        return torch.optim.AdamW(
            groups,
            lr=SETTINGS["lr"],
            betas=(0.9, 0.95),
            eps=1e-8,
            weight_decay=SETTINGS["weight-decay"],
            fused=self.p["wte_weight"].is_cuda,
        )


def autocast(device, precision):
    return torch.autocast(
        device, dtype=torch.bfloat16, enabled=precision == "bf16", cache_enabled=True
    )


def compare_gradients(model, path):
    """Relative errors of a program's gradients, of whole tensors."""
    errors = {}
    for name, found in read_tensors(path).items():
        expected = model.p[name.replace(".", "_")].grad
        error = (found.to(expected.device) - expected).norm() / expected.norm()
        errors[name] = error.item()
    return errors


def curve(args):
    model = Gpt2(read_tensors(args.weights), args.heads, args.device)
    optimizer = model.optimizer()
    path = os.path.join(args.data, "train.bin")
    tokens, targets = read_tokens(path, args.batch, args.sequence, args.device)
    # A few rows at a time, so that f32 fits into 24 GB.
    rows = min(args.batch, 4)
    for step in range(args.steps):
        for group in optimizer.param_groups:
            group["lr"] = cosine(step, args.steps, SETTINGS)
        optimizer.zero_grad()
        total = 0.0
        for first in range(0, args.batch, rows):
            part = slice(first, first + rows)
            share = len(tokens[part]) / args.batch
            with autocast(args.device, args.precision):
                loss = model(tokens[part], targets[part]) * share
            loss.backward()
            total += loss.detach()
        if step == 0 and args.gradients:
            say(gradients=compare_gradients(model, args.gradients))
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), SETTINGS["clip"])
        optimizer.step()
        say(step=step + 1, loss=total.item(), norm=norm.item())


def random_tensors(layers, width, vocabulary, positions):
    shapes = {"wte.weight": (vocabulary, width), "wpe.weight": (positions, width)}
    for name in [f"h.{i}.ln_{n}" for i in range(layers) for n in (1, 2)] + ["ln_f"]:
        shapes[name + ".weight"] = shapes[name + ".bias"] = (width,)
    for i in range(layers):
        for name, rows, columns in (
            ("attn.c_attn", width, 3 * width),
            ("attn.c_proj", width, width),
            ("mlp.c_fc", width, 4 * width),
            ("mlp.c_proj", 4 * width, width),
        ):
            shapes[f"h.{i}.{name}.weight"] = (rows, columns)
            shapes[f"h.{i}.{name}.bias"] = (columns,)
    return {name: torch.randn(shape) * 0.02 for name, shape in shapes.items()}


def speed(args):
    rows = args.batch
    while True:
        try:
            return speed_by(args, rows)
        except torch.cuda.OutOfMemoryError:
            if rows == 1:
                raise
        # Not in the handler, which holds what did not fit.
        torch.cuda.empty_cache()
        rows = (rows + 1) // 2
        say(mode=args.mode, rows=rows)


def speed_by(args, rows):
    """So many rows of the batch at a time."""
    device = args.device
    tensors = random_tensors(*SIZES[device])
    model = Gpt2(tensors, args.heads, device)
    optimizer = model.optimizer()
    vocabulary, shape = len(tensors["wte.weight"]), (args.batch, args.sequence)
    tokens, targets = (torch.randint(vocabulary, shape).to(device) for _ in range(2))
    run = torch.compile(model) if args.mode == "compile" else model

    def step():
        optimizer.zero_grad(set_to_none=True)
        for first in range(0, args.batch, rows):
            part = slice(first, first + rows)
            share = len(tokens[part]) / args.batch
            with autocast(device, "bf16"):
                loss = run(tokens[part], targets[part]) * share
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), SETTINGS["clip"])
        optimizer.step()

    start = time.monotonic()
    elapsed(step, 5, device)
    say(mode=args.mode, warmup_s=round(time.monotonic() - start, 1))
    milliseconds = elapsed(step, args.steps, device) / args.steps
    rate = args.batch * args.sequence / milliseconds * 1e3
    memory = torch.cuda.max_memory_allocated() / 2**30 if device == "cuda" else 0
    say(
        mode=args.mode,
        ms=milliseconds,
        tokens_per_s=rate,
        memory_gib=memory,
        rows=rows,
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("curve", "speed"))
    parser.add_argument("--weights")
    parser.add_argument("--data")
    parser.add_argument("--gradients")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--sequence", type=int, default=1024)
    parser.add_argument("--precision", choices=("f32", "bf16"), default="bf16")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--heads", type=int, default=0, help="default: of 64")
    parser.add_argument("--mode", choices=("eager", "compile"), default="eager")
    args = parser.parse_args()
    torch.manual_seed(1)
    torch.backends.cuda.matmul.allow_tf32 = False
    {"curve": curve, "speed": speed}[args.action](args)


if __name__ == "__main__":
    main()
